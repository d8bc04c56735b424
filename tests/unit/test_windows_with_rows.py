"""How long something has lasted is counted in windows that had rows."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from monitor.alerts.finding import Finding
from monitor.alerts.lifecycle import Alert
from monitor.steps.beginnings import Last
from monitor.steps.history import History
from monitor.steps.memory import Memory
from monitor.store.measurements import Judgement
from monitor.types import Measurement, Window

START, DAY = datetime(2024, 1, 1, tzinfo=UTC), timedelta(days=1)
WINDOWS = [Window(START + n * DAY, START + (n + 1) * DAY) for n in range(43)]


def last(every: int) -> Last:
    """Six weeks of days, of which every so many-th had rows, and moved by two from the fourth week on."""
    held = [n % every == 0 for n in range(42)]
    judged = (
        Judgement(window, revision=1, rows=200 * rows, labelled=0, matured=True)
        for window, rows in zip(WINDOWS, held, strict=False)
    )
    shifts = (2.0 if n >= 21 else 0.1 if rows else None for n, rows in enumerate(held))
    found = [
        Measurement("mean_shift", shift if rows else None, column="age", effect=shift if rows else None)
        for shift, rows in zip(shifts, held, strict=True)
    ]
    return Last(Memory(zip(WINDOWS, found, strict=False)), History(judged), lambda _, __: ())


def drift(window: Window) -> Finding:
    alert = Alert("f", "firing", 1, since=WINDOWS[21].start, fired_at=window.end)
    return Finding(alert, "m", "drift.data", "mean_shift", window, column="age", effect=2.0)


def test_a_weekly_batch_has_lasted_as_many_windows_as_batches_came() -> None:
    assert last(7).told(drift(WINDOWS[35])) == ("it came at once and has lasted 3 windows",)
    assert last(7).told(drift(WINDOWS[28])) == ()


def test_days_that_all_have_rows_all_count() -> None:
    assert last(1).told(drift(WINDOWS[35])) == ("it came at once and has lasted 15 windows",)


def test_what_has_not_begun_has_not_lasted() -> None:
    found = drift(WINDOWS[35])
    assert last(1).told(replace(found, alert=replace(found.alert, since=None))) == ()
