"""Rises of shares against Fisher's exact test, and tests of rows that come in clumps."""

import numpy as np
import pytest
from scipy import stats

from monitor.detectors.detector import design_effect
from monitor.profiles.correlation import steepest_correlations
from monitor.stats.divergence import chi_square_test, coarsened, kolmogorov_smirnov_test, psi_test
from monitor.stats.location import level_test, mean_shift_test, share_shift_test


@pytest.mark.parametrize(("n", "m"), [(1000, 50), (10_000, 1000), (100_000, 5000)])
@pytest.mark.parametrize("share", [0.0, 0.001, 0.01, 0.1, 0.4])
def test_a_rise_is_about_as_sure_as_fishers_exact_test_says(n: int, m: int, share: float) -> None:
    for deviations in (1, 2, 3):
        a, b = round(n * share), round(m * share + deviations * np.sqrt(m * share * (1 - share) + 1))
        exact = stats.hypergeom.sf(b - 1, n + m, a + b, m)
        assert 0.95 * exact < share_shift_test((a, n), (b, m))[1] < 1.6 * exact


@pytest.mark.parametrize(
    ("n", "m", "share"), [(5000, 800, 0.1), (5000, 800, 0.001), (300, 300, 0.5), (20_000, 50, 0.9), (50, 1000, 0.3)]
)
def test_a_share_keeps_its_level(n: int, m: int, share: float) -> None:
    draw = np.random.default_rng(n)
    hits = zip(draw.binomial(n, share, 5000).tolist(), draw.binomial(m, share, 5000).tolist(), strict=True)
    p = np.array([share_shift_test((a, n), (b, m))[1] for a, b in hits])
    for level in (0.05, 0.01, 0.001):
        assert np.mean(p <= level) <= level + 3 * np.sqrt(level / 5000)
    assert np.mean(p <= 0.5) > 0.2


def test_few_rows_that_hold_the_usual_value_only_say_little_of_the_mean() -> None:
    # 5 % of the reference lie at 20, of the window none: a window of 50 is like that in one of thirteen
    p = mean_shift_test((10_000, 1.0, 19.0), (50, 0.0, 0.0))[1]
    assert 0.05 < p < 0.2


@pytest.mark.parametrize("rows", [50, 1000])
def test_a_mean_of_spiked_and_skewed_values_keeps_its_level(rows: int) -> None:
    draw = np.random.default_rng(rows)
    values = np.where(draw.random((3000, rows)) < 0.95, 0.0, draw.lognormal(1, 1, (3000, rows)))
    held = np.where(draw.random(50_000) < 0.95, 0.0, draw.lognormal(1, 1, 50_000))
    reference = held.size, float(held.mean()), float(held.var())
    windows = zip(values.mean(axis=1).tolist(), values.var(axis=1).tolist(), strict=True)
    p = np.array([mean_shift_test(reference, (rows, *window))[1] for window in windows])
    for level in (0.05, 0.01, 0.001):
        assert np.mean(p <= level) <= level + 3 * np.sqrt(level / 3000)


@pytest.mark.parametrize("rows", [50, 300])
def test_psi_of_a_rare_value_keeps_its_level(rows: int) -> None:
    draw, n, share = np.random.default_rng(rows), 5000, 0.02
    hits = zip(draw.binomial(n, share, 4000), draw.binomial(rows, share, 4000), strict=True)
    tables = (coarsened(np.array([n - a, a]), np.array([rows - b, b]), 20) for a, b in hits)
    p = np.array([psi_test(*table)[1] for table in tables])
    for level in (0.1, 0.01, 0.001):
        assert np.mean(p <= level) <= level + 3 * np.sqrt(level / 4000)


def clumped(draw: np.random.Generator, windows: int, rows: int, rho: float) -> np.ndarray:
    """Draw standard normal rows, shape (windows, rows), of which two in one window correlate by rho."""
    own = draw.normal(size=(windows, rows))
    return np.sqrt(rho) * draw.normal(size=(windows, 1)) + np.sqrt(1 - rho) * own


def p_values(x: np.ndarray, y: np.ndarray, edges: np.ndarray, inflation: float) -> dict[str, float]:
    a, b = (np.bincount(np.searchsorted(edges, v), minlength=40) for v in (x, y))
    return {
        "psi": psi_test(*coarsened(a, b, 10), inflation)[1],
        "chi_square": chi_square_test(*coarsened(a, b, 10), inflation)[1],
        "ks": kolmogorov_smirnov_test(a, b, inflation)[1],
        "mean": mean_shift_test((x.size, x.mean(), 1.0), (y.size, y.mean(), 1.0), inflation)[1],
        "share": share_shift_test((int(a[:8].sum()), x.size), (int(b[:8].sum()), y.size), inflation)[1],
    }


def test_rows_that_come_in_clumps_keep_the_level_once_that_is_known() -> None:
    draw, rho, rows, windows = np.random.default_rng(9), 0.02, 200, 100
    inflation = design_effect(rho, windows * rows, rows, rows)
    edges = stats.norm.ppf(np.linspace(0, 1, 41)[1:-1])
    found = [
        p_values(clumped(draw, windows, rows, rho).ravel(), clumped(draw, 1, rows, rho).ravel(), edges, inflation)
        for _ in range(300)
    ]
    for name in found[0]:
        assert np.mean([p[name] <= 0.05 for p in found]) <= 0.05 + 3 * np.sqrt(0.05 / 300)
    # the largest gap moves less than the mean does, so that its test is careful; the others are about exact
    for name in ("psi", "chi_square", "mean", "share"):
        assert np.mean([p[name] <= 0.5 for p in found]) > 0.35


@pytest.mark.parametrize("rho", [0.005, 0.02, 0.1])
def test_what_is_measured_on_the_references_windows_is_enough_to_keep_the_level(rho: float) -> None:
    draw, rows, windows = np.random.default_rng(4), 200, 200
    edges = stats.norm.ppf(np.linspace(0, 1, 41)[1:-1])
    x = clumped(draw, windows, rows, rho)
    counts = np.stack([np.bincount(np.searchsorted(edges, w), minlength=40) for w in x])
    alike = steepest_correlations([counts], ordered=[True])[0][0]
    assert alike == pytest.approx(rho, rel=0.5)
    inflation = design_effect(alike, windows * rows, rows, rows)
    found = [p_values(x.ravel(), y, edges, inflation) for y in clumped(draw, 1000, rows, rho)]
    for name in found[0]:
        for level in (0.05, 0.01):
            # a third more, as the correlation is an estimate too
            assert np.mean([p[name] <= level for p in found]) <= 4 / 3 * level + 3 * np.sqrt(level / 1000)


def test_inflation_moves_no_value() -> None:
    a, b = np.array([50, 30, 20]), np.array([20, 30, 50])
    for test in (psi_test, chi_square_test, kolmogorov_smirnov_test):
        (value, sure), (same, unsure) = test(a, b), test(a, b, 9.0)
        assert value == same
        assert sure < unsure


@pytest.mark.parametrize(("windows", "compared"), [(8, 4), (20, 4), (90, 28)])
def test_a_level_is_rarely_far_off_by_chance(windows: int, compared: int) -> None:
    draw = np.random.default_rng(windows)
    spans = np.ptp(draw.normal(size=(4_000, windows)), axis=1)
    means, others = draw.normal(size=(4_000, compared)).mean(axis=1), draw.normal(size=4_000)
    found = np.array([level_test(*one, windows, compared) for one in zip(means, others, spans, strict=True)])
    assert 0.01 <= (found <= 0.05).mean() <= 0.055
    assert (found <= 0.01).mean() <= 0.012


def test_a_level_is_not_known_of_few_windows_or_of_equal_ones() -> None:
    assert level_test(0.0, 9.0, 1.0, 7) is None
    assert level_test(0.0, 9.0, 0.0, 20) is None
