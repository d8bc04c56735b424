"""Since when a column was quiet, of the measurements before its drift."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from monitor.alerts.finding import Finding
from monitor.alerts.lifecycle import Alert, fingerprint
from monitor.alerts.public import as_json, instant, mark_of
from monitor.steps.setting_in import noting_onsets
from monitor.store.database import Database
from monitor.store.measurements import Judged, write_measurements
from monitor.store.records import register_model
from monitor.types import Measurement, Window

START, DAY = datetime(2024, 5, 1, tzinfo=UTC), timedelta(days=1)


def day(number: int) -> Window:
    return Window(START + number * DAY, START + (number + 1) * DAY)


def drift(column: str, *, since: int, now: int) -> Finding:
    mark = fingerprint("m", "drift.data", "smooth_test", column)
    alert = Alert(mark, "firing", 1, since=day(since).start, fired_at=day(now).end, window_end=day(now).end)
    return Finding(
        alert, "m", "drift.data", "smooth_test", day(now), column=column, transition="fired", value=0.5, p_value=1e-9
    )


def noted(database: Database, p_values: list[float | None], finding: Finding) -> object:
    with database.write() as connection:
        register_model(connection, "m", now=START)
        for number, p_value in enumerate(p_values):
            here = Measurement("smooth_test", 0.1, column="a", p_value=p_value)
            there = Measurement("smooth_test", 0.1, column="a", segment="g=x", p_value=1e-30)
            write_measurements(connection, "m", day(number), 1, [Judged(one, "drift.data") for one in (here, there)])
    (found,) = noting_onsets(database, "m", [finding], {})
    return found.evidence.get("quiet_since")


@pytest.mark.parametrize(
    ("p_values", "quiet"),
    [
        # the window before the first that breaches may hold a part of it
        ([0.5] * 7 + [0.02, 1e-9], 2),
        # windows that could not be judged do not count
        ([0.5] * 5 + [None, 0.5, 0.5, 1e-9], 1),
        # it was on its way
        ([0.5, 0.5, 0.3, 0.1, 0.03, 0.02, 0.01, 0.01, 1e-9], None),
        ([0.5] * 4 + [None, None, None, 0.02, 1e-9], None),
    ],
)
def test_drift_notes_when_it_fires_since_when_its_column_was_quiet(
    database: Database, p_values: list[float | None], quiet: int | None
) -> None:
    expected = None if quiet is None else instant(day(quiet).start)
    assert noted(database, p_values, drift("a", since=8, now=9)) == expected


def test_what_was_noted_stays_while_it_fires(database: Database) -> None:
    fired = drift("a", since=8, now=9)
    row = as_json(fired) | {"evidence": {"quiet_since": "2024-05-03T00:00:00Z"}}
    (later,) = noting_onsets(database, "m", [drift_later(fired)], {mark_of(row["id"]): row})
    assert later.evidence == {"quiet_since": "2024-05-03T00:00:00Z"}
    (other,) = noting_onsets(database, "m", [drift_later(fired)], {})
    assert other.evidence == {}


def drift_later(fired: Finding) -> Finding:
    return Finding(fired.alert, "m", "drift.data", "smooth_test", day(10), column="a", value=0.5, p_value=1e-9)


@pytest.mark.parametrize(
    ("before", "since"),
    [
        # by chance, a day before what is told of
        (0.01, 9),
        # it was on its way
        (1e-4, 7),
        # nothing is known of the window
        (None, 7),
    ],
)
def test_what_fires_is_told_since_the_first_window_that_shows_it(
    database: Database, before: float | None, since: int
) -> None:
    fired = drift("a", since=7, now=9)
    begun = replace(fired.alert, breaches=(day(7).start, None, day(9).start))
    fired = replace(fired, alert=begun, p_value=1e-40 if since == 9 else 1e-9)
    with database.write() as connection:
        register_model(connection, "m", now=START)
        for number, p_value in ((7, before), (8, 0.3)):
            here = Measurement("smooth_test", 0.1, column="a", p_value=p_value)
            write_measurements(connection, "m", day(number), 1, [Judged(here, "drift.data")])
    (found,) = noting_onsets(database, "m", [fired], {})
    assert found.alert.since == day(since).start
    (alone,) = noting_onsets(database, "m", [replace(fired, alert=replace(begun, breaches=(day(9).start,)))], {})
    assert alone.alert.since == day(9).start
