"""Errors of regressions against scikit-learn, means' intervals and p-values against simulation."""

import numpy as np
import pytest
from sklearn import metrics

from monitor.stats.intervals import Estimate, mean_estimate, rise_test
from monitor.stats.regression import r2_score, root_interval, root_mean_squared_error, root_rise_test


def mean_of(losses: np.ndarray) -> Estimate:
    return mean_estimate(losses.size, float(losses.sum()), float(losses @ losses))


def root_of(errors: np.ndarray) -> Estimate:
    return root_mean_squared_error(errors.size, float((errors**2).sum()), float((errors**4).sum()))


def test_they_are_scikit_learns() -> None:
    draw = np.random.default_rng(1)
    labels = draw.normal(50, 3, 400)
    predicted = labels + draw.normal(1, 2, 400)
    errors, about = predicted - labels, labels - 47.0
    assert mean_of(abs(errors)).value == pytest.approx(metrics.mean_absolute_error(labels, predicted))
    assert root_of(errors).value == pytest.approx(metrics.root_mean_squared_error(labels, predicted))
    found = r2_score(400, float(errors @ errors), float((errors**4).sum()), float(about.sum()), float(about @ about))
    assert found.value == pytest.approx(metrics.r2_score(labels, predicted))


def test_what_cannot_be_told_is_undefined() -> None:
    assert mean_estimate(0, 0.0, 0.0) is None
    assert mean_estimate(3, float("inf"), 1.0) is None
    assert root_mean_squared_error(0, 0.0, 0.0) is None
    assert mean_estimate(1, 2.0, 4.0).error is None
    assert r2_score(1, 0.0, 0.0, 0.0, 0.0) is None
    assert r2_score(100, 1.0, 0.1, 30.0, 9.0) is None, "labels that are all 0.3"
    assert rise_test(Estimate(0.1, 0.1, n=100), Estimate(0.2, 0.1, n=9)) is None


@pytest.mark.parametrize("rows", [30, 300, 3000])
@pytest.mark.parametrize(("estimate", "draw"), [(mean_of, "exponential"), (root_of, "normal"), (root_of, "laplace")])
def test_p_values_keep_their_promise_and_intervals_nearly(estimate: object, draw: str, rows: int) -> None:
    rng = np.random.default_rng(rows)
    some = getattr(rng, draw)
    truth = 1.0 if draw != "laplace" else np.sqrt(2)
    pairs = [(estimate(some(size=6000)), estimate(some(size=rows))) for _ in range(700)]
    p = np.array([rise_test(*pair) for pair in pairs])
    for level in (0.05, 0.01):
        assert np.mean(p <= level) <= level + 3 * np.sqrt(level / 700)
    assert np.mean(p <= 0.2) > 0.1
    # thirty skewed losses hide their tail: the interval is then too short
    assert np.mean([c.low <= truth <= c.high for _, c in pairs]) > (0.8 if rows == 30 else 0.915)


def errors_of(kind: str, draw: np.random.Generator, size: tuple[int, int]) -> np.ndarray:
    if kind == "normal":
        return draw.normal(size=size)
    if kind == "heavy":
        return draw.standard_t(4, size=size)
    return np.where(draw.uniform(size=size) < 0.4, 0.0, draw.gamma(2, 0.5, size)) - 0.6


TRUE_SQUARES = {"normal": 1.0, "heavy": 2.0, "zeros and a tail": 0.6 * 1.5 - 0.36}


@pytest.mark.parametrize("rows", [50, 200, 1000])
@pytest.mark.parametrize("kind", TRUE_SQUARES)
def test_beside_a_reference_intervals_and_p_values_of_roots_keep_their_promise(kind: str, rows: int) -> None:
    draw, truth = np.random.default_rng(rows), np.sqrt(TRUE_SQUARES[kind])
    usual = [root_of(errors) for errors in errors_of(kind, draw, (60, 10_000))]
    found = [(usual[i % 60], root_of(errors)) for i, errors in enumerate(errors_of(kind, draw, (1200, rows)))]
    held = [low <= truth <= high for low, high in (root_interval(window, usual) for usual, window in found)]
    assert 0.925 < np.mean(held) < 0.99
    p = np.array([root_rise_test(*pair) for pair in found])
    for level in (0.05, 0.01):
        assert np.mean(p <= level) <= level + 3 * np.sqrt(level / 1200)
    assert np.mean(p <= 0.05) > 0.02, "skewed squares do not make the test deaf"


def test_a_small_reference_that_met_no_large_error_makes_no_rise_of_those_that_come() -> None:
    draw = np.random.default_rng(5)
    usual, found = (map(root_of, errors_of("heavy", draw, (1000, rows))) for rows in (300, 1000))
    p = np.array([root_rise_test(*pair) for pair in zip(usual, found, strict=True)])
    for level in (0.05, 0.01):
        assert np.mean(p <= level) <= level + 3 * np.sqrt(level / 1000)


def test_a_window_that_met_no_large_error_is_taken_for_as_uncertain_as_the_reference() -> None:
    usual = Estimate(2.0, 0.05, n=10_000)
    calm = Estimate(1.0, 0.02, 0.96, 1.04, n=200)
    low, high = root_interval(calm, usual)
    assert (low, high) == pytest.approx((0.962, 1.527), abs=1e-3)
    assert root_interval(calm)[0] == low
    assert root_interval(calm)[1] == pytest.approx(1.04, abs=0.005)


def test_intervals_of_roots_without_spread_or_errors_are_what_is_known() -> None:
    assert root_interval(Estimate(0.0, 0.0, 0.0, 0.0, n=20)) == (0.0, 0.0)
    assert root_interval(Estimate(3.0, n=1)) == (None, None)
    alike = root_mean_squared_error(20, 20 * 4.0, 20 * 16.0)
    assert (alike.low, alike.high) == (2.0, 2.0)
    assert root_rise_test(alike, alike) == 1.0
    assert root_rise_test(alike, root_mean_squared_error(9, 9 * 4.0, 9 * 17.0)) is None


@pytest.mark.parametrize("unit", [1e-100, 1.0, 1e100])
def test_the_p_value_of_a_root_has_no_unit(unit: float) -> None:
    usual, found = Estimate(2.0 * unit, 0.05 * unit, n=900), Estimate(2.4 * unit, 0.2 * unit, n=60)
    assert root_rise_test(usual, found) == pytest.approx(0.01577, abs=1e-5)
    assert root_rise_test(usual, found, 4.0) == pytest.approx(0.182, abs=1e-3)


@pytest.mark.parametrize("rows", [50, 500])
@pytest.mark.parametrize("share", [0.2, 0.6, 0.95])
def test_the_interval_of_r2_covers_at_least_what_it_says(rows: int, share: float) -> None:
    draw = np.random.default_rng(7)
    predicted = draw.normal(0, np.sqrt(share), (1500, rows))
    errors = draw.normal(0, np.sqrt(1 - share), (1500, rows))
    labels = predicted - errors
    found = [
        r2_score(rows, float(e @ e), float((e**4).sum()), float(y.sum()), float(y @ y))
        for e, y in zip(errors, labels, strict=True)
    ]
    assert np.mean([one.low <= share <= one.high for one in found]) >= 0.94
    # the same with errors that the label does not move with: then it is about exact
    guessed = draw.normal(0, 1, (1500, rows))
    off = draw.normal(0, np.sqrt(1 - share), (1500, rows))
    found = [
        r2_score(rows, float(e @ e), float((e**4).sum()), float(y.sum()), float(y @ y))
        for e, y in zip(off, guessed, strict=True)
    ]
    assert 0.93 <= np.mean([one.low <= share <= one.high for one in found]) <= 0.975


def test_a_perfect_prediction_has_no_interval() -> None:
    assert r2_score(10, 0.0, 0.0, 0.0, 5.0) == Estimate(1.0, n=10)
