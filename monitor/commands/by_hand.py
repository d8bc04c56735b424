"""`monitor ack`, `monitor resolve`: somebody has taken an alert over, or ends it."""

from collections.abc import Iterable, Sequence
from pathlib import Path

import typer
from sqlalchemy import Connection

from monitor.alerts.phrasing import clock
from monitor.alerts.silence import SILENCED
from monitor.commands.alert_ids import Row, firing_alert
from monitor.commands.clock import now
from monitor.commands.opening import configured, configured_to_look, reaching_database, watch_named, watching
from monitor.commands.printing import printable
from monitor.daemon.leasing import leased, owner
from monitor.errors import MonitorError
from monitor.steps.silences import end_by_hand
from monitor.store.silences import acknowledge
from monitor.watch import Monitor


def ack(path: Path, asked: Sequence[str], *, why: str) -> int:
    """Note that the present episodes of alerts were taken over, all or, for an id that is not under alarm, none.

    Raises ConfigError for such an id.
    """
    setup = configured_to_look(path)
    with watching(setup) as monitor, reaching_database(setup), monitor.database.write() as connection:
        taken = {
            row["id"]: acknowledge(connection, row["fingerprint"], _episode(row), now=now(), why=why)
            for row in _firing(connection, monitor, asked, place=setup.place)
        }
    for name, at in taken.items():
        typer.echo(printable(f"{name}: acknowledged {clock(at)}; its end is told, and nothing else of it"))
    return 0


def resolve(path: Path, asked: Sequence[str], *, why: str) -> int:
    """End alerts that are under alarm, one after the other.

    Raises ConfigError, and ends none, for an id that is not; Busy where a pass goes on for long.
    """
    setup = configured(path)
    with watching(setup, owner=owner()) as monitor, reaching_database(setup):
        with monitor.database.read() as connection:
            rows = _firing(connection, monitor, asked, place=setup.place)
        for row in rows:
            # a pass that is under way knows the alert as it was
            with leased(monitor, watch_named(monitor, row["model"], place=setup.place), clock=now) as own:
                ended = end_by_hand(own, row["fingerprint"], why=why, now=now())
            if ended is None:
                raise MonitorError(f"{row['id']}: a pass has just ended it")
            heard = ended.evidence.get("told") and not ended.evidence.get(SILENCED)
            told = "; the next delivery tells those who heard of it" if heard else "; nobody had heard of it"
            typer.echo(f"{row['id']}: resolved{told}")
    return 0


def _firing(connection: Connection, monitor: Monitor, asked: Iterable[str], *, place: str) -> list[Row]:
    watched = [watch.name for watch in monitor.watches]
    found = (firing_alert(connection, one, place=place, watched=watched) for one in asked)
    return list({row["id"]: row for row in found}.values())


def _episode(row: Row) -> int:
    return int(row["id"].rpartition("-")[2])
