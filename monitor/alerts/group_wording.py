"""What a message says of the groups that an alert is about."""

from collections.abc import Mapping
from typing import Any

from monitor.alerts.finding import Finding
from monitor.alerts.phrasing import compared_value, measure, shown

NEARLY = 0.95


def groups_told(finding: Finding) -> str:
    """Name the groups that an alert is about, with their counts: the two that moved apart, or the one that is off."""
    groups = {group["value"]: group for group in finding.evidence.get("groups", ())}
    pair = [groups[name] for name in finding.evidence.get("pair", ()) if name in groups]
    if not pair or finding.alert.state not in ("pending", "firing", "recovering"):
        return ""
    rows, unit = str(finding.evidence["rows"]), finding.unit
    # the two that most surely moved apart need not be those that lie furthest apart
    apart = abs(pair[0]["rate"] - pair[-1]["rate"])
    surest = "most surely, " if len(pair) > 1 and apart < NEARLY * abs(finding.value or 0.0) else ""
    told = " against ".join(_group(group, unit, rows) for group in pair)
    return f"; {surest}{compared_value(finding.evidence)} {told}"


def _group(group: Mapping[str, Any], unit: str, rows: str) -> str:
    counted = f"{group['positives']:,} of " if "positives" in group else ""
    counted += f"{group['rows']:,} of {group['of']:,} {rows}" if "of" in group else f"{group['rows']:,} {rows}"
    before, stated = group.get("reference"), group.get("stated")
    then = f", stated {measure(stated, unit)}" if stated is not None else ""
    then += f", in the reference {measure(before, unit)}" if before is not None else ""
    return f"{measure(group['rate'], unit)} of {shown(group['value'])} ({counted}{then})"
