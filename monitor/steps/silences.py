"""What people do about alerts reaches the messages: a silence that ends, and an alert that is ended by hand."""

from dataclasses import replace
from datetime import datetime

from sqlalchemy import Connection

from monitor.alerts.finding import BY_HAND, Finding
from monitor.alerts.lifecycle import ended
from monitor.alerts.phrasing import said
from monitor.alerts.telling import unsilenced
from monitor.steps.notify import addressed, tell
from monitor.store.alerts import append_event, finding_of, read_alerts, silenced_findings, write_alerts
from monitor.store.silences import read_quieted
from monitor.watch import Monitor


def tell_unsilenced(monitor: Monitor, model: str, *, now: datetime) -> list[Finding]:
    """Tell, once, of what still fires of a model after its silence, and was never told; give what is told.

    The mark that nobody has heard of it goes in the transaction that queues its message.
    """
    with monitor.database.read() as connection:
        if not _heard_now(connection, model, now=now, locked=False):
            return []
    with monitor.database.write() as connection:
        found = addressed(map(unsilenced, _heard_now(connection, model, now=now, locked=True)), monitor)
        write_alerts(connection, found, read_alerts(connection, model))
        tell(connection, monitor, found, now=now)
    return found


def _heard_now(connection: Connection, model: str, *, now: datetime, locked: bool) -> list[Finding]:
    noted = map(read_quieted(connection, now=now).noted, silenced_findings(connection, model, locked=locked))
    return [finding for finding in noted if finding.silenced_until is None]


def end_by_hand(monitor: Monitor, fingerprint: str, *, why: str, now: datetime) -> Finding | None:
    """End an alert that fires with its newest window, and tell that where its firing was queued.

    None where it is not under alarm any more. Whoever calls holds the model's lease.
    """
    with monitor.database.write() as connection:
        before = read_quieted(connection, now=now).noted(finding_of(connection, fingerprint))
        after, transition = ended(before.alert)
        if transition is None:
            return None
        text = "; ".join([before.said, f"{BY_HAND}: {said(why)}" if why else BY_HAND])
        over = replace(before, alert=after, transition=transition, note=BY_HAND, said=text)
        (found,) = addressed([over], monitor)
        write_alerts(connection, [found], {fingerprint: before.alert})
        append_event(connection, found, now=now, why=why)
        tell(connection, monitor, [found], now=now)
    return found
