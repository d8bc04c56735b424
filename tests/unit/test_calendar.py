"""A reference's calendar: its counts beside those of datetime, and what of a window it does not cover."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pyarrow as pa
import pytest

from monitor.detectors.temporal.model_age import model_age
from monitor.detectors.temporal.story import beside
from monitor.detectors.temporal.uncovered_time_share import uncovered_time_share
from monitor.profiles.arrow import layout_of
from monitor.profiles.calendar import Calendar, calendar_of
from monitor.profiles.layout import Layout
from monitor.types import Roles, Window

DAY, HOUR = timedelta(days=1), timedelta(hours=1)
STAMP = pa.timestamp("us", "UTC")


def at(month: int, day: int, hour: int = 0, *, year: int = 2013) -> datetime:
    return datetime(year, month, day, hour, tzinfo=UTC)


def calendar(times: list[datetime]) -> Calendar:
    made = calendar_of(pa.chunked_array([pa.array(times, STAMP)]))
    assert made is not None
    return made


# January and February, all weekdays, 06:00 to 22:00, six rows an hour
TEN_MINUTES = timedelta(minutes=10)
SERVED_TIMES = [
    at(1, 1) + d * DAY + h * HOUR + m * TEN_MINUTES for d in range(59) for h in range(6, 22) for m in range(6)
]
SERVED = calendar(SERVED_TIMES)


def test_rows_are_counted_as_datetime_counts_them() -> None:
    rng = np.random.default_rng(1)
    times = [at(1, 1, year=1969) + timedelta(seconds=int(s)) for s in rng.integers(0, 10**9, 500)]
    made = calendar(times)
    assert made.months.tolist() == [sum(t.month == m for t in times) for m in range(1, 13)]
    cells = [[sum((t.weekday(), t.hour) == (d, h) for t in times) for h in range(24)] for d in range(7)]
    assert made.hours.tolist() == cells
    assert (made.first, made.last) == (min(times), max(times))
    assert calendar_of(pa.chunked_array([], STAMP)) is None


def test_weekdays_on_which_nothing_comes_are_not_missed_in_a_reference() -> None:
    mondays = [at(1, 7) + w * 7 * DAY + 3 * HOUR + m * TEN_MINUTES for w in range(16) for m in range(6)]
    batches, week = calendar(mondays), Window(at(4, 8), at(4, 15))
    now = calendar([at(4, 8, 3) + m * TEN_MINUTES for m in range(6)]).hours
    assert batches.uncovered([week]).times == ("Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
    told = beside(batches, [week], lambda _: now)
    assert told["times"] == []
    (measured,) = uncovered_time_share(batches, week, 100, lambda _: now)
    assert (measured.value, measured.note) == (0.0, "")
    # a second batch, which is new
    now[3, 4] = 100
    assert beside(batches, [week], lambda _: now)["times"] == ["Thursday"]
    # where records are not kept any more, all are named
    assert len(beside(batches, [week], lambda _: None)["times"]) == 6


def test_a_layout_keeps_its_calendar_and_means_the_same_without() -> None:
    plain = layout_of(pa.table({"x": [1.0, 2.0, 3.0]}), Roles("at"))
    dated = replace(plain, calendar=SERVED)
    again = Layout.unpacked(dated.packed())
    assert again.calendar is not None
    assert again.calendar.described() == SERVED.described()
    assert again.digest == dated.digest == plain.digest
    assert Layout.unpacked(plain.packed()).calendar is None


WINDOWS = {
    # the hours of a night are not missed within a day
    "a day of a month that it holds": (at(2, 5), at(2, 6), 0.0, ""),
    "an hour that it holds": (at(1, 7, 9), at(1, 7, 10), 0.0, ""),
    "a day of September": (at(9, 5), at(9, 6), 1.0, "the reference holds no rows of September"),
    "a week that begins in February": (at(2, 25), at(3, 4), 3 / 7, "the reference holds no rows of March"),
    "an hour of the night": (at(1, 7, 3), at(1, 7, 4), 1.0, "the reference holds no rows of Monday 03:00 to 04:00"),
    "six hours, some of them held": (at(1, 7), at(1, 7, 12), 0.0, ""),
}


@pytest.mark.parametrize("name", WINDOWS)
def test_what_the_reference_does_not_hold_is_named(name: str) -> None:
    start, end, share, said = WINDOWS[name]
    (found,) = uncovered_time_share(SERVED, Window(start, end), 100)
    assert found.value == pytest.approx(share)
    assert found.note == said


def test_a_few_stray_rows_are_hardly_any() -> None:
    stray = calendar([*SERVED_TIMES, *[at(3, 1)] * 9])
    (found,) = uncovered_time_share(stray, Window(at(3, 1), at(3, 2)), 9)
    assert (found.value, found.evidence) == (1.0, {"months": ["March"], "times": []})
    assert found.note == "the reference holds hardly any rows of March"


def test_a_small_reference_is_not_said_to_lack_what_it_had_no_room_for() -> None:
    few = calendar([at(1, 1) + 7 * i * HOUR for i in range(55)])
    assert few.uncovered([Window(at(9, 5), at(9, 6))]).share == 0.0
    assert few.uncovered([Window(at(1, 8, 3), at(1, 8, 4))]).share == 0.0


def test_the_age_counts_from_the_last_record_and_is_zero_within_its_time() -> None:
    window = Window(at(9, 26), at(9, 27))
    (found,) = model_age(calendar([at(1, 1), at(3, 1)]), window, 10)
    assert found.value == 210.0
    assert [m.value for m in model_age(SERVED, Window(at(1, 5), at(1, 6)), 10)] == [0.0]


def test_without_times_or_rows_there_is_no_answer() -> None:
    window = Window(at(1, 1), at(1, 2))
    found = [
        *model_age(None, window, 1),
        *uncovered_time_share(None, window, 1),
        *uncovered_time_share(SERVED, window, 0),
    ]
    assert [m.value for m in found] == [None] * 3
    assert [m.note for m in found] == ["the reference has no times"] * 2 + ["no rows in this window"]


def test_the_story_tells_the_reference_beside_the_changed_windows() -> None:
    told = beside(SERVED, [Window(at(2, 28) + i * DAY, at(3, 1) + i * DAY) for i in range(4)])
    assert told["last"] == "2013-02-28T21:50:00Z"
    assert told["age"] == pytest.approx(3 + 130 / 1440)
    assert (told["uncovered_share"], told["months"], told["times"], told["never"]) == (0.75, ["March"], [], True)


def test_rows_are_usual_that_came_on_average_at_these_hours_of_the_week() -> None:
    tuesday, night = Window(at(3, 5, 9), at(3, 5, 11)), Window(at(3, 5, 1), at(3, 5, 3))
    assert (SERVED.rows_usual_in(tuesday), SERVED.rows_usual_in(night)) == (12.0, 0.0)
    ended = calendar([time for time in SERVED_TIMES if time < at(1, 15, 10)])
    assert ended.rows_usual_in(Window(at(3, 5, 9), at(3, 5, 10))) == 6.0
    once = calendar([time for time in SERVED_TIMES if time < at(1, 8)])
    assert once.rows_usual_in(tuesday) == 0.0
