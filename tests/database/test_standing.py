"""Who was under an attack alarm in a window stays so, whenever the window is judged."""

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

from monitor.alerts.finding import Finding
from monitor.alerts.lifecycle import Alert, Rule, fingerprint, step
from monitor.detectors.suspicion.suspects import CLIENT
from monitor.steps.standing import Standing
from monitor.store.alerts import read_alerts, write_findings
from monitor.store.database import Database
from monitor.store.records import register_model
from monitor.types import Window

MIDNIGHT = datetime(2026, 3, 1, tzinfo=UTC)
DAY = timedelta(days=1)
OUTCOMES = ("clear", "clear", "breach", "clear", "breach", "clear", "clear", "clear")


def window(day: int) -> Window:
    return Window(MIDNIGHT + (day - 1) * DAY, MIDNIGHT + day * DAY)


def test_windows_judged_again_leave_out_who_was_under_alarm_then_and_nobody_else(database: Database) -> None:
    monitor, watch = (SimpleNamespace(database=database), SimpleNamespace(name="loans"))
    with database.write() as connection:
        register_model(connection, "loans", now=MIDNIGHT)
    asked: Any = (monitor, watch)
    standing, live = Standing.of(*asked), []
    mark = fingerprint("loans", "attack.evasion", "suspected_evasion", "", f"{CLIENT}mallory")
    alert = Alert(mark)
    for day, outcome in enumerate(OUTCOMES, 1):
        live.append(standing.attackers(window(day)))
        alert, told = step(alert, outcome=outcome, window_end=window(day).end, rule=Rule(k=1, m=1, clear=2))  # type: ignore[arg-type]
        labels = ("loans", "attack.evasion", "suspected_evasion", window(day), "", f"{CLIENT}mallory")
        found = Finding(alert, *labels, transition=told, value=20.0)
        with database.write() as connection:
            write_findings(connection, [found], read_alerts(connection, "loans"), now=MIDNIGHT)
        standing.note([found])
    later = Standing.of(*asked)
    again = [later.attackers(window(day)) for day in range(1, len(OUTCOMES) + 1)]
    assert again == live == [set(), set(), set(), *[{"mallory"}] * 4, set()]
