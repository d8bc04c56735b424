"""Traffic beside stated shares: exact p-values, and the level under the null."""

import numpy as np
import pytest
from scipy.stats import binom, binomtest

from monitor.stats.representation import representation_test


@pytest.mark.parametrize(("counts", "share"), [((60, 40), 0.5), ((3, 97), 0.1), ((0, 40), 0.2), ((40, 0), 0.9)])
def test_two_groups_have_the_exact_p_value_of_the_binomial(counts: tuple[int, int], share: float) -> None:
    found = representation_test(np.array(counts), np.array([share, 1 - share]))
    fewer = binomtest(counts[0], sum(counts), share, "less").pvalue
    more = binomtest(counts[0], sum(counts), share, "greater").pvalue
    assert found is not None
    assert found.p_value == pytest.approx(min(1.0, 2 * min(fewer, more)))
    assert found.distance == pytest.approx(abs(counts[0] / sum(counts) - share))


def test_without_rows_there_is_no_answer() -> None:
    assert representation_test(np.array([0, 0]), np.array([0.5, 0.5])) is None


def test_the_group_that_is_short_is_the_one_named() -> None:
    found = representation_test(np.array([70, 30]), np.array([0.5, 0.5]))
    assert found is not None
    assert found.place == 1


def test_rows_that_are_alike_count_for_less() -> None:
    shares = np.array([0.5, 0.5])
    plain, alike = (representation_test(np.array([600, 400]), shares, inflation) for inflation in (1.0, 10.0))
    tenth = representation_test(np.array([60, 40]), shares)
    assert plain is not None
    assert alike is not None
    assert tenth is not None
    assert alike.p_value == pytest.approx(tenth.p_value)
    assert plain.p_value < alike.p_value


@pytest.mark.parametrize("rows", [30, 1000, 10_000])
@pytest.mark.parametrize("shares", [(0.5, 0.5), (0.9, 0.08, 0.02)], ids=str)
def test_p_values_are_conservative_where_the_shares_hold(rows: int, shares: tuple[float, ...]) -> None:
    draws = np.random.default_rng(4).multinomial(rows, shares, 3000)
    values = np.array([one.p_value for row in draws if (one := representation_test(row, np.array(shares)))])
    for level in (1e-1, 1e-2, 1e-3):
        assert (values <= level).sum() <= binom.ppf(0.999, len(draws), level)


def test_a_tenth_too_few_is_seen_in_a_thousand_rows() -> None:
    draws = np.random.default_rng(5).multinomial(1000, (0.4, 0.6), 200)
    found = [representation_test(row, np.array([0.5, 0.5])) for row in draws]
    assert np.mean([one is not None and one.p_value <= 1e-3 for one in found]) > 0.95
