"""The scan for an interval whose share rose: its chance is exact, and neither too small nor wasted."""

from itertools import product
from math import comb

import numpy as np
import pytest
from scipy.stats import binom, hypergeom

from monitor.stats.scan import scan_test, smallest_tail_chance

LEVELS = 0.1, 0.01, 0.003
NULLS = {
    "fifty rows over many bins": (np.ones(128), 20_000, 50),
    "a window larger than its reference": (np.ones(37), 400, 1_500),
    "a spike": (np.append(0.6, np.full(40, 0.01)), 5_000, 300),
    "skewed counts": (0.6 ** np.arange(12), 5_000, 1_000),
}


def runs(bins: int) -> set[tuple[int, int]]:
    widths = [2**i for i in range(10) if 2**i < bins]
    dyadic = {(first, min(first + width, bins)) for width in widths for first in range(0, bins, width)}
    return dyadic | {(bins - width, bins) for width in widths}


def least_tail(current: np.ndarray, both: np.ndarray) -> float:
    share = current.sum() / both.sum()
    return min(binom.sf(current[a:b].sum() - 1, both[a:b].sum(), share) for a, b in runs(both.size))


@pytest.mark.parametrize("both", [[4, 3, 2, 5], [1, 0, 6, 2, 3, 1, 2, 2], [9, 5], [3, 3, 3, 3, 3]])
@pytest.mark.parametrize("hits", [2, 5])
def test_the_chance_of_the_smallest_tail_is_that_of_all_draws_counted(both: list[int], hits: int) -> None:
    rows = np.array(both)
    draws = [np.array(draw) for draw in product(*(range(r + 1) for r in both)) if sum(draw) == hits]
    chances = np.array([np.prod([comb(r, k) for r, k in zip(both, draw, strict=True)]) for draw in draws], float)
    chances /= chances.sum()
    tails = np.array([least_tail(draw, rows) for draw in draws])
    for least in np.unique(tails.round(12)):
        exact = chances[tails <= least * (1 + 1e-9)].sum()
        found = smallest_tail_chance(rows, hits, least)
        # with bins that are no power of 2 the last tails overlap the runs, and are added
        assert found >= exact - 1e-12
        if rows.size in (2, 4, 8):
            assert found == pytest.approx(exact, abs=1e-12)


@pytest.mark.parametrize("name", NULLS)
def test_on_null_data_the_scan_keeps_its_level_and_uses_it(name: str) -> None:
    weights, n, m = NULLS[name]
    draw = np.random.default_rng(4)
    p_values = np.empty(1_200)
    for i in range(p_values.size):
        both = draw.multinomial(n + m, weights / weights.sum())
        current = draw.multivariate_hypergeometric(both, m, method="marginals")
        found = scan_test(both - current, current)
        assert found is not None
        p_values[i] = found[1]
    for level in LEVELS:
        assert (p_values <= level).mean() <= level + 3 * np.sqrt(level / p_values.size)
    assert (p_values <= LEVELS[0]).mean() >= LEVELS[0] / 2


def test_a_window_far_larger_than_its_reference_gives_the_chance_of_the_few_that_are_left() -> None:
    # of 20,040 rows all but 40 are hits: the tail of a bin is whether it holds none of these
    both = np.array([20, 10_000, 20, 10_000])
    none_left = hypergeom.pmf(20, 20_040, 20, 20_000)
    least = binom.sf(19, 20, 20_000 / 20_040)
    assert smallest_tail_chance(both, 20_000, least) >= none_left
    assert np.isfinite(smallest_tail_chance(np.append(both, 0), 20_000, 1e-6))


def test_beyond_rounding_the_scan_is_bounded_instead() -> None:
    reference, current = np.full(64, 100), np.full(64, 10)
    current[5] = 60
    found = scan_test(reference, current)
    assert found is not None
    assert 0 < found[1] < 1e-8


def test_a_large_window_loses_no_mass_to_rounding() -> None:
    both = np.full(128, 30_000)
    assert 1e-10 < smallest_tail_chance(both, 1_000_000, 1e-10) < 254e-10
    assert 0.01 < smallest_tail_chance(both, 1_000_000, 1e-3) < 0.254


def test_rows_that_come_in_clumps_count_as_fewer() -> None:
    reference, current = np.full(16, 1_000), np.full(16, 50)
    current[3] += 30
    alone, clumped = scan_test(reference, current), scan_test(reference, current, 3.0)
    assert alone is not None
    assert clumped is not None
    assert clumped[1] > 10 * alone[1]
