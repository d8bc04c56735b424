"""Which drift one client brings: one alert tells of all the columns that differ by its rows."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

from monitor.alerts.causes import BROUGHT_BY, SENT_BY
from monitor.alerts.finding import Finding
from monitor.alerts.lifecycle import UNDER_ALARM
from monitor.alerts.public import before
from monitor.detectors.drift import client_drift
from monitor.detectors.suspicion.suspects import client_of
from monitor.profiles.layout import Layout
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
EARLIER = 4
"""What a client sent before is read of so many windows, of a day at least, before an alert began."""


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

    What was found of an episode when it began to fire stays with it. window: all that was judged together. without:
    clients whose rows it does not hold.
    """
    if watch.roles.client is None or not verdict.first:
        return list(stepped)
    known = {f.fingerprint: told for f in stepped if (told := _known(f, standing.rows))}
    news = [f for f in stepped if is_drift(f) and f.alert.fired_at == f.window.end]
    found = _found(database, watch, verdict, news, window=window, nobody=(without, _told_of(standing)))
    found |= _of_what_is_made(stepped, news, known | found, verdict.profiles[WHOLE][0].layout)
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


def _of_broken(finding: Finding) -> Mapping[str, Any] | None:
    """Give the client that sent most of the values by which a column is broken, and few of all rows."""
    sent = finding.evidence.get(SENT_BY) or [{}]
    few = sent[0].get("share", 0.0) >= client_drift.MOST and sent[0]["traffic"] <= client_drift.FEW
    return sent[0] if finding.kind == "quality" and finding.column and few else None


def _told_of(standing: Standing) -> set[str]:
    """Name the clients of which an alert has told: what they have sent since is not usual."""
    told = (row["segment"] for row in standing.rows.values() if row["evidence"].get("told"))
    return {client for segment in told if (client := client_of(segment))}


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
    layout = verdict.profiles[WHOLE][0].layout
    asked = [f for f in news if _is_logged(f, layout) and f.segment in verdict.profiles]
    if not asked:
        return {}
    columns = {column_of(f) for f in asked} | {f.segment.partition("=")[0] for f in asked if f.segment}
    since = min(f.alert.since or window.start for f in asked)
    earlier = Window(since - max(EARLIER * (window.end - window.start), timedelta(days=1)), since)
    with database.read() as connection:
        read = [Sent.read(connection, watch.name, layout.roles, columns, one) for one in (window, earlier)]
    now, then = (sent and sent.without(clients) for sent, clients in zip(read, nobody, strict=True))
    longer = (window.end - window.start) / (earlier.end - earlier.start)
    brought = {f.fingerprint: _brought(f, verdict, now, then, longer) for f in asked if now}
    told = {mark: one for mark, one in brought.items() if one}
    sure = {one.client for one in told.values() if len(asked) * one.chance <= client_drift.CHANCE} | set(nobody[1])
    return {mark: _as_json(one) for mark, one in told.items() if one.client in sure}


def _as_json(one: client_drift.Bringer) -> dict[str, Any]:
    """Give a client that brings a change as it stands in an alert's evidence."""
    told = one._asdict() | {"share": round(one.share, 3), "traffic": round(one.traffic, 4)}
    return {name: part for name, part in told.items() if name != "chance"}


def _is_logged(finding: Finding, layout: Layout) -> bool:
    column = layout.by_name.get(column_of(finding))
    part = finding.segment == WHOLE or is_segment(finding.segment)
    return column is not None and column.role in LOGGED and part


def _brought(
    finding: Finding, verdict: Verdict, now: Sent, then: Sent | None, longer: float
) -> client_drift.Bringer | None:
    """Say which client brings what one alert tells of, by the rows of a window and those before it began.

    longer: how many times as long as the time before the window is.
    """
    reference, current = verdict.profiles[finding.segment]
    column = reference.layout.by_name[column_of(finding)]
    counts = [profile.columns[column.name].counts for profile in (reference, current)]
    found = now.contributed(column, *counts, segment=finding.segment)
    held = then.contributed(column, *counts, segment=finding.segment) if then else []
    rows, earlier = (sum(one.rows for one in parts) for parts in (found, held))
    # as long a time, or as many rows: at night clients that never sleep send more of all rows, and no more
    scale = max(longer, rows / max(earlier, 1))
    usual = {one.client: scale * one.excess for one in held}
    return client_drift.brought_by(found, usual if earlier >= rows else None)


def _of_what_is_made(
    stepped: Iterable[Finding],
    news: Iterable[Finding],
    found: Mapping[str, Mapping[str, Any]],
    layout: Layout,
) -> dict[str, Mapping[str, Any]]:
    """Say of drift of what is made of other columns that the client brings it who brings that of most logged ones."""
    logged = [found.get(f.fingerprint) for f in stepped if is_drift(f) and _is_logged(f, layout)]
    brought = [one for one in logged if one]
    if len({one["client"] for one in brought}) != 1 or 2 * len(brought) < len(logged):
        return {}
    told = max(brought, key=lambda one: float(one["share"]))
    return {f.fingerprint: told for f in news if not _is_logged(f, layout)}
