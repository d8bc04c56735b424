"""Put what there is to tell into the outbox, for every receiver that the routes name."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from fnmatch import fnmatchcase

from sqlalchemy import Connection

from monitor.alerts.finding import Finding, Group
from monitor.alerts.grouping import grouped, notice_of
from monitor.alerts.silence import is_news
from monitor.alerts.telling import TOLD_TO
from monitor.config import Match
from monitor.store.outbox import enqueue
from monitor.watch import Monitor


def addressed(findings: Iterable[Finding], monitor: Monitor) -> list[Finding]:
    """Note in each finding that is to be told who hears of it, before it is written.

    What is told anew goes where the routes lead now; what becomes of it later also, and its end only, to those who have
    heard of it, as long as one of them is configured.
    """
    found = list(findings)
    routed = {one.fingerprint: receivers_of(group, monitor) for group in grouped(found) for one in group.findings}
    return [
        _to(finding, routed[finding.fingerprint], monitor) if finding.fingerprint in routed else finding
        for finding in found
    ]


def tell(connection: Connection, monitor: Monitor, findings: Iterable[Finding], *, now: datetime) -> None:
    """Queue the messages about findings that are `addressed`, in the transaction that writes them."""
    news = list(filter(is_news, findings))
    for receiver in monitor.receivers:
        for group in grouped((f for f in news if receiver in f.evidence[TOLD_TO]), config=monitor.config):
            enqueue(connection, notice_of(group, receiver, monitor.link), receiver, now=now)


def heard_by(finding: Finding, monitor: Monitor) -> list[str]:
    """Name the receivers that have heard of an alert, where none of them is left those of the routes."""
    known = finding.evidence.get(TOLD_TO)
    left = [receiver for receiver in monitor.receivers if receiver in (known or ())]
    return left if left or known == [] else receivers_of(alone(finding), monitor)


def receivers_of(group: Group, monitor: Monitor) -> list[str]:
    """Name who hears of a group: every receiver without routes, else those of the first route that fits."""
    if not monitor.routes:
        return list(monitor.receivers)
    return next((list(route.to) for route in monitor.routes if fits(route.match, group)), [])


def alone(finding: Finding) -> Group:
    """Give a finding as the only one of its message."""
    return Group(finding.model, finding.kind, finding.transition or "fired", (finding,))


def _to(finding: Finding, routed: list[str], monitor: Monitor) -> Finding:
    to = routed
    if TOLD_TO in finding.evidence:
        heard = heard_by(finding, monitor)
        to = heard if finding.transition == "resolved" else [one for one in monitor.receivers if one in heard + routed]
    return replace(finding, evidence={**finding.evidence, TOLD_TO: to})


def fits(match: Match, group: Group) -> bool:
    """Say whether a group fits a route's patterns; any of its findings may have the severity."""
    severities = {finding.severity for finding in group.findings}
    return (
        fnmatchcase(group.model, match.model or "*")
        and fnmatchcase(group.kind, match.kind or "*")
        and any(fnmatchcase(severity, match.severity or "*") for severity in severities)
    )
