"""Rows of the hour that comes twice when clocks are put back, where times name no zone."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
import pytest

from monitor.config import load
from monitor.profiles.arrow import layout_of, profile_table
from monitor.steps.history import History
from monitor.steps.looks import PUT_BACK, Sight, volume_of
from monitor.steps.memory import Memory
from monitor.store.measurements import Judgement
from monitor.store.references import WHOLE
from monitor.timestamps import times_of, times_read
from monitor.types import Measurement, Roles, Window

HOUR = timedelta(hours=1)
BACK = datetime(2024, 10, 27, 0, tzinfo=UTC)
"""The hour from two to three in Berlin, which comes again."""
CONFIG = """
database: sqlite:///monitor.db
models: {m: {source: {files: a.csv}, columns: {timestamp: at, zone: ZONE}, window: 1h}}
"""


def hour(start: datetime, hours: float = 1) -> Window:
    return Window(start, start + hours * HOUR)


@pytest.mark.parametrize(
    ("zone", "first"),
    [("Europe/Berlin", BACK), ("America/New_York", datetime(2024, 11, 3, 5, tzinfo=UTC))],
)
def test_the_hour_that_comes_twice_is_read_as_its_first(zone: str, first: datetime) -> None:
    window = hour(first - 3 * HOUR, 8)
    moments = [window.start + i * timedelta(minutes=10) for i in range(48)]
    naive = pa.chunked_array([[one.astimezone(ZoneInfo(zone)).replace(tzinfo=None) for one in moments]])
    read = times_of(naive, zone).to_pylist()
    for i in range(8):
        one = hour(window.start + i * HOUR)
        assert times_read(one, zone) == sum(one.start <= moment < one.end for moment in read) / 6


def test_whole_days_other_zones_and_spring_are_read_as_they_are() -> None:
    assert times_read(hour(BACK, 24), "Europe/Berlin") == times_read(hour(BACK, 168), "Europe/Berlin") == 1
    assert times_read(hour(BACK), "UTC") == times_read(hour(BACK), None) == times_read(hour(BACK), "Asia/Tokyo") == 1
    assert [times_read(hour(datetime(2024, 3, 31, at, tzinfo=UTC)), "Europe/Berlin") for at in range(4)] == [1] * 4
    assert times_read(hour(BACK, 0.5), "Australia/Lord_Howe") == 1


def judged(
    rows: int, *, start: datetime, zone: str, at_night: Callable[[datetime], int] = lambda _: 100
) -> Measurement:
    """Judge the rows of one hour after four weeks, in which the others held a hundred each, or so many as is said."""
    table = pa.table({"x": np.random.default_rng(1).normal(size=300)})
    layout = layout_of(table, Roles("at"))
    profile = profile_table(table, layout)
    before = [start - i * HOUR for i in range(1, 28 * 24)]
    held = [Judgement(hour(at), revision=1, rows=at_night(at) + at.day % 9, labelled=0, matured=True) for at in before]
    (found,) = volume_of(
        Sight(
            "m",
            load(CONFIG.replace("ZONE", zone), place="monitor.yaml", environ={}, read=str).models["m"],
            hour(start),
            rows,
            references={WHOLE: profile},
            current={WHOLE: profile},
            pairs={WHOLE: (profile, profile)},
            history=History(held),
            memory=Memory(()),
        )
    )
    return found.measurement


@pytest.mark.parametrize(
    ("rows", "start", "zone", "odd"),
    [
        # times that name no zone: twice the rows, then none
        (204, BACK, "Europe/Berlin", False),
        (0, BACK + HOUR, "Europe/Berlin", False),
        # times that name theirs
        (104, BACK, "Europe/Berlin", False),
        (104, BACK + HOUR, "Europe/Berlin", False),
        # a feed that stops in this hour, or runs twice in it
        (0, BACK, "Europe/Berlin", True),
        (420, BACK, "Europe/Berlin", True),
        (210, BACK + HOUR, "Europe/Berlin", True),
        # the hours beside, and the same one without a zone
        (204, BACK - HOUR, "Europe/Berlin", True),
        (0, BACK + 2 * HOUR, "Europe/Berlin", True),
        (204, BACK, "UTC", True),
    ],
)
def test_twice_the_rows_are_told_but_in_the_hour_that_comes_twice(
    rows: int, start: datetime, zone: str, *, odd: bool
) -> None:
    found = judged(rows, start=start, zone=zone)
    assert (found.value, found.n) == (rows, rows)
    assert (found.p_value is not None and found.p_value < 1e-4) == odd
    assert (found.note == PUT_BACK) == (not rows and start == BACK + HOUR)


def test_nothing_is_compared_with_the_hour_that_came_twice() -> None:
    def night(at: datetime) -> int:
        return {BACK: 210, BACK + HOUR: 0}.get(at, 100)

    later = BACK + timedelta(weeks=1)
    told = [judged(160, start=later, zone=zone, at_night=night) for zone in ("Europe/Berlin", "UTC")]
    assert told[0].p_value < told[1].p_value / 10
    assert told[0].reference < told[1].reference
