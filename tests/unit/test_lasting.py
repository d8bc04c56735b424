"""Lasting shifts: the ratios beside normal densities by brute force, the null by simulation, and what ends a shift."""

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import integrate, stats

from monitor.stats.lasting import SCALES, Shift, lasting_shift, sparse_starts, still_on

Floats = NDArray[np.float64]


def brute_force(differences: Floats, variances: Floats, shared: float, *, either: bool) -> float:
    """Add the ratios of the joint normal densities up over all starts, integrating over the size by quadrature."""
    size = differences.size
    null = stats.multivariate_normal(np.zeros(size), np.diag(variances) + shared)
    typical, total = float(np.sqrt(np.median(variances))), 0.0
    for start in sparse_starts(size):
        shape = (np.arange(size) >= start).astype(float)
        for scale in SCALES:
            sizes = np.linspace(-12 * scale if either else 0.0, 12 * scale, 6001)
            ratios = np.exp(null.logpdf(differences - sizes[:, None] * shape) - null.logpdf(differences))
            prior = stats.norm.pdf(sizes / typical, scale=scale) / typical * (1 if either else 2)
            total += integrate.simpson(ratios * prior, x=sizes) / len(SCALES)
    return total


@pytest.mark.parametrize("either", [False, True])
@pytest.mark.parametrize("shared", [0.0, 0.05, 1.0])
def test_the_evidence_is_that_of_the_joint_densities(*, shared: float, either: bool) -> None:
    rng = np.random.default_rng(4)
    # nothing in these contradicts a shift from any window on, so that all starts count
    differences, variances = 0.4 + 0.1 * rng.random(7), 0.5 + rng.random(7)
    found = lasting_shift(differences, variances, shared, either=either).evidence
    assert found == pytest.approx(brute_force(differences, variances, shared, either=either), rel=1e-3)


def first_alarm(differences: Floats, variances: Floats, shared: float, alpha: float) -> int | None:
    for end in range(1, differences.size + 1):
        if lasting_shift(differences[:end], variances[:end], shared).p_value <= alpha:
            return end - 1
    return None


@pytest.mark.parametrize("rows", [1, 10, 100], ids=lambda n: f"{n} windows of reference")
def test_false_alarms_come_no_oftener_than_alpha_though_all_windows_share_one_reference(rows: int) -> None:
    rng, alpha, runs, windows = np.random.default_rng(rows), 0.02, 15, 40
    calm = rng.normal(size=(runs, windows)) - rng.normal(size=(runs, 1)) / np.sqrt(rows)
    alarms = sum(first_alarm(run, np.ones(windows), 1 / rows, alpha) is not None for run in calm)
    assert alarms <= stats.binom.ppf(0.999, runs * windows, alpha)
    assert alarms / runs <= alpha * windows


def test_a_shift_too_small_for_any_window_is_told_within_a_few_dozen() -> None:
    rng = np.random.default_rng(5)
    delays = []
    for _ in range(5):
        series = rng.normal(size=80)
        series[30:] += 1.0
        alarm = first_alarm(series, np.ones(80), 0.01, 1e-3)
        delays.append(80 if alarm is None else alarm - 29)
    assert 3 <= np.median(delays) <= 30


def test_a_jump_is_told_at_once() -> None:
    calm = np.random.default_rng(6).normal(size=30)
    assert lasting_shift(np.append(calm, 7.0), np.ones(31), 0.01).p_value < 1e-3


def test_a_shift_that_is_over_is_dropped_within_a_few_windows_however_long_it_was() -> None:
    series = np.concatenate([np.zeros(30), np.full(100, 2.0), np.zeros(4)])
    during = lasting_shift(series[:130], np.ones(130), 0.01)
    after = lasting_shift(series, np.ones(134), 0.01)
    assert (during.first, round(during.size, 1)) == (30, 2.0)
    assert during.p_value < 1e-12
    assert after.p_value > 0.1


@pytest.mark.parametrize(
    ("calm", "windows", "size"),
    [
        (40, 4, 8.0),  # a few extreme windows, which spread over those before them are a small shift
        (100, 1, 8.0),  # one
        (40, 10, 3.0),
    ],
)
def test_a_shift_that_is_over_is_not_spread_over_the_windows_before_it(calm: int, windows: int, size: float) -> None:
    late = []
    for seed in range(20):
        series = np.random.default_rng(seed).normal(size=calm + windows + 12)
        series[calm : calm + windows] += size
        ends = range(calm + windows + 4, series.size + 1)
        late.append(any(lasting_shift(series[:end], np.ones(end), 0.01).p_value <= 1e-3 for end in ends))
    # a third of them and more where beginnings before the stretch count
    assert sum(late) <= 1


def test_a_stretch_that_is_over_says_nothing_of_a_shift_after_it() -> None:
    series = np.concatenate([np.zeros(30), np.full(4, 8.0), np.zeros(30), np.full(20, 1.5)])
    found = lasting_shift(series, np.ones(84), 0.01)
    assert (found.first, found.p_value < 1e-3) == (64, True)
    assert 34 <= found.earliest <= 64


def test_extreme_windows_within_a_lasting_shift_leave_it_told() -> None:
    series = np.concatenate([np.zeros(30), np.full(10, 1.5), np.full(2, 8.0), np.full(12, 1.5)])
    assert lasting_shift(series, np.ones(54), 0.01).p_value < 1e-3


def test_a_shift_may_have_begun_where_the_last_windows_do_not_contradict_it() -> None:
    series = np.concatenate([np.zeros(10), np.full(5, 4.0), np.zeros(10), np.full(5, 2.0)])
    found = still_on(series, np.ones(30), 0.01)
    assert (found[10:15].any(), found[25:].all()) == (False, True)


def test_better_is_no_shift_unless_either_is_asked() -> None:
    series = np.concatenate([np.zeros(10), np.full(10, -3.0)])
    assert lasting_shift(series, np.ones(20), 0.01) == Shift(pytest.approx(0.0, abs=20.0), None, 0.0)
    assert lasting_shift(series, np.ones(20), 0.01, either=True).size == pytest.approx(-3.0, abs=0.1)


def test_nothing_known_is_no_evidence() -> None:
    assert lasting_shift(np.empty(0), np.empty(0), 0.1) == Shift(0.0, None, 0.0)
    assert Shift().p_value == 1.0


def test_starts_reach_from_the_first_to_the_last_and_grow_sparse() -> None:
    starts = sparse_starts(500)
    assert (starts[0], starts[-1]) == (0, 499)
    assert (np.diff(starts) > 0).all()
    assert starts.size < 50
