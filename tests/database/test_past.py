"""Alerts that are over are listed where the links of their messages lead."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from monitor.alerts.finding import Finding
from monitor.alerts.lifecycle import Alert, Rule, fingerprint, step
from monitor.alerts.public import alert_id
from monitor.render.past import past_of
from monitor.store.alerts import read_alerts, write_findings
from monitor.store.database import Database
from monitor.store.records import register_model
from monitor.types import Window

MIDNIGHT, DAY = datetime(2024, 5, 14, tzinfo=UTC), timedelta(days=1)


def played(database: Database, column: str, outcomes: str, *, told: bool = True) -> str:
    """Play windows, `!` for one that breaches and `.` for a clear one; gives the alert's fingerprint."""
    name = fingerprint("flights", "quality", "missing_share", column)
    alert, rule = Alert(name), Rule(k=1, m=1, clear=1)
    for day, sign in enumerate(outcomes, 1):
        end = MIDNIGHT + day * DAY
        alert, _ = step(alert, outcome="breach" if sign == "!" else "clear", window_end=end, rule=rule)
        found = Finding(alert, "flights", "quality", "missing_share", Window(end - DAY, end), column=column)
        found = replace(found, value=0.3 if sign == "!" else 0.0, n=day, evidence={"told": told}, said=f"day {day}")
        with database.write() as connection:
            register_model(connection, "flights", now=MIDNIGHT)
            write_findings(connection, [found], read_alerts(connection, "flights"), now=end)
    return name


def test_every_episode_that_is_over_is_listed_with_what_it_fired_for(database: Database) -> None:
    twice, goes_on = played(database, "visib", ".!!..!."), played(database, "temp", ".!!")
    silent = played(database, "wind", "!.", told=False)
    with database.read() as connection:
        past = past_of(connection, "flights")
        assert past_of(connection, "other") == []
    assert [one["id"] for one in past] == [alert_id(twice, 2), alert_id(twice, 1)]
    second, first = past
    assert (first["fired_at"], first["resolved_at"]) == (MIDNIGHT + 2 * DAY, MIDNIGHT + 4 * DAY)
    assert (first["value"], first["n"], first["column"], first["text"]) == (0.3, 2, "visib", "")
    assert (second["n"], second["text"]) == (6, "day 7")
    assert not {alert_id(goes_on, 1), alert_id(silent, 1)} & {one["id"] for one in past}
