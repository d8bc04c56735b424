"""Each statistic against scipy, and its p-value against simulation."""

import numpy as np
import pyarrow as pa
import pytest
from scipy import stats
from scipy.spatial.distance import jensenshannon
from scipy.special import ndtri

from monitor.detectors.drift import psi
from monitor.profiles.arrow import layout_of, profile_table
from monitor.profiles.bins import NumericBins
from monitor.stats.divergence import (
    chi_square_test,
    coarsened,
    homogeneity_test,
    jensen_shannon_distance,
    kolmogorov_smirnov_test,
    population_stability_index,
    psi_test,
    rare_joined,
    wasserstein_distance,
)
from monitor.stats.location import mean_shift_test, share_shift_test
from monitor.types import Roles

rng = np.random.default_rng(20)
PAIRS = [(rng.integers(1, 90, 12), rng.integers(0, 50, 12)) for _ in range(20)]
EMPTY = np.zeros(3, np.int64)


@pytest.mark.parametrize("pair", PAIRS)
def test_jensen_shannon_is_scipys(pair: tuple[np.ndarray, np.ndarray]) -> None:
    p, q = pair
    assert jensen_shannon_distance(p, q) == pytest.approx(jensenshannon(p, q, base=2))


@pytest.mark.parametrize("pair", PAIRS)
def test_chi_square_is_scipys(pair: tuple[np.ndarray, np.ndarray]) -> None:
    expected = stats.chi2_contingency(np.stack(pair), correction=False)
    assert chi_square_test(*pair) == pytest.approx((expected.statistic, expected.pvalue))


def test_kolmogorov_smirnov_nears_scipys_from_below() -> None:
    x, y = rng.normal(size=5000), rng.normal(0.1, 1, size=3000)
    bins = NumericBins.of(x)
    gap, p = kolmogorov_smirnov_test(*(np.bincount(bins.codes(v), minlength=bins.size) for v in (x, y)))
    exact = stats.ks_2samp(x, y)
    assert exact.statistic - 0.01 < gap <= exact.statistic
    assert p >= exact.pvalue


@pytest.mark.parametrize(("draw", "within"), [("uniform", 0.02), ("normal", 0.05), ("exponential", 0.12)])
def test_wasserstein_nears_scipys_but_for_long_tails(draw: str, within: float) -> None:
    x, y = getattr(rng, draw)(size=20_000), 1.2 * getattr(rng, draw)(size=20_000)
    bins = NumericBins.of(x)
    counts = [np.bincount(bins.codes(v), minlength=bins.size) for v in (x, y)]
    bounds = np.concatenate([[min(x.min(), y.min())], bins.edges, [max(y.max(), bins.edges[-1])]])
    assert wasserstein_distance(*counts, bounds) == pytest.approx(stats.wasserstein_distance(x, y), rel=within)


def test_wasserstein_of_crossing_distributions_is_the_area_between_straight_lines() -> None:
    # the gap runs from +1/2 to -1/2 over a width of 2: two triangles of height 1/2 and base 1
    assert wasserstein_distance(
        np.array([1, 0, 1]), np.array([0, 2, 0]), np.array([0.0, 0.0, 2.0, 2.0])
    ) == pytest.approx(0.5)


def test_mean_shift_is_welchs() -> None:
    x, y = rng.normal(size=4000), rng.normal(0.05, 2, size=3000)
    shift, p = mean_shift_test((x.size, x.mean(), x.var(ddof=1)), (y.size, y.mean(), y.var(ddof=1)))
    assert shift == pytest.approx((y.mean() - x.mean()) / x.std(ddof=1))
    assert p == pytest.approx(stats.ttest_ind(x, y, equal_var=False).pvalue, rel=0.02)


def test_what_is_empty_is_undefined() -> None:
    full = np.array([1, 2, 3])
    for test in (psi_test, population_stability_index, jensen_shannon_distance, kolmogorov_smirnov_test):
        assert test(full, EMPTY) is None
        assert test(EMPTY, full) is None
    assert chi_square_test(full, EMPTY) is None
    assert chi_square_test(np.array([4]), np.array([9])) is None
    assert wasserstein_distance(full, EMPTY, np.arange(4.0)) is None
    assert mean_shift_test((10, 0.0, 0.0), (10, 1.0, 1.0)) is None
    assert share_shift_test((1, 10), (0, 0)) is None


@pytest.mark.parametrize("rows", [100, 1000, 20_000])
@pytest.mark.parametrize("name", ["psi", "chi_square", "ks"])
def test_p_values_keep_their_promise_without_a_shift(name: str, rows: int) -> None:
    draw = np.random.default_rng(rows)
    reference = np.array([400] * 40)
    test = {"psi": psi_test, "chi_square": chi_square_test, "ks": kolmogorov_smirnov_test}[name]
    shares = np.full(40, 1 / 40)
    found = []
    for _ in range(2000):
        pair = draw.multinomial(reference.sum(), shares), draw.multinomial(rows, shares)
        found.append(test(*(pair if name == "ks" else coarsened(*pair, 10)))[1])
    for level in (0.05, 0.01):
        # three binomial standard deviations above the level
        assert np.mean(np.array(found) <= level) <= level + 3 * np.sqrt(level / 2000)
    assert np.mean(np.array(found) <= 0.2) > 0.1, "a test that never speaks keeps every promise"


@pytest.mark.parametrize("rows", [60, 500, 20_000])
def test_the_chi_square_of_fifty_skewed_categories_keeps_its_level(rows: int) -> None:
    draw = np.random.default_rng(rows)
    shares = 0.8 ** np.arange(50)
    shares /= shares.sum()
    tests = (
        chi_square_test(*rare_joined(draw.multinomial(20_000, shares), draw.multinomial(rows, shares)))
        for _ in range(3000)
    )
    p = np.array([found[1] for found in tests])
    for level in (0.05, 0.01):
        assert np.mean(p <= level) <= level + 3 * np.sqrt(level / 3000)
    assert np.mean(p <= 0.2) > 0.15


def test_share_test_keeps_its_level() -> None:
    draw = np.random.default_rng(3)
    hits = zip(draw.binomial(5000, 0.1, 4000), draw.binomial(800, 0.1, 4000), strict=True)
    p = np.array([share_shift_test((int(a), 5000), (int(b), 800))[1] for a, b in hits])
    assert 0.035 < np.mean(p <= 0.05) < 0.065


def test_coarse_bins_hold_enough_rows_and_lose_none() -> None:
    reference, current = rng.integers(0, 100, 128), rng.integers(0, 3, 128)
    a, b = coarsened(reference, current, 10)
    assert a.size <= 10
    assert (a.sum(), b.sum()) == (reference.sum(), current.sum())
    assert a.min() >= 0.5 * reference.sum() / 10


@pytest.mark.parametrize("smaller", ["window", "reference"])
def test_a_row_of_a_category_that_hardly_ever_comes_is_no_wonder(smaller: str) -> None:
    rng = np.random.default_rng(11)
    common, rare = rng.multinomial(20_000, [0.4, 0.35, 0.25], size=6_000), rng.poisson(2.0, 6_000)
    # of so many rows of the rare category each falls into the smaller side, of 300, with its share
    hits = rng.binomial(rare, 300 / 20_300)
    windows = np.array([rng.multinomial(300 - hit, [0.4, 0.35, 0.25]) for hit in hits])
    drawn = [np.column_stack([rare - hits, common]), np.column_stack([hits, windows])]
    drawn = zip(*drawn[:: 1 if smaller == "window" else -1], strict=True)
    p = np.array([found[1] for found in (homogeneity_test(*one) for one in drawn) if found])
    for level in (0.05, 0.02, 0.005, 0.001):
        assert np.mean(p <= level) <= level + 3 * np.sqrt(level / p.size)
    # nor is a window without one a sign of the contrary, as deviates that are added up over windows would have it
    assert np.mean(p > 0.999) < 0.01
    assert abs(np.mean(ndtri(np.clip(p, 1e-9, 1 - 1e-9)))) < 0.1


def test_a_rare_category_that_becomes_common_is_seen() -> None:
    for reference, current in (([10, 9_990], [15, 285]), ([0, 5_000, 5_000], [10, 145, 145])):
        found = homogeneity_test(np.array(reference), np.array(current))
        assert found is not None
        assert found[1] < 1e-9


def test_a_tiny_p_value_beside_rare_categories_is_told_as_it_is() -> None:
    found = homogeneity_test(np.array([0, 10_000, 10_000]), np.array([0, 240, 60]))
    assert found is not None
    assert found[1] == pytest.approx(stats.chi2_contingency([[10_000, 10_000], [240, 60]], correction=False)[1])


def test_the_psi_of_skewed_categories_keeps_its_level_beside_a_smaller_reference() -> None:
    draw, shares = np.random.default_rng(8), 1 / np.arange(1, 51) / (1 / np.arange(1, 51)).sum()
    values, found = np.array([f"v{i}" for i in range(50)]), []
    for _ in range(150):
        held, seen = (pa.table({"c": values[draw.choice(50, n, p=shares)]}) for n in (2_000, 4_000))
        layout = layout_of(held, Roles("at"))
        before, after = (profile_table(rows, layout) for rows in (held, seen))
        found += [one.p_value for one in psi.compare(before, after) if one.column == "c" and one.p_value is not None]
    assert np.mean(np.array(found) <= 0.1) <= 0.16
    assert 0.3 < np.mean(np.array(found) <= 0.5) <= 0.58
