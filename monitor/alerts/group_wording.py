"""What a message says of the groups that an alert is about."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from monitor.alerts.finding import Finding
from monitor.alerts.phrasing import compared_value, measure, shown

NEARLY = 0.95


def of_the_pair(finding: Finding) -> Finding:
    """Give an alert about groups with the gap between the two that most surely moved apart, where others lie further.

    A small group may lie anywhere: its gap is no news.
    """
    pair = _pair(finding)
    apart = _gap(pair, "rate")
    if apart is None or apart >= NEARLY * abs(finding.value or 0.0):
        return finding
    return replace(finding, value=apart, reference_value=_gap(pair, "reference"))


def groups_told(finding: Finding) -> str:
    """Name the groups that an alert is about, with their counts: the two that moved apart, or the one that is off."""
    pair = _pair(finding)
    if not pair:
        return ""
    rows, unit = str(finding.evidence["rows"]), finding.unit
    told = " against ".join(_group(group, unit, rows) for group in pair)
    widest = "" if of_the_pair(finding) is finding else f"; the widest gap is {measure(finding.value or 0.0, unit)}"
    return f"; {compared_value(finding.evidence)} {told}{widest}"


def _pair(finding: Finding) -> list[Mapping[str, Any]]:
    if finding.alert.state not in ("pending", "firing", "recovering"):
        return []
    groups = {group["value"]: group for group in finding.evidence.get("groups", ())}
    return [groups[name] for name in finding.evidence.get("pair", ()) if name in groups]


def _gap(pair: Sequence[Mapping[str, Any]], key: str) -> float | None:
    values = [float(group[key]) for group in pair if group.get(key) is not None]
    return abs(values[0] - values[-1]) if len(values) == len(pair) > 1 else None


def _group(group: Mapping[str, Any], unit: str, rows: str) -> str:
    counted = f"{group['positives']:,} of " if "positives" in group else ""
    counted += f"{group['rows']:,} of {group['of']:,} {rows}" if "of" in group else f"{group['rows']:,} {rows}"
    before, stated = group.get("reference"), group.get("stated")
    then = f", stated {measure(stated, unit)}" if stated is not None else ""
    then += f", in the reference {measure(before, unit)}" if before is not None else ""
    return f"{measure(group['rate'], unit)} of {shown(group['value'])} ({counted}{then})"
