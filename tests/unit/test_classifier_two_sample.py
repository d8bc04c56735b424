"""The classifier two-sample test: its null, its power, and the columns it names."""

from collections.abc import Sequence

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.stats import kstest, mannwhitneyu, norm
from sklearn.metrics import roc_auc_score

from monitor.stats.classifier_two_sample import Scorer, Separation, _auc, _deviate, classifier_two_sample_test

Floats = NDArray[np.float64]


def separation(before: Floats, after: Floats, *, seed: int = 0, categorical: tuple[int, ...] = ()) -> Separation:
    found = classifier_two_sample_test(before, after, rng=np.random.default_rng(seed), categorical=categorical)
    assert found is not None
    return found


def correlated(rng: np.random.Generator, rows: int, by: float) -> Floats:
    x = rng.normal(size=(rows, 4))
    x[:, 1] = by * x[:, 0] + np.sqrt(1 - by**2) * x[:, 1]
    return x


def test_a_correlation_that_flips_its_sign_is_seen_in_the_two_columns_though_neither_moved() -> None:
    rng = np.random.default_rng(1)
    found = separation(correlated(rng, 400, 0.7), correlated(rng, 400, -0.7))
    assert found.auc > 0.6
    assert found.p_value < 1e-4
    assert set(np.argsort(found.losses)[-2:].tolist()) == {0, 1}
    assert min(found.losses[:2]) > 5 * max(abs(found.losses[2:]))


def test_a_category_that_grew_is_seen_beside_numbers_with_missing_values() -> None:
    rng = np.random.default_rng(2)
    sides = []
    for grown in (0.0, 0.2):
        x = rng.normal(size=(600, 3))
        x[:, 1] = np.where(rng.random(600) < grown, 3, rng.integers(0, 20, 600))
        x[rng.random(x.shape) < 0.1] = np.nan
        sides.append(x)
    found = separation(*sides, categorical=(1,))
    assert found.p_value < 1e-3
    assert found.losses.argmax() == 1


def test_a_column_that_is_gone_tells_the_samples_apart_without_fail() -> None:
    rng = np.random.default_rng(3)
    before, after = rng.normal(size=(300, 3)), rng.normal(size=(200, 3))
    after[:, 2] = np.nan
    found = separation(before, after)
    assert found.auc == 1
    assert found.losses.argmax() == 2
    assert found.losses[2] > 0.4


def test_infinite_and_empty_columns_do_no_harm() -> None:
    rng = np.random.default_rng(4)
    before, after = rng.normal(size=(60, 3)), rng.normal(size=(60, 3))
    before[:, 0] = after[:, 0] = np.nan
    before[::2, 1] = np.inf
    after[::2, 1] = -np.inf
    assert np.isfinite(separation(before, after).auc)


def test_the_same_seed_finds_the_same() -> None:
    rng = np.random.default_rng(5)
    before, after = rng.normal(size=(100, 2)), rng.normal(size=(100, 2))
    one, other = (separation(before, after, seed=7) for _ in range(2))
    assert (one.auc, one.p_value, one.losses.tolist()) == (other.auc, other.p_value, other.losses.tolist())


@pytest.mark.parametrize("rows", [0, 24])
def test_few_rows_are_not_judged(rows: int) -> None:
    x = np.zeros((100, 1))
    assert classifier_two_sample_test(x, x[:rows], rng=np.random.default_rng(0)) is None


def test_what_never_varies_is_no_difference() -> None:
    found = separation(np.zeros((50, 1)), np.zeros((50, 1)))
    assert (found.auc, found.p_value) == (0.5, 0.5)


def test_auc_and_deviate_are_those_of_peers() -> None:
    rng = np.random.default_rng(6)
    scores, sides = rng.integers(0, 30, 400).astype(np.float64), rng.random(400) < 0.3
    assert _auc(scores, sides) == pytest.approx(roc_auc_score(sides, scores))
    peer = mannwhitneyu(scores[sides], scores[~sides], alternative="greater", method="asymptotic", use_continuity=False)
    assert norm.sf(_deviate(scores, sides)) == pytest.approx(peer.pvalue)


def by_means(rows: Floats, is_after: NDArray[np.bool_], _: Sequence[int]) -> Scorer:
    """Fit what is quick: rows are scored along the difference of the means."""
    apart = rows[is_after].mean(axis=0) - rows[~is_after].mean(axis=0)
    return lambda scored: scored @ apart


@pytest.mark.parametrize(("rows", "columns"), [((60, 60), 1), ((40, 150), 3)])
def test_p_values_of_equal_samples_are_uniform(rows: tuple[int, int], columns: int) -> None:
    rng = np.random.default_rng(8)
    p = []
    for _ in range(400):
        sides = [rng.normal(size=(size, columns)) for size in rows]
        found = classifier_two_sample_test(*sides, rng=rng, fit=by_means)
        assert found is not None
        p.append(found.p_value)
    assert kstest(p, "uniform").pvalue > 1e-3
    # bounds that a binomial of 400 exceeds once in a thousand
    assert sum(value <= 0.1 for value in p) <= 59
    assert sum(value <= 0.01 for value in p) <= 11


def test_trees_do_not_find_a_difference_where_there_is_none() -> None:
    rng = np.random.default_rng(9)
    sides = [[rng.normal(size=(50, 2)) for _ in range(2)] for _ in range(8)]
    assert min(separation(*pair).p_value for pair in sides) > 1e-3
