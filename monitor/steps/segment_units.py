"""A column that holds another unit in the rows of one segment: the fault of one source, one country or one app."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from monitor.alerts.finding import Finding
from monitor.alerts.lifecycle import PRESENT
from monitor.alerts.origin import Origin
from monitor.alerts.phrasing import shown
from monitor.alerts.symptoms import FEW_COLUMNS
from monitor.steps.displaced import unit_of
from monitor.steps.parts import is_segment
from monitor.steps.reasons import Reason
from monitor.steps.verdict import Verdict
from monitor.store.references import WHOLE

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

    Only of numbers that came there at once: what creeps, as weather does, passes many units on its way. Nor where
    several features of the segment moved, as in a calm: who writes one otherwise leaves the others as they are.
    """
    found = defaultdict[str, dict[str, str]](dict)
    for row in standing:
        unit = row["evidence"].get("origin", {}).get("unit")
        if unit and row["kind"] == KIND and row["segment"] and row["state"] in PRESENT:
            found[row["segment"]][row["column"]] = unit
    moved = [f for f in stepped if f.alert.breaches and f.alert.breaches[-1] and _may_tell(f, verdict)]
    units = {(f.segment, f.column): unit_of(f.column, *verdict.profiles[f.segment], least=LEAST) for f in moved}
    for segment in {segment for (segment, _), unit in units.items() if unit}:
        left = {f.column for f in moved if f.segment == segment and came_at_once(f)}
        if len(left) <= max(1.0, FEW_COLUMNS * _features(verdict)):
            found[segment] |= {column: unit for column in left if (unit := units[segment, column])}
    return found


def _may_tell(finding: Finding, verdict: Verdict) -> bool:
    """Say whether an alert is about the drift of a feature in the rows of a segment."""
    known = verdict.profiles[WHOLE][0].layout.by_name.get(finding.column)
    of_feature = finding.kind == KIND and known is not None and known.role in ("feature", "sensitive")
    return of_feature and is_segment(finding.segment) and finding.segment in verdict.profiles


def _features(verdict: Verdict) -> int:
    return sum(column.role == "feature" for column in verdict.profiles[WHOLE][0].layout.columns)


def other_unit(finding: Finding, units: Units) -> Reason | None:
    """Give another unit within a segment as why a finding differs which is about the segment, or names it."""
    segments = [finding.segment] if finding.segment else finding.evidence.get("segments", [])
    for segment in segments:
        for column, unit in units.get(segment, {}).items():
            if finding.kind != KIND or finding.column == column:
                said = f"{column} in {shown(segment)}: the values are the usual ones in another unit, {unit}"
                return Reason(Origin("data_quality", (said,), columns=(column,)), unit=unit)
    return None
