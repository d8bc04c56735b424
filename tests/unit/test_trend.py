"""Trends beside scipy, under no trend with windows that are alike, and with one."""

import numpy as np
import pytest
from scipy import stats

from monitor.stats.trend import Trend, trend_of


def test_slope_and_p_value_are_those_of_scipy_where_values_are_independent() -> None:
    rng = np.random.default_rng(1)
    times, values = np.arange(40.0), 0.02 * np.arange(40) + rng.normal(size=40)
    found = trend_of(times, values)
    assert found is not None
    slope, _, low, high = stats.theilslopes(values, times)
    assert found.slope == pytest.approx(slope)
    assert found.low <= low <= high <= found.high
    assert found.high - found.low <= 1.3 * (high - low)
    asymptotic = stats.kendalltau(times, values, method="asymptotic").pvalue
    assert found.p_value >= 0.95 * asymptotic
    assert found.p_value <= 4 * asymptotic + 0.05


@pytest.mark.parametrize("size", [10, 11, 60, 120])
def test_slope_and_level_are_those_of_scipy_with_ties_too_and_the_interval_is_at_least_as_wide(size: int) -> None:
    rng = np.random.default_rng(size)
    times, values = np.sort(rng.random(size)), rng.integers(0, 9, size).astype(float)
    slope, intercept, low, high = stats.theilslopes(values, times, 0.95, method="joint")
    found = trend_of(times, values)
    assert found is not None
    level = intercept + slope * times[-1]
    assert (found.slope, found.level) == pytest.approx((slope, level), abs=1e-12)
    assert found.low <= low <= high <= found.high


@pytest.mark.parametrize("likeness", [0.0, 0.3])
@pytest.mark.parametrize("size", [20, 80])
def test_the_interval_of_the_day_holds_the_day(size: int, likeness: float) -> None:
    times, slope, held = np.arange(float(size)), 3.0 / size, []
    for seed in range(200):
        noise = np.random.default_rng(seed).normal(size=size)
        for i in range(1, size):
            noise[i] = likeness * noise[i - 1] + np.sqrt(1 - likeness**2) * noise[i]
        trend = trend_of(times, slope * times + noise)
        assert trend is not None
        reached = trend.time_to(6.0)
        held.append(reached is not None and reached[1] <= 6.0 / slope - times[-1] <= (reached[2] or np.inf))
    # 0.6 to 0.7 where all lines turn about the last value, whose level passes for known
    assert np.mean(held) >= 0.9


def test_an_unsure_level_may_be_at_the_limit_already() -> None:
    reached = Trend(0.1, 0.05, 0.2, 0.001, 0.9, 10.0, 0.5).time_to(1.0)
    assert reached is not None
    assert (reached[0], reached[1]) == pytest.approx((1.0, 0.0))


@pytest.mark.parametrize("likeness", [0.0, 0.3, 0.6])
def test_without_a_trend_neighbours_that_are_alike_are_no_news(likeness: float) -> None:
    rng = np.random.default_rng(2)
    found = []
    for _ in range(200):
        values = np.zeros(80)
        values[0] = rng.normal()
        for i in range(1, 80):
            values[i] = likeness * values[i - 1] + np.sqrt(1 - likeness**2) * rng.normal()
        trend = trend_of(np.arange(80.0), values)
        assert trend is not None
        found.append(trend.p_value)
    # without the correction it would be about 0.05, 0.15 and 0.33
    assert np.mean(np.array(found) <= 0.05) <= 0.1


def test_a_rise_reaches_its_limit_and_a_fall_does_not() -> None:
    times = np.arange(60.0)
    trend = trend_of(times, 0.01 * times + np.random.default_rng(3).normal(0, 0.05, 60))
    assert trend is not None
    assert trend.p_value < 1e-6
    reached = trend.time_to(0.79)
    assert reached is not None
    at, earliest, latest = reached
    assert latest is not None
    assert earliest < at < latest
    assert at == pytest.approx(20, abs=5)
    assert trend.time_to(0.1) is None


def test_a_trend_that_may_be_none_may_never_arrive() -> None:
    assert Trend(0.1, -0.1, 0.3, 0.4, 0.0).time_to(1.0) == pytest.approx((10.0, 1 / 0.3, None))


def test_few_values_have_no_trend_and_a_constant_has_none_either() -> None:
    assert trend_of(np.arange(9.0), np.arange(9.0)) is None
    flat = trend_of(np.arange(12.0), np.ones(12))
    assert flat is not None
    assert (flat.slope, flat.p_value) == (0.0, 1.0)
