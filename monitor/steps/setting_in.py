"""When what fires set in, and since when a column was quiet before it drifted."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from monitor.alerts.finding import Finding
from monitor.alerts.lifecycle import UNDER_ALARM, Alert
from monitor.alerts.news import ANSWERED, QUIET, REALISED, STEP_CHANGE
from monitor.alerts.public import before, instant
from monitor.stats.setting_in import BEFORE, first_that_shows, has_set_in
from monitor.store.database import Database
from monitor.store.measurements import read_measurements
from monitor.types import Window

SETTING_IN = ("drift.data", *ANSWERED, REALISED)
BETWEEN = 1
"""The window before the first that breaches may hold both, and counts for neither."""
LOOKED_AT = 3 * BEFORE
"""Of so many windows before the first that breaches, the last that were measured count."""


def noting_onsets(
    database: Database, model: str, stepped: Sequence[Finding], standing: Mapping[str, Mapping[str, Any]]
) -> list[Finding]:
    """Give findings that fire with when they set in, and note of drift since when it was quiet before: `quiet_since`.

    An alert's `since` is then the first window that shows what the surest of those does by which it fired. Both stay as
    they were found in the window in which the alert fired. standing: public alerts by their marks.
    """
    if not any(f.transition == "fired" for f in stepped):
        return [_kept(f, standing) for f in stepped]
    with database.read() as connection:
        return [_noted(connection, model, f) if f.transition == "fired" else _kept(f, standing) for f in stepped]


def _is_drift(finding: Finding) -> bool:
    return finding.kind in SETTING_IN and bool(finding.column or finding.kind == REALISED) and not finding.segment


def _kept(finding: Finding, standing: Mapping[str, Mapping[str, Any]]) -> Finding:
    if not _is_drift(finding):
        return finding
    stood = before(finding, standing)
    if stood is None or finding.alert.state not in UNDER_ALARM or QUIET not in stood["evidence"]:
        return finding
    return replace(finding, evidence={**finding.evidence, QUIET: stood["evidence"][QUIET]})


def _noted(connection: Connection, model: str, finding: Finding) -> Finding:
    now = finding.p_value
    if finding.alert.since is None or now is None:
        return finding
    drift, seen = _is_drift(finding), list[tuple[Window, float]]()
    if (drift and finding.detector != STEP_CHANGE) or len(_begun(finding.alert)) > 1:
        seen = list(_measured(connection, model, finding))
        finding = replace(finding, alert=replace(finding.alert, since=_set_in(finding, seen)))
    since = finding.alert.since
    if not drift or since is None:
        return finding
    if finding.detector == STEP_CHANGE:
        return replace(finding, evidence={**finding.evidence, QUIET: instant(since)})
    earlier = [(window, p_value) for window, p_value in seen if window.end <= since][:-BETWEEN][-BEFORE:]
    later = [p_value for window, p_value in seen if window.start >= since]
    if not has_set_in([p_value for _, p_value in earlier], [*later, now]):
        return finding
    return replace(finding, evidence={**finding.evidence, QUIET: instant(earlier[0][0].start)})


def _begun(alert: Alert) -> list[datetime]:
    """Give the starts of the windows by whose breaches an alert fires."""
    return [start for start in alert.breaches if start]


def _set_in(finding: Finding, seen: Sequence[tuple[Window, float]]) -> datetime | None:
    """Give the start of the first window that shows what the surest of those does by which an alert fires.

    seen: earlier windows with their p-values. One of which none is known keeps its word.
    """
    measured = {window.start: p_value for window, p_value in seen} | {finding.window.start: finding.p_value or 0.0}
    begun = _begun(finding.alert)
    if not measured.keys() >= set(begun) or not begun:
        return finding.alert.since
    return begun[first_that_shows([measured[start] for start in begun])]


def _measured(connection: Connection, model: str, finding: Finding) -> Iterator[tuple[Window, float]]:
    """Give what the finding's detector measured of its column in earlier windows, oldest first."""
    window, since = finding.window, finding.alert.since or finding.window.start
    first = since - LOOKED_AT * (window.end - window.start)
    rows = read_measurements(connection, model=model, detector=finding.detector, since=first, until=window.start)
    for row in rows:
        if (row["column"], row["segment"]) == (finding.column, finding.segment) and row["p_value"] is not None:
            yield Window(row["window_start"], row["window_end"]), row["p_value"]
