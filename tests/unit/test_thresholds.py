"""The budget is kept, and not by being deaf; p-value and effect are both needed."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from scipy.special import betainc, chdtrc, log_ndtr, ndtr
from scipy.stats import rankdata

from monitor.alerts.lifecycle import Alert, Rule, step
from monitor.alerts.thresholds import Threshold, certain, certain_too, judged, significance
from monitor.types import Measurement

DAY = timedelta(days=1)
MONTHS = 400
TESTS = 40


@pytest.mark.parametrize(("k", "m", "least"), [(1, 1, 0.7), (2, 3, 0.7), (3, 5, 0.5)])
def test_independent_tests_keep_the_budget(k: int, m: int, least: float) -> None:
    # a budget of twenty a month makes the rate measurable; it is spread in the same way as one of one
    budget = 20
    alpha = significance(alarms=budget, per=30 * DAY, window=DAY, tests=TESTS, k=k, m=m)
    rng = np.random.default_rng(k)
    breaches = rng.random((TESTS, 30 * MONTHS)) <= alpha
    recent = sum(np.pad(breaches, ((0, 0), (lag, 0)))[:, : breaches.shape[1]].astype(int) for lag in range(m))
    begins = breaches & (recent >= k)
    rate = begins.sum() / MONTHS
    assert rate <= budget * 1.05
    assert rate >= least * budget


def alarms_of(
    breaches: np.ndarray, goes_on: np.ndarray, *, k: int, m: int, clear: int, at_once: np.ndarray | None = None
) -> np.ndarray:
    """Run the alert machine over many tests at once; all of shape (tests, windows)."""
    tests, windows = breaches.shape
    recent, clears = np.zeros((tests, m), bool), np.zeros(tests, int)
    firing, fired = np.zeros(tests, bool), np.zeros(tests, int)
    for t in range(windows):
        recent = np.column_stack([recent[:, 1:], breaches[:, t]])
        enough = (recent.sum(axis=1) >= k) | (False if at_once is None else at_once[:, t])
        begins = ~firing & breaches[:, t] & enough
        fired += begins
        clears = np.where(firing & ~(breaches[:, t] | goes_on[:, t]), clears + 1, 0)
        ends = firing & (clears >= clear)
        recent[ends] = False
        firing = (firing & ~ends) | begins
    return fired


@pytest.mark.parametrize("shared", [0.05, 0.2, 0.5, 0.8])
@pytest.mark.parametrize("sides", [1, 2])
def test_windows_that_share_a_reference_keep_the_budget(shared: float, sides: int) -> None:
    tests, rule = 60, {"k": 2, "m": 3, "clear": 3}
    alpha = significance(alarms=1, per=30 * DAY, window=DAY, tests=tests, shared=shared, **rule)
    rng = np.random.default_rng(round(100 * shared) + sides)
    askew = rng.normal(size=(20_000, 1))
    z = np.sqrt(shared) * askew + np.sqrt(1 - shared) * rng.normal(size=(20_000, 30))
    p = ndtr(-z) if sides == 1 else 2 * ndtr(-np.abs(z))
    rate = tests * alarms_of(p <= alpha, p <= max(alpha, min(0.1, 5 * alpha)), **rule).mean()
    assert 0.4 <= rate <= 1.15


@pytest.mark.parametrize("shared", [0.0, 0.2, 0.8])
@pytest.mark.parametrize(("k", "m"), [(2, 3), (2, 2), (3, 5)])
def test_tests_that_one_certain_window_fires_too_keep_the_budget(k: int, m: int, shared: float) -> None:
    # a budget of ten a month makes the levels, and so what one window alone may spend, large
    budget, tests = 10, 60
    rule = {"k": k, "m": m, "clear": 3}
    counted = tests * certain_too(k, m)
    alpha = significance(alarms=budget, per=30 * DAY, window=DAY, tests=counted, shared=shared, **rule)
    rng = np.random.default_rng(round(100 * shared) + k + m)
    askew = rng.normal(size=(20_000, 1))
    p = ndtr(-(np.sqrt(shared) * askew + np.sqrt(1 - shared) * rng.normal(size=(20_000, 30))))
    goes_on = p <= max(alpha, min(0.1, 5 * alpha))
    rate = tests * alarms_of(p <= alpha, goes_on, at_once=p <= alpha**k, **rule).mean()
    assert 0.4 * budget <= rate <= 1.1 * budget
    assert certain(alpha, k) <= alpha**k


@pytest.mark.parametrize("shared", [0.05, 0.33, 0.8])
@pytest.mark.parametrize("ways", [1, 2, 8])
def test_tests_of_many_directions_spend_more_of_the_budget_where_windows_share_a_reference(
    shared: float, ways: int
) -> None:
    tests, rule = 60, {"k": 2, "m": 3, "clear": 3}
    alpha = significance(alarms=1, per=30 * DAY, window=DAY, tests=tests, shared=shared, ways=ways, **rule)
    rng = np.random.default_rng(round(100 * shared) + ways)
    askew = rng.normal(size=(10_000, 1, ways))
    z = np.sqrt(shared) * askew + np.sqrt(1 - shared) * rng.normal(size=(10_000, 30, ways))
    p = chdtrc(ways, (z**2).sum(axis=2))
    rate = tests * alarms_of(p <= alpha, p <= max(alpha, min(0.1, 5 * alpha)), **rule).mean()
    assert 0.6 <= rate <= 1.15


@pytest.mark.parametrize("shared", [0.05, 0.33, 0.5])
@pytest.mark.parametrize("places", [4, 100])
def test_a_scan_spends_its_budget_though_windows_share_a_reference_that_lies_askew_in_some_places(
    shared: float, places: int
) -> None:
    tests, rule = 60, {"k": 2, "m": 3, "clear": 3}
    alpha = significance(alarms=1, per=30 * DAY, window=DAY, tests=tests, shared=shared, places=places, **rule)
    rng = np.random.default_rng(round(100 * shared) + places)
    p = np.concatenate([_scanned(rng, 1_000, places, shared) for _ in range(10)])
    rate = tests * alarms_of(p <= alpha, p <= max(alpha, min(0.1, 5 * alpha)), **rule).mean()
    assert 0.6 <= rate <= 1.15


def _scanned(rng: np.random.Generator, references: int, places: int, shared: float) -> np.ndarray:
    """Give p-values of the largest of so many independent rises, shape (references, 30 windows)."""
    askew = rng.normal(size=(references, 1, places))
    z = np.sqrt(shared) * askew + np.sqrt(1 - shared) * rng.normal(size=(references, 30, places))
    return -np.expm1(places * log_ndtr(z.max(axis=2)))


def test_counts_of_bins_that_are_scanned_spend_what_their_places_leave() -> None:
    # windows half as large as their reference; the smallest tail's rank is its p-value, for it is exact
    rng, (n, m), bins, tests, rule = np.random.default_rng(2), (20_000, 10_000), 64, 10, {"k": 2, "m": 3, "clear": 3}
    shares, smallest = np.full(bins, 1 / bins), []
    for _ in range(800):
        reference, windows = rng.multinomial(n, shares), rng.multinomial(m, shares, size=30)
        smallest.append(betainc(windows, reference + 1, m / (n + m)).min(axis=1))
    p = rankdata(smallest).reshape(-1, 30) / (800 * 30)
    alpha = significance(alarms=1, per=30 * DAY, window=DAY, tests=tests, shared=m / (n + m), places=bins, **rule)
    rate = tests * alarms_of(p <= alpha, p <= max(alpha, min(0.1, 5 * alpha)), **rule).mean()
    assert 0.7 <= rate <= 1.2


@pytest.mark.parametrize("lasting", [0.3, 0.6, 0.9, 0.97])
def test_windows_that_resemble_their_neighbours_keep_the_budget(lasting: float) -> None:
    tests, rule, windows = 60, {"k": 2, "m": 3, "clear": 3}, 180
    alpha = significance(alarms=1, per=30 * DAY, window=DAY, tests=tests, lasting=lasting, **rule)
    rng = np.random.default_rng(round(100 * lasting))
    z = rng.normal(size=(8000, windows))
    for t in range(1, windows):
        z[:, t] = lasting * z[:, t - 1] + np.sqrt(1 - lasting**2) * z[:, t]
    p = 2 * ndtr(-np.abs(z))
    monthly = tests * alarms_of(p <= alpha, p <= max(alpha, min(0.1, 5 * alpha)), **rule).mean() * 30 / windows
    assert 0.3 <= monthly <= 1.1


def test_the_alert_machine_fires_no_oftener_than_the_budget() -> None:
    budget, months = 8, 60
    rule = Rule(k=2, m=3, clear=2)
    alpha = significance(alarms=budget, per=30 * DAY, window=DAY, tests=10, k=2, m=3)
    rng = np.random.default_rng(9)
    start = datetime(2026, 1, 1, tzinfo=UTC)
    fired = 0
    for test in range(10):
        alert = Alert(str(test))
        for day in range(30 * months):
            outcome = "breach" if rng.random() <= alpha else "clear"
            alert, transition = step(alert, outcome=outcome, window_end=start + day * DAY, rule=rule)
            fired += transition == "fired"
    assert 0.3 * budget <= fired / months <= 1.1 * budget


VERDICTS = [
    # significant and large
    (0.001, 0.2, Threshold(0.01, 0.1), "breach"),
    # significant but too small to matter
    (0.001, 0.05, Threshold(0.01, 0.1), "clear"),
    # large but within what chance gives
    (0.2, 0.5, Threshold(0.01, 0.1), "clear"),
    # the effect counts in either direction
    (0.001, -0.2, Threshold(0.01, 0.1), "breach"),
    # a plain limit on the effect
    (None, 0.2, Threshold(min_effect=0.1), "breach"),
    # a p-value is asked for and there is none
    (None, 0.2, Threshold(0.01, 0.1), "insufficient"),
    # nothing asked for, nothing breached
    (0.0, 9.0, Threshold(), "clear"),
]


@pytest.mark.parametrize(("p", "effect", "threshold", "expected"), VERDICTS)
def test_a_breach_needs_significance_and_effect(
    p: float | None, effect: float, threshold: Threshold, expected: str
) -> None:
    assert judged(Measurement("d", 1.0, p_value=p, effect=effect), threshold) == expected


def test_what_is_undefined_is_no_verdict() -> None:
    assert judged(Measurement("d", None, note="no labels yet"), Threshold(0.01)) == "insufficient"


@pytest.mark.parametrize("wrong", [{"alarms": 0}, {"tests": 0}, {"k": 3, "m": 2}, {"shared": 1.0}, {"lasting": 1.0}])
def test_an_impossible_budget_is_refused(wrong: dict[str, float]) -> None:
    right = {"alarms": 1, "per": 30 * DAY, "window": DAY, "tests": 5, "k": 1, "m": 1}
    with pytest.raises(ValueError, match=r"must be above 0|cannot be|must be in"):
        significance(**(right | wrong))


@pytest.mark.parametrize(
    ("threshold", "measurement", "lingers"),
    [
        # four times the p-value it had to reach, and most of the effect
        (Threshold(alpha=0.001, min_effect=0.1), Measurement("d", 0.09, p_value=0.004, effect=0.09), True),
        # six times the p-value
        (Threshold(alpha=0.001, min_effect=0.1), Measurement("d", 0.2, p_value=0.006, effect=0.2), False),
        # half of the effect
        (Threshold(alpha=0.001, min_effect=0.1), Measurement("d", 0.05, p_value=1e-9, effect=0.05), False),
        # a lax budget is not made laxer than one in ten
        (Threshold(alpha=0.05), Measurement("d", 0.05, p_value=0.11), False),
        (Threshold(alpha=0.2), Measurement("d", 0.05, p_value=0.3), False),
        # just above the user's number for a score
        (Threshold(limit=0.8, higher_is="better"), Measurement("d", 0.85), True),
        (Threshold(limit=0.8, higher_is="better"), Measurement("d", 0.95), False),
        (Threshold(limit=10.0), Measurement("d", 9.5), True),
    ],
)
def test_an_alert_that_fires_goes_on_a_little_below_its_threshold(
    threshold: Threshold,
    measurement: Measurement,
    lingers: bool,  # noqa: FBT001  # a column of the table
) -> None:
    assert judged(measurement, threshold) == "clear"
    assert (judged(measurement, threshold.loosened) == "breach") is lingers
