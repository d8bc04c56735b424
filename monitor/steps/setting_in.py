"""Since when a column was as it is known, before it drifted: so that what began later is told beside what fires."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import Connection

from monitor.alerts.finding import Finding
from monitor.alerts.lifecycle import UNDER_ALARM
from monitor.alerts.news import ANSWERED, QUIET, REALISED, STEP_CHANGE
from monitor.alerts.public import before, instant
from monitor.stats.setting_in import BEFORE, has_set_in
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
    """Note in the evidence of drift that fires since when it was quiet, where it set in after that: `quiet_since`.

    It stays as it was found in the window in which the alert fired. standing: public alerts by their marks.
    """
    drifts = [f.kind in SETTING_IN and bool(f.column or f.kind == REALISED) and not f.segment for f in stepped]
    begun = any(drift and f.transition == "fired" for f, drift in zip(stepped, drifts, strict=True))
    if not begun:
        return [_kept(f, standing) if drift else f for f, drift in zip(stepped, drifts, strict=True)]
    with database.read() as connection:
        return [
            f if not drift else _noted(connection, model, f) if f.transition == "fired" else _kept(f, standing)
            for f, drift in zip(stepped, drifts, strict=True)
        ]


def _kept(finding: Finding, standing: Mapping[str, Mapping[str, Any]]) -> Finding:
    stood = before(finding, standing)
    if stood is None or finding.alert.state not in UNDER_ALARM or QUIET not in stood["evidence"]:
        return finding
    return replace(finding, evidence={**finding.evidence, QUIET: stood["evidence"][QUIET]})


def _noted(connection: Connection, model: str, finding: Finding) -> Finding:
    since = finding.alert.since
    if since is None or finding.p_value is None:
        return finding
    if finding.detector == STEP_CHANGE:
        return replace(finding, evidence={**finding.evidence, QUIET: instant(since)})
    seen = list(_measured(connection, model, finding))
    earlier = [(window, p_value) for window, p_value in seen if window.end <= since][:-BETWEEN][-BEFORE:]
    later = [p_value for window, p_value in seen if window.start >= since]
    if not has_set_in([p_value for _, p_value in earlier], [*later, finding.p_value]):
        return finding
    return replace(finding, evidence={**finding.evidence, QUIET: instant(earlier[0][0].start)})


def _measured(connection: Connection, model: str, finding: Finding) -> Iterator[tuple[Window, float]]:
    """Give what the finding's detector measured of its column in earlier windows, oldest first."""
    window, since = finding.window, finding.alert.since or finding.window.start
    first = since - LOOKED_AT * (window.end - window.start)
    rows = read_measurements(connection, model=model, detector=finding.detector, since=first, until=window.start)
    for row in rows:
        if (row["column"], row["segment"]) == (finding.column, "") and row["p_value"] is not None:
            yield Window(row["window_start"], row["window_end"]), row["p_value"]
