"""Put what there is to tell into the outbox, for every receiver that the routes name."""

from collections.abc import Iterable
from datetime import datetime
from fnmatch import fnmatchcase

from sqlalchemy import Connection

from monitor.alerts.finding import Finding, Group
from monitor.alerts.grouping import grouped, notice_of
from monitor.config import Match
from monitor.store.outbox import enqueue
from monitor.watch import Monitor


def tell(connection: Connection, monitor: Monitor, findings: Iterable[Finding], *, now: datetime) -> None:
    """Queue the messages about a window's findings, in the transaction that writes them."""
    for group in grouped(findings, config=monitor.config):
        for receiver in receivers_of(group, monitor):
            enqueue(connection, notice_of(group, receiver, monitor.link), receiver, now=now)


def receivers_of(group: Group, monitor: Monitor) -> list[str]:
    """Name who hears of a group: every receiver without routes, else those of the first route that fits."""
    if not monitor.routes:
        return list(monitor.receivers)
    return next((list(route.to) for route in monitor.routes if fits(route.match, group)), [])


def fits(match: Match, group: Group) -> bool:
    """Say whether a group fits a route's patterns; any of its findings may have the severity."""
    severities = {finding.severity for finding in group.findings}
    return (
        fnmatchcase(group.model, match.model or "*")
        and fnmatchcase(group.kind, match.kind or "*")
        and any(fnmatchcase(severity, match.severity or "*") for severity in severities)
    )
