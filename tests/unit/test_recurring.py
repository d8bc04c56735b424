"""What comes and goes with the day or the week."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from monitor.alerts.finding import Finding
from monitor.alerts.inhibition import inhibited
from monitor.alerts.lifecycle import Alert
from monitor.steps.memory import Memory
from monitor.steps.recurring import recurs
from monitor.types import Measurement, Window

MONDAY, DAY = datetime(2025, 3, 3, tzinfo=UTC), timedelta(days=1)


def day(number: int, length: timedelta = DAY) -> Window:
    return Window(MONDAY + number * length, MONDAY + (number + 1) * length)


def memory(shifts: list[float], length: timedelta = DAY) -> Memory:
    return Memory(
        (day(number, length), Measurement("mean_shift", abs(shift), column="a", effect=shift))
        for number, shift in enumerate(shifts)
    )


WEEKENDS = [1.2 if number % 7 > 4 else 0.05 for number in range(19)]


@pytest.mark.parametrize(
    ("shifts", "now", "cycle"),
    [
        (WEEKENDS, 1.2, "week"),
        (WEEKENDS[:12], 1.2, None),  # one weekend before is none yet
        (WEEKENDS, 3.0, None),  # more than twice as far off
        (WEEKENDS, -1.2, None),  # the other way
        ([1.2] * 19, 1.2, None),  # it lasts
        ([0.05] * 19, 1.2, None),  # it is new
    ],
)
def test_a_shift_recurs_that_was_there_one_and_two_weeks_ago_and_not_since(
    shifts: list[float], now: float, cycle: str | None
) -> None:
    assert recurs("a", now, day(len(shifts)), memory(shifts)) == cycle


def test_hours_recur_with_the_day() -> None:
    hour = timedelta(hours=1)
    nights = [1.2 if number % 24 < 6 else 0.05 for number in range(48)]
    assert recurs("a", 1.1, day(48, hour), memory(nights, hour)) == "day"
    assert recurs("b", 1.1, day(48, hour), memory(nights, hour)) is None


def test_hours_judged_together_recur_where_others_were_judged_together_before() -> None:
    hour = timedelta(hours=1)
    night = {at for at in range(24 * 15) if at // 24 % 7 == 0 and at % 24 < 6}
    shifts = [1.2 if at in night else 0.05 for at in range(24 * 14 + 6)]
    # at 06:00 of the third Monday 02:00 to 07:00 are judged together; that hour alone was never off
    now, together = day(24 * 14 + 6, hour), Window(MONDAY + 14 * DAY + 2 * hour, MONDAY + 14 * DAY + 7 * hour)
    known = memory(shifts, hour)
    assert recurs("a", 1.0, now, known) is None
    assert recurs("a", 1.0, now, known, stretch=together) == "week"


def test_a_lasting_change_that_recurs_no_more_is_told_as_often_as_it_comes() -> None:
    alert = Alert("f" * 64, "firing", 3, since=MONDAY, fired_at=MONDAY + DAY, window_end=MONDAY + DAY)
    found = Finding(alert, "m", "bias.temporal", "ageing", day(0), transition="fired", value=0.4)
    (settled,) = inhibited([replace(found, evidence={"recurring": None})], [])
    assert settled.transition == "fired"


def test_what_recurs_is_told_twice() -> None:
    told = []
    for episode in (1, 2, 3):
        alert = Alert("f" * 64, "firing", episode, since=MONDAY, fired_at=MONDAY + DAY, window_end=MONDAY + DAY)
        found = Finding(alert, "m", "drift.data", "psi", day(0), column="a", transition="fired", value=0.4)
        (settled,) = inhibited([replace(found, evidence={"recurring": "week"})], [])
        told.append((settled.transition, settled.evidence.get("inhibited_by")))
    assert told == [("fired", None), ("fired", None), (None, "ffffffffffff-2")]
