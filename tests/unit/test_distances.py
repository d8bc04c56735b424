"""Statistics that are known from elsewhere, against scipy on raw values, and their p-values without a shift."""

import numpy as np
import pytest
from scipy import stats

from monitor.profiles.bins import NumericBins
from monitor.stats.distances import (
    anderson_darling_test,
    cramer_von_mises_test,
    cramers_v,
    g_test,
    hellinger_distance,
    kullback_leibler_divergence,
    scale_test,
    total_variation_distance,
)
from monitor.stats.divergence import coarsened, kolmogorov_smirnov_test, psi_test, rare_joined
from monitor.stats.scan import scan_test
from monitor.stats.shape import smooth_test

rng = np.random.default_rng(21)
PAIRS = [(rng.integers(1, 90, 12), rng.integers(1, 50, 12)) for _ in range(10)]
EMPTY = np.zeros(3, np.int64)
TESTS = {
    "smooth": smooth_test,
    "scan": scan_test,
    "cramer_von_mises": cramer_von_mises_test,
    "anderson_darling": anderson_darling_test,
    "g": lambda a, b: g_test(*rare_joined(a, b)),
    "scale": lambda a, b: (0.0, scale_test(a, b)),
}
DRAWS = {
    "normal": lambda draw, n: draw.normal(size=n),
    "lognormal": lambda draw, n: draw.lognormal(size=n),
    "spiked": lambda draw, n: np.where(draw.random(n) < 0.3, 0.0, draw.normal(size=n)),
    "discrete": lambda draw, n: draw.poisson(2, n).astype(float),
    "fifty categories": lambda draw, n: draw.choice(50, n, p=0.9 ** np.arange(50) / (0.9 ** np.arange(50)).sum()) * 1.0,
}


def counted(reference: np.ndarray, *others: np.ndarray) -> list[np.ndarray]:
    bins = NumericBins.of(reference)
    return [np.bincount(bins.codes(x), minlength=bins.size) for x in (reference, *others)]


@pytest.mark.parametrize("pair", PAIRS)
def test_distances_of_counts_are_scipys(pair: tuple[np.ndarray, np.ndarray]) -> None:
    p, q = pair[0] / pair[0].sum(), pair[1] / pair[1].sum()
    assert hellinger_distance(*pair) == pytest.approx(np.linalg.norm(np.sqrt(p) - np.sqrt(q)) / np.sqrt(2))
    assert total_variation_distance(*pair) == pytest.approx(np.maximum(p - q, 0).sum())
    assert kullback_leibler_divergence(*pair) == pytest.approx(stats.entropy(pair[1] + 0.5, pair[0] + 0.5))
    assert cramers_v(*pair) == pytest.approx(stats.contingency.association(np.stack(pair), method="cramer"))
    expected = stats.chi2_contingency(np.stack(pair), correction=False, lambda_="log-likelihood")
    assert g_test(*pair) == pytest.approx((expected.statistic, expected.pvalue))


def test_gaps_of_distribution_functions_are_scipys_on_the_raw_values() -> None:
    draw = np.random.default_rng(3)
    x, y = draw.normal(size=3000), draw.normal(0.11, 1, size=1000)
    pair = counted(x, y)
    exact = stats.cramervonmises_2samp(x, y, method="asymptotic")
    assert cramer_von_mises_test(*pair) == pytest.approx((exact.statistic, exact.pvalue), rel=0.1)
    ties = stats.anderson_ksamp([np.repeat(np.arange(c.size), c) for c in pair], variant="midrank")
    assert anderson_darling_test(*pair)[1] == pytest.approx(ties.pvalue, rel=0.25)


def test_scale_is_moods_test_on_ranks() -> None:
    x, y = rng.normal(size=3000), 1.1 * rng.normal(size=1000)
    ranks = [np.repeat(np.arange(c.size), c) + 1e-9 * rng.random(c.sum()) for c in counted(x, y)]
    assert scale_test(*counted(x, y)) == pytest.approx(stats.mood(*ranks).pvalue, rel=0.2)


@pytest.mark.parametrize("rows", [50, 400, 10_000])
@pytest.mark.parametrize("name", TESTS)
def test_p_values_keep_their_promise_on_values_of_every_sort(name: str, rows: int) -> None:
    draw = np.random.default_rng(rows)
    found = []
    for make in DRAWS.values():
        for _ in range(12):
            before, *windows = counted(make(draw, 8000), *(make(draw, rows) for _ in range(5)))
            found += [made[1] for after in windows if (made := TESTS[name](before, after))]
    for level in (0.1, 0.01, 0.001):
        # three binomial standard deviations above the level, and one case in three hundred
        assert np.mean(np.array(found) <= level) <= level + 3 * np.sqrt(level / len(found)) + 1 / 300


def test_what_is_empty_or_cannot_differ_is_undefined() -> None:
    full = np.array([1, 2, 3])
    for test in (smooth_test, scan_test, g_test, cramer_von_mises_test, anderson_darling_test, scale_test):
        assert test(full, EMPTY) is None
        assert test(EMPTY, full) is None
        assert test(np.array([4]), np.array([9])) is None
    for distance in (hellinger_distance, total_variation_distance, kullback_leibler_divergence, cramers_v):
        assert distance(full, EMPTY) is None


def test_clumped_rows_make_every_test_more_careful() -> None:
    pair = counted(rng.normal(size=5000), rng.normal(0.1, 1.1, size=1000))
    for test in (smooth_test, scan_test, g_test, cramer_von_mises_test, anderson_darling_test):
        assert test(*pair, 4.0)[1] > test(*pair)[1]
    assert scale_test(*pair, 4.0) > scale_test(*pair)


USUAL = {"ks": kolmogorov_smirnov_test, "psi": lambda a, b: psi_test(*coarsened(a, b, 20))}
MOVED = {
    "smooth": lambda x, draw: x + 1.5 * (draw.random(x.size) < 0.03),
    "scan": lambda x, draw: np.where(draw.random(x.size) < 0.01, 0.5, x),
}


@pytest.mark.parametrize("name", MOVED)
def test_a_small_group_is_seen_where_kolmogorov_smirnov_and_psi_are_blind(name: str) -> None:
    draw = np.random.default_rng(6)
    pairs = [counted(draw.normal(size=50_000), MOVED[name](draw.normal(size=10_000), draw)) for _ in range(30)]
    seen = {test: [found(*pair)[1] <= 1e-4 for pair in pairs] for test, found in {**USUAL, name: TESTS[name]}.items()}
    assert np.mean(seen.pop(name)) > 0.85
    assert all(np.mean(others) < 0.5 for others in seen.values())


@pytest.mark.parametrize("test", [smooth_test, scan_test])
def test_a_value_that_few_rows_hold_keeps_the_level_and_is_found_where_more_do(test) -> None:  # type: ignore[no-untyped-def]  # noqa: ANN001
    rng = np.random.default_rng(12)

    def found(share: float) -> float:
        p_values = []
        for _ in range(400):
            before, now = rng.binomial(5_000, 0.004), rng.binomial(190, share)
            answer = test(np.array([0, 5_000 - before, before, 0]), np.array([0, 190 - now, now, 0]))
            p_values.append(answer[1])
        return float((np.array(p_values) <= 0.01).mean())

    assert found(0.004) <= 0.025
    assert found(0.05) >= 0.95
