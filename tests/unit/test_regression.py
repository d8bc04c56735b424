"""Errors of regressions against scikit-learn, means' intervals and p-values against simulation."""

import numpy as np
import pytest
from sklearn import metrics

from monitor.stats.intervals import Estimate, mean_estimate, rise_test
from monitor.stats.regression import r2_score, root_mean_squared_error


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
