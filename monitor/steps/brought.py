"""Which drift one client brings: one alert tells of all the columns that differ by its rows."""

import math
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import chain
from typing import Any

from monitor.alerts.causes import BROKEN_BY, BROUGHT_BY
from monitor.alerts.finding import Finding
from monitor.alerts.lifecycle import UNDER_ALARM
from monitor.alerts.public import before
from monitor.detectors.drift import client_drift
from monitor.detectors.suspicion.suspects import client_of
from monitor.profiles.contributions import Contribution
from monitor.steps.about_clients import KINDS, about_clients, column_of, is_drift
from monitor.steps.parts import is_segment
from monitor.steps.sent import Sent
from monitor.steps.standing import Standing
from monitor.steps.verdict import Verdict
from monitor.store.database import Database
from monitor.store.references import WHOLE
from monitor.types import Window
from monitor.watch import Watch

LOGGED = ("feature", "sensitive", "prediction", "score")
"""Roles of columns whose values stand in the records."""
EARLIER = (1, 2, 3, 4)
"""What a client sent before is read of so many windows before an alert began."""
DAYS, WEEK = (timedelta(days=1), timedelta(days=2)), timedelta(weeks=1)
"""And of those as long ago: who sends a batch each night, or yesterday's rows, does so at its hour and weekday."""
GONE = client_drift.MOST / 2
"""A client that sent less of a change no longer brings it."""


def with_brought(
    database: Database,
    watch: Watch,
    verdict: Verdict,
    stepped: Sequence[Finding],
    *,
    standing: Standing,
    window: Window,
    without: Collection[str],
) -> list[Finding]:
    """Give a window's findings, drift that begins to fire with the client that brings it, and what is told of these.

    What was found of an episode when it began to fire stays with it, until it goes on without that client. window: all
    that was judged together. without: clients whose rows it does not hold.
    """
    if watch.roles.client is None or not verdict.first:
        return list(stepped)
    known = {f.fingerprint: told for f in stepped if (told := _known(f, standing.rows))}
    news = [f for f in stepped if is_drift(f) and f.alert.fired_at == f.window.end]
    nobody = without, _told_of(standing)
    known = _still(database, watch, verdict, known, stepped, window=window, nobody=nobody)
    found = _found(database, watch, verdict, news, window=window, nobody=nobody)
    found |= _of_what_is_made(stepped, news, known | found, verdict)
    of_each = known | found | {f.fingerprint: told for f in stepped if (told := _of_broken(f))}
    marked = [
        replace(f, evidence={**f.evidence, BROUGHT_BY: of_each[f.fingerprint]}) if f.fingerprint in of_each else f
        for f in stepped
    ]
    return [*marked, *about_clients(watch, verdict, marked, standing)]


def _known(finding: Finding, rows: Mapping[str, Mapping[str, Any]]) -> Mapping[str, Any] | None:
    """Give what was found of an alert that goes on."""
    stood = before(finding, rows)
    goes_on = stood is not None and stood["state"] in UNDER_ALARM and finding.alert.state != "pending"
    return stood["evidence"].get(BROUGHT_BY) if stood and goes_on and finding.kind in KINDS else None


def _still(
    database: Database,
    watch: Watch,
    verdict: Verdict,
    known: Mapping[str, Mapping[str, Any]],
    stepped: Sequence[Finding],
    *,
    window: Window,
    nobody: tuple[Collection[str], Collection[str]],
) -> dict[str, Mapping[str, Any]]:
    """Leave out what goes on in a window that holds too few of its client's rows to make it."""
    lasts = [f for f in stepped if f.fingerprint in known and is_drift(f) and _is_logged(f, verdict)]
    asked = [f for f in lasts if f.segment in verdict.profiles]
    if not asked:
        return dict(known)
    now, _ = _read(database, watch, verdict, asked, windows=[window], nobody=(nobody[0], ()))
    gone = {f.fingerprint for f in asked if now and _part_of(known[f.fingerprint]["client"], f, verdict, now) < GONE}
    return {mark: told for mark, told in known.items() if mark not in gone}


def _part_of(client: str, finding: Finding, verdict: Verdict, now: Sent) -> float:
    """Give a client's part in a change, of all parts that go its way."""
    parts = {one.client: max(one.excess, 0.0) for one in _contributed(finding, verdict, now)}
    total = sum(parts.values())
    return parts.get(client, 0.0) / total if total else 1.0


def _of_broken(finding: Finding) -> Mapping[str, Any] | None:
    """Give the client that sent most of the values by which a column is broken, and few of all rows."""
    sent = finding.evidence.get(BROKEN_BY) or [{}]
    few = sent[0].get("share", 0.0) >= client_drift.MOST and sent[0]["traffic"] <= client_drift.FEW
    return sent[0] if finding.kind == "quality" and finding.column and few else None


def _told_of(standing: Standing) -> set[str]:
    """Name the clients of which an alert tells: what they have sent is not usual."""
    rows = (row for row in standing.rows.values() if row["state"] in UNDER_ALARM and row["evidence"].get("told"))
    return {client for row in rows if (client := client_of(row["segment"]))}


def _found(
    database: Database,
    watch: Watch,
    verdict: Verdict,
    news: Sequence[Finding],
    *,
    window: Window,
    nobody: tuple[Collection[str], Collection[str]],
) -> dict[str, Mapping[str, Any]]:
    """Say by fingerprint which client brings the drift of columns whose values are logged.

    nobody: clients whose rows are those of nobody, in the window and before.
    """
    asked = [f for f in news if _is_logged(f, verdict) and f.segment in verdict.profiles]
    if not asked:
        return {}
    since = min(f.alert.since or window.start for f in asked)
    like, last = _like(window, since)
    now, then = _read(database, watch, verdict, asked, windows=[window, *like, *last], nobody=nobody)
    known = any(then[: len(like)])
    brought = {f.fingerprint: _brought(f, verdict, now, [one for one in then if one], known=known) for f in asked}
    told = {mark: one for mark, one in brought.items() if one}
    sure = {one.client for one in told.values() if len(asked) * one.chance <= client_drift.CHANCE} | set(nobody[1])
    return {mark: _as_json(one) for mark, one in told.items() if one.client in sure}


def _read(
    database: Database,
    watch: Watch,
    verdict: Verdict,
    asked: Sequence[Finding],
    *,
    windows: Sequence[Window],
    nobody: tuple[Collection[str], Collection[str]],
) -> tuple[Sent | None, list[Sent | None]]:
    """Read by client what the first of some windows holds, and what each of the others does."""
    roles = verdict.profiles[WHOLE][0].layout.roles
    columns = {column_of(f) for f in asked} | {f.segment.partition("=")[0] for f in asked if f.segment}
    with database.read() as connection:
        now, *then = [Sent.read(connection, watch.name, roles, columns, one) for one in windows]
    return now and now.without(nobody[0]), [one and one.without(nobody[1]) for one in then]


def _like(window: Window, since: datetime) -> tuple[list[Window], list[Window]]:
    """Give the windows before a time that tell what is usual in this one: those of its hour or weekday, and the last.

    Windows of a day are like those of their weekday only, and those of a week or more like the last ones.
    """
    length = window.end - window.start
    last = [Window(since - turn * length, since - (turn - 1) * length) for turn in EARLIER]
    if length >= WEEK:
        return last, []
    weeks = max(-((since - window.end) // WEEK), 1)
    hours = (window.earlier(cycle) for cycle in DAYS if length < DAYS[0])
    return [window.earlier(weeks * WEEK), *(one for one in hours if one.end <= since)], last


def _as_json(one: client_drift.Bringer) -> dict[str, Any]:
    """Give a client that brings a change as it stands in an alert's evidence."""
    told = one._asdict() | {"share": round(one.share, 3), "traffic": round(one.traffic, 4)}
    return {name: part for name, part in told.items() if name != "chance"}


def _is_logged(finding: Finding, verdict: Verdict) -> bool:
    column = verdict.profiles[WHOLE][0].layout.by_name.get(column_of(finding))
    part = finding.segment == WHOLE or is_segment(finding.segment)
    return column is not None and column.role in LOGGED and part


def _contributed(finding: Finding, verdict: Verdict, sent: Sent, *, own: bool = False) -> list[Contribution]:
    """Give each client's part, in some rows, in the change that an alert tells of; own: in how these rows differ."""
    reference, current = verdict.profiles[finding.segment]
    column = reference.layout.by_name[column_of(finding)]
    before, after = (profile.columns[column.name].counts for profile in (reference, current))
    return sent.contributed(column, before, None if own else after, segment=finding.segment)


def _brought(
    finding: Finding, verdict: Verdict, now: Sent | None, then: Sequence[Sent], *, known: bool
) -> client_drift.Bringer | None:
    """Say which client brings what one alert tells of, by the rows of a window and those of windows before it.

    A client's usual part is the largest that it had in any of these, in this change or in that window's own: who sends
    a clump of like rows each night brings another change each night. known: whether any was of this hour or weekday;
    else, and where they hold fewer rows together, nobody knows what clients that sent some before do then, and of
    hours nothing, since some send once a day.
    """
    found, held = ([_contributed(finding, verdict, one) for one in sent] for sent in ([now] if now else [], then))
    rows, earlier = (sum(one.rows for parts in each for one in parts) for each in (found, held))
    young = not known and finding.window.end - finding.window.start < DAYS[0]
    if not found or not earlier or young:
        return None
    usual, told = dict[str, float](), known and earlier >= rows
    theirs = (_contributed(finding, verdict, one, own=True) for one in then)
    for one in chain.from_iterable(chain(held, theirs)):
        usual[one.client] = max(usual.get(one.client, 0.0), one.excess if told else math.inf)
    parts = dict[str, float]()
    for each in held:
        sent = sum(one.rows for one in each)
        parts |= {one.client: max(parts.get(one.client, 0.0), one.rows / sent) for one in each if one.rows}
    small = {one.client for one in found[0] if told and parts.get(one.client, 0.0) <= client_drift.SMALL}
    return client_drift.brought_by(found[0], usual, whole=verdict.profiles[WHOLE][1].rows, small=small)


def _of_what_is_made(
    stepped: Iterable[Finding],
    news: Iterable[Finding],
    found: Mapping[str, Mapping[str, Any]],
    verdict: Verdict,
) -> dict[str, Mapping[str, Any]]:
    """Say of drift of what is made of other columns that the client brings it who brings that of most logged ones."""
    logged = [found.get(f.fingerprint) for f in stepped if is_drift(f) and _is_logged(f, verdict)]
    brought = [one for one in logged if one]
    if len({one["client"] for one in brought}) != 1 or 2 * len(brought) < len(logged):
        return {}
    told = max(brought, key=lambda one: float(one["share"]))
    return {f.fingerprint: told for f in news if not _is_logged(f, verdict)}
