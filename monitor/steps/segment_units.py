"""A column that holds another unit in the rows of one segment: the fault of one source, one country or one app."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from monitor.alerts.finding import Finding
from monitor.alerts.lifecycle import PRESENT
from monitor.alerts.origin import Origin
from monitor.alerts.phrasing import shown
from monitor.steps.displaced import unit_of
from monitor.steps.parts import is_segment
from monitor.steps.reasons import Reason
from monitor.steps.verdict import Verdict

KIND, LEAST = "drift.data", 0.25
"""Where the rows of one segment alone left at once, values that are spread a little wider tell the unit, too."""
Units = Mapping[str, Mapping[str, str]]


def units_in_segments(
    stepped: Iterable[Finding],
    verdict: Verdict,
    standing: Iterable[Mapping[str, Any]],
    came_at_once: Callable[[Finding], bool],
) -> Units:
    """Give, by segment and column, what tells of another unit, now or in an alert of the segment that stands.

    Only of numbers that came there at once: what creeps, as weather does, passes many units on its way.
    """
    found = defaultdict[str, dict[str, str]](dict)
    for row in standing:
        unit = row["evidence"].get("origin", {}).get("unit")
        if unit and row["kind"] == KIND and row["segment"] and row["state"] in PRESENT:
            found[row["segment"]][row["column"]] = unit
    for finding in stepped:
        pair = verdict.profiles.get(finding.segment) if is_segment(finding.segment) else None
        if pair is None or finding.kind != KIND or not (finding.alert.breaches and finding.alert.breaches[-1]):
            continue
        if (unit := unit_of(finding.column, *pair, least=LEAST)) and came_at_once(finding):
            found[finding.segment][finding.column] = unit
    return found


def other_unit(finding: Finding, units: Units) -> Reason | None:
    """Give another unit within a segment as why a finding differs which is about the segment, or names it."""
    segments = [finding.segment] if finding.segment else finding.evidence.get("segments", [])
    for segment in segments:
        for column, unit in units.get(segment, {}).items():
            if finding.kind != KIND or finding.column == column:
                said = f"{column} in {shown(segment)}: the values are the usual ones in another unit, {unit}"
                return Reason(Origin("data_quality", (said,), columns=(column,)), unit=unit)
    return None
