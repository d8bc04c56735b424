"""`monitor ack`, `monitor resolve`: somebody has taken an alert over, or ends it."""

from pathlib import Path

import typer

from monitor.alerts.phrasing import clock
from monitor.alerts.silence import SILENCED
from monitor.commands.alert_ids import firing_alert
from monitor.commands.opening import configured, reaching_database, watch_named, watching
from monitor.commands.passes import now
from monitor.commands.printing import printable
from monitor.daemon.leasing import leased, owner
from monitor.errors import MonitorError
from monitor.steps.silences import end_by_hand
from monitor.store.silences import acknowledge


def ack(path: Path, asked: str, *, why: str) -> int:
    """Note that an alert's present episode was taken over; ConfigError for an id that is not under alarm."""
    setup = configured(path)
    with watching(setup) as monitor, reaching_database(setup), monitor.database.write() as connection:
        watched = [watch.name for watch in monitor.watches]
        row = firing_alert(connection, asked, place=setup.place, watched=watched)
        episode = int(row["id"].rpartition("-")[2])
        at = acknowledge(connection, row["fingerprint"], episode, now=now(), why=why)
    typer.echo(printable(f"{row['id']}: acknowledged {clock(at)}; its end is told, and nothing else of it"))
    return 0


def resolve(path: Path, asked: str, *, why: str) -> int:
    """End an alert that is under alarm; ConfigError for an id that is not, Busy where a pass goes on for long."""
    setup = configured(path)
    with watching(setup, owner=owner()) as monitor, reaching_database(setup):
        watched = [watch.name for watch in monitor.watches]
        with monitor.database.read() as connection:
            row = firing_alert(connection, asked, place=setup.place, watched=watched)
        # a pass that is under way knows the alert as it was
        with leased(monitor, watch_named(monitor, row["model"], place=setup.place), clock=now) as own:
            ended = end_by_hand(own, row["fingerprint"], why=why, now=now())
    if ended is None:
        raise MonitorError(f"{row['id']}: a pass has just ended it")
    heard = ended.evidence.get("told") and not ended.evidence.get(SILENCED)
    told = "; the next delivery tells those who heard of it" if heard else "; nobody had heard of it"
    typer.echo(f"{row['id']}: resolved{told}")
    return 0
