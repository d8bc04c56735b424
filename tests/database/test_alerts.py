"""Alerts come back as they went in, with the keys that users rely on."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select, update

from monitor.alerts.finding import Finding
from monitor.alerts.lifecycle import Alert, Rule, fingerprint, step
from monitor.alerts.public import as_json, instant
from monitor.render import views
from monitor.store.alerts import alert_rows, append_event, read_alerts, write_alerts, write_findings
from monitor.store.database import Database
from monitor.store.records import register_model
from monitor.store.schema import alert as kept
from monitor.store.schema import alert_event
from monitor.types import Window

MIDNIGHT = datetime(2013, 5, 14, tzinfo=UTC)
DAY = timedelta(days=1)
NAME = fingerprint("flights", "quality", "missing_share", "visib")


def finding(alert: Alert, day: int = 0, value: float | None = 0.3) -> Finding:
    window = Window(MIDNIGHT + (day - 1) * DAY, MIDNIGHT + day * DAY)
    labels = {"model": "flights", "kind": "quality", "detector": "missing_share", "column": "visib"}
    measured = {"value": value, "p_value": 1e-200, "effect": 0.29, "threshold": 0.05, "n": 412}
    return Finding(alert, window=window, severity="critical", evidence={"told": True}, **labels, **measured)


@pytest.fixture
def flights(database: Database) -> Database:
    with database.write() as connection:
        register_model(connection, "flights", now=MIDNIGHT)
    return database


def write(database: Database, found: Finding) -> None:
    with database.write() as connection:
        write_alerts(connection, [found], read_alerts(connection, found.model))


def read(database: Database, model: str = "flights") -> dict[str, Alert]:
    with database.read() as connection:
        return read_alerts(connection, model)


def test_an_alert_comes_back_equal_after_every_step(flights: Database) -> None:
    alert = Alert(NAME)
    for day, outcome in enumerate(["breach", "insufficient", "breach", "clear", "clear", "breach", "breach"]):
        end = MIDNIGHT + day * DAY
        alert, _ = step(alert, outcome=outcome, window_end=end, rule=Rule(k=2, m=3, clear=2))  # type: ignore[arg-type]
        write(flights, finding(alert, day))
        assert read(flights) == {NAME: alert}
    assert read(flights, "other") == {}


def test_a_row_is_the_public_alert_of_its_finding(flights: Database) -> None:
    found = finding(Alert(NAME, "firing", 2, MIDNIGHT - DAY, MIDNIGHT, None, (MIDNIGHT - DAY, None), 0, MIDNIGHT))
    write(flights, found)
    with flights.read() as connection:
        rows = alert_rows(connection)
        assert alert_rows(connection, model="flights", state="firing") == rows
        assert alert_rows(connection, state="resolved") == alert_rows(connection, model="other") == []
    assert rows == [as_json(found)]
    assert list(rows[0]) == list(as_json(found))
    assert (rows[0]["id"], rows[0]["window_end"]) == (NAME[:12] + "-2", "2013-05-14T00:00:00Z")


def test_an_attack_is_since_its_first_suspicious_record_and_steps_from_its_first_window(flights: Database) -> None:
    alert = Alert(NAME, "firing", 1, MIDNIGHT - DAY, MIDNIGHT, None, (MIDNIGHT - DAY,), 0, MIDNIGHT)
    first = {"first_suspicious_record": {"id": "a1", "time": "2013-05-13T18:03:12Z"}}
    found = replace(finding(alert), kind="attack.evasion", evidence=first)
    write(flights, found)
    with flights.read() as connection:
        assert alert_rows(connection) == [as_json(found)]
        (shown,) = views.alerts(connection)
    assert as_json(found)["since"] == instant(shown["since"]) == "2013-05-13T18:03:12Z"
    assert read(flights) == {NAME: alert}


def test_what_fires_keeps_what_was_seen_last_where_a_window_tells_nothing(flights: Database) -> None:
    alert = Alert(NAME, "firing", 1, MIDNIGHT, MIDNIGHT, None, (MIDNIGHT, MIDNIGHT), 0, MIDNIGHT)
    write(flights, finding(alert, 0))
    later = replace(alert, window_end=MIDNIGHT + DAY)
    write(flights, replace(finding(later, 1, value=None), p_value=None, effect=None, n=0, evidence={}))
    assert read(flights) == {NAME: later}
    with flights.read() as connection:
        (row,) = alert_rows(connection)
    seen = {key: row[key] for key in ("value", "p_value", "n", "evidence", "window_end")}
    assert seen == {
        "value": 0.3,
        "p_value": 1e-200,
        "n": 412,
        "evidence": {"told": True},
        "window_end": "2013-05-15T00:00:00Z",
    }
    over = replace(later, state="resolved", resolved_at=MIDNIGHT + 2 * DAY, window_end=MIDNIGHT + 2 * DAY)
    write(flights, finding(over, 2, value=0.01))
    with flights.read() as connection:
        assert alert_rows(connection)[0]["value"] == 0.01


def test_what_waits_to_clear_without_a_number_is_kept_where_it_says_why(flights: Database) -> None:
    alert = Alert(NAME, "firing", 1, MIDNIGHT, MIDNIGHT, None, (MIDNIGHT, MIDNIGHT), 0, MIDNIGHT)
    write(flights, finding(alert, 0))
    later = replace(alert, state="recovering", clears=1, window_end=MIDNIGHT + DAY)
    write(flights, replace(finding(later, 1, value=None), said="the version is gone; quiet since then"))
    with flights.read() as connection:
        assert alert_rows(connection)[0]["text"] == "the version is gone; quiet since then"


def test_breaches_that_were_kept_without_their_times_began_with_the_alert(flights: Database) -> None:
    pending = Alert(NAME, "pending", 0, MIDNIGHT, None, None, (MIDNIGHT, None), 0, MIDNIGHT)
    write(flights, finding(pending))
    with flights.write() as connection:
        connection.execute(update(kept).values(breaches=[True, False]))
    assert read(flights) == {NAME: pending}


def test_what_never_breached_needs_no_row(flights: Database) -> None:
    write(flights, finding(Alert(NAME, breaches=(None,), window_end=MIDNIGHT)))
    assert read(flights) == {}


def test_an_older_window_changes_nothing(flights: Database) -> None:
    alert = Alert(NAME, "firing", 1, MIDNIGHT, MIDNIGHT, window_end=MIDNIGHT + DAY)
    write(flights, finding(alert, 1, value=0.3))
    write(flights, finding(alert, 0, value=0.9))
    with flights.read() as connection:
        assert alert_rows(connection)[0]["value"] == 0.3


def test_events_keep_the_order_of_changes(flights: Database) -> None:
    alert = Alert(NAME, "pending", 0, MIDNIGHT, window_end=MIDNIGHT)
    for found in (finding(alert), finding(replace(alert, state="firing", episode=1), value=float("nan"))):
        with flights.write() as connection:
            write_alerts(connection, [found], read_alerts(connection, found.model))
            append_event(connection, found, now=MIDNIGHT + DAY)
    with flights.read() as connection:
        order = select(alert_event.c.state, alert_event.c.episode, alert_event.c.value).order_by(alert_event.c.id)
        rows = [tuple(row) for row in connection.execute(order)]
    assert rows == [("pending", 0, 0.3), ("firing", 1, None)]


def test_only_changes_of_state_make_events(flights: Database) -> None:
    rule, quiet = Rule(k=1, m=1, clear=2), Alert(fingerprint("flights", "quality", "missing_share", "wind"))
    for day, outcome in enumerate(["clear", "breach", "breach", "clear", "clear", "clear"]):
        end = MIDNIGHT + day * DAY
        with flights.write() as connection:
            before = read_alerts(connection, "flights")
            known = before.get(NAME, Alert(NAME))
            alert, _ = step(known, outcome=outcome, window_end=end, rule=rule)  # type: ignore[arg-type]
            write_findings(connection, [finding(alert, day), finding(quiet, day)], before, now=end)
    with flights.read() as connection:
        states = connection.execute(select(alert_event.c.state).order_by(alert_event.c.id)).scalars().all()
    assert states == ["firing", "recovering", "resolved"]
    assert list(read(flights)) == [NAME]
