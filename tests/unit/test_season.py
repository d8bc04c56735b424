"""What is usual on a weekday or at an hour, of a number that windows tell with errors."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from monitor.profiles.season import Season, season_of
from monitor.stats.season import cycle_effects
from monitor.types import Window

MONDAY = datetime(2024, 1, 1, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def windows(count: int, length: timedelta) -> list[Window]:
    return [Window(MONDAY + turn * length, MONDAY + (turn + 1) * length) for turn in range(count)]


def test_what_is_not_known_of_an_effect_is_as_large_as_said() -> None:
    rng, off = np.random.default_rng(1), []
    for _ in range(400):
        truth, cycle, errors = rng.normal(0, 0.3, 7), np.arange(56) % 7, rng.uniform(0.2, 0.5, 56)
        values = 5 + truth[cycle] + rng.normal(0, 0.2, 56) + rng.normal(0, errors)
        found = cycle_effects(values, errors**2, cycle.tolist(), size=7)
        off.append((found.size - truth + truth.mean()) ** 2 / np.maximum(found.variance, 1e-4))
    assert 0.6 < np.median([one.mean() for one in off]) < 1.4


def test_without_a_season_effects_are_drawn_to_none() -> None:
    rng = np.random.default_rng(2)
    largest = [
        np.abs(cycle_effects(rng.normal(size=56), np.ones(56), (np.arange(56) % 7).tolist(), size=7).size).max()
        for _ in range(200)
    ]
    # the means of eight windows alone lie up to 0.6 apart
    assert np.median(largest) < 0.1


def test_chance_makes_a_season_of_windows_that_are_alike_in_one_of_twenty() -> None:
    rng, at = np.random.default_rng(6), windows(56, DAY)
    found = [season_of(at, rng.normal(size=56), np.ones(56), np.ones(56)) for _ in range(400)]
    assert 8 <= sum(one is not None for one in found) <= 34


def test_weekends_and_nights_are_told_apart_and_added() -> None:
    at = windows(4 * 7 * 28, 6 * HOUR)
    worse = np.array([2.0 * (one.start.weekday() >= 5) + 1.0 * (one.start.hour < 6) for one in at])
    values = 10 + worse + np.random.default_rng(3).normal(0, 0.1, len(at))
    season = season_of(at, values, np.full(len(at), 0.1), np.ones(len(at)))
    assert season is not None
    saturday = MONDAY + 5 * DAY
    night, noon = (season.at(Window(saturday + hour * HOUR, saturday + (hour + 6) * HOUR))[0] for hour in (0, 12))
    level = 2 * 2 / 7 + 1 / 4
    assert night == pytest.approx(3 - level, abs=0.05)
    assert noon == pytest.approx(2 - level, abs=0.05)
    # of windows that are judged together, the mean
    weekend = season.at(Window(saturday, saturday + 2 * DAY))[0]
    assert weekend == pytest.approx(2.25 - level, abs=0.05)


def test_a_weekday_that_the_reference_lacks_is_known_least() -> None:
    at = [one for one in windows(70, DAY) if one.start.weekday() != 6]
    values = np.array([float(one.start.weekday()) for one in at]) + np.random.default_rng(4).normal(0, 0.1, len(at))
    season = season_of(at, values, np.full(len(at), 0.1), np.ones(len(at)))
    assert season is not None
    doubt = {
        name: season.at(Window(MONDAY + day * DAY, MONDAY + (day + 1) * DAY))[1]
        for day, name in ((5, "known"), (6, "new"))
    }
    assert doubt["new"] > 1 > 10 * doubt["known"]


@pytest.mark.parametrize(("count", "length"), [(27, DAY), (60, 2 * DAY), (60, 7 * DAY), (0, DAY)])
def test_too_few_windows_and_windows_of_several_days_tell_none(count: int, length: timedelta) -> None:
    ones = np.ones(count)
    assert season_of(windows(count, length), ones, ones, ones) is None


def test_what_is_described_comes_back() -> None:
    at = windows(56, DAY)
    values = np.random.default_rng(5).normal(3.0 * (np.arange(56) % 7 >= 5))
    season = season_of(at, values, np.ones(56), np.ones(56))
    assert season is not None
    assert Season.of(season.described()).at(at[5]) == season.at(at[5])
