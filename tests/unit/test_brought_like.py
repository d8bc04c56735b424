"""Beside which windows before it what a client sends is laid: those of its hour or weekday, and the last ones."""

from datetime import UTC, datetime, timedelta

from monitor.steps.brought import _like
from monitor.types import Window

NOON, HOUR, DAY = datetime(2024, 3, 8, 12, tzinfo=UTC), timedelta(hours=1), timedelta(days=1)


def test_an_hour_is_like_that_of_the_days_before_and_of_its_weekday() -> None:
    window = Window(NOON, NOON + HOUR)
    like, last = _like(window, NOON)
    assert [NOON - one.start for one in like] == [7 * DAY, DAY, 2 * DAY]
    assert [NOON - one.start for one in last] == [HOUR, 2 * HOUR, 3 * HOUR, 4 * HOUR]


def test_a_day_is_like_that_of_its_weekday_only_and_a_week_like_the_last_ones() -> None:
    day = NOON - 12 * HOUR
    assert _like(Window(day, day + DAY), day)[0] == [Window(day - 7 * DAY, day - 6 * DAY)]
    like, last = _like(Window(day, day + 7 * DAY), day)
    assert like == [Window(day - 7 * turn * DAY, day - 7 * (turn - 1) * DAY) for turn in (1, 2, 3, 4)]
    assert last == []


def test_what_began_days_ago_is_laid_beside_windows_before_it() -> None:
    window = Window(NOON, NOON + HOUR)
    like, last = _like(window, NOON - 8 * DAY)
    assert [NOON - one.start for one in like] == [14 * DAY]
    assert last[0].end == NOON - 8 * DAY
