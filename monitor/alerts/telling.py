"""What is told of one alert that fires: first, when a silence has ended over it, and when it has become much worse."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from monitor.alerts.causes import ROWS, USUAL, WHOSE_ROWS, broken_columns, missing_rows_of
from monitor.alerts.finding import Finding, gravity_of
from monitor.alerts.news import STILL_MOVED, TOLD_BROKEN, TOLD_GROUP, TOLD_MISSING, moved_group
from monitor.alerts.public import id_of
from monitor.alerts.silence import SILENCED, is_hushed
from monitor.alerts.story_wording import has_only_begun
from monitor.alerts.taxonomy import is_attack
from monitor.alerts.titles import TOLD_AS, told_as

WAY = "direction"
"""In an alert's evidence: which way it went in the last window that breached and showed that surely."""
TURNED = "turned"
"""Why an alert is told once more that goes the other way than was told."""
AGEING = "ageing"
WORSE, WORSE_WINDOWS = 2.0, 2
BROADER, MORE_ROWS = 3.0, 0.05
TOLD_TO = "told_to"
"""In an alert's evidence: the receivers that have heard of it."""
CARRIED = (
    "told",
    TOLD_TO,
    SILENCED,
    "inhibited_by",
    "told_effect",
    "told_severity",
    "told_way",
    "turned_windows",
    TOLD_GROUP,
    TOLD_AS,
    TOLD_BROKEN,
    TOLD_MISSING,
    STILL_MOVED,
    USUAL,
    ROWS,
    "worse_windows",
    "worsened",
)
"""What an alert's evidence remembers of what was told of it."""
KEPT = (WHOSE_ROWS,)
"""What it keeps of an earlier window of the episode, where this one does not say."""
UNSILENCED = "unsilenced"


def settled(finding: Finding, before: Mapping[str, Any], inhibitor: str | None, *, known: bool = False) -> Finding:
    """Carry on what was told of this episode, or tell it now.

    before: its evidence so far. inhibitor: the alert that it waits for. One that is silenced stands as told, so that
    what follows from it waits as ever, and nobody hears of it. known: whether another alert about the same client tells
    that it is as grave.
    """
    kept = {key: before[key] for key in KEPT if key in before}
    evidence = kept | {key: part for key, part in finding.evidence.items() if key not in CARRIED}
    carried = {key: before[key] for key in CARRIED if key in before} | _still_moved(finding, before)
    firing = finding.alert.state == "firing"
    if not before.get("told") and firing and finding.breaches and finding.value is not None:
        if inhibitor:
            return replace(finding, transition=None, evidence=evidence | {"told": False, "inhibited_by": inhibitor})
        first = replace(finding, evidence=evidence | {"told": True} | _marks(replace(finding, evidence=evidence)))
        if finding.silenced_until is not None:
            return replace(first, transition=None, evidence={**first.evidence, SILENCED: True})
        return replace(first, transition="fired")
    if firing and not carried.get("told"):
        # what no longer breaches by its own threshold waits for itself
        carried.pop("inhibited_by", None)
    waits = inhibitor not in (None, id_of(finding))
    return _worsened(replace(finding, evidence=evidence | carried), known=known, waits=waits)


def unsilenced(finding: Finding) -> Finding:
    """Give an alert whose silence has ended, and of which nobody has heard, as it is told now.

    Its message is its first one, and is called after what it shows now.
    """
    evidence = {key: part for key, part in finding.evidence.items() if key not in CARRIED}
    marks = {"told": True} | _marks(replace(finding, evidence=evidence))
    return replace(finding, transition="fired", reason=UNSILENCED, evidence=evidence | marks)


def _marks(finding: Finding) -> dict[str, Any]:
    """Give what is remembered of the first message."""
    size = {"told_effect": abs(finding.effect)} if _may_worsen(finding) and finding.effect else {}
    group = {TOLD_GROUP: moved} if (moved := moved_group(finding.evidence)) else {}
    name = {TOLD_AS: called} if (called := told_as(finding)) else {}
    still = {STILL_MOVED: list(called["columns"])} if called and finding.evidence.get("moved") else {}
    fault = {TOLD_BROKEN: broken} if (broken := broken_columns(finding)) and not is_attack(finding.kind) else {}
    gone = {TOLD_MISSING: missing} if (missing := missing_rows_of(finding)) else {}
    counted = finding.detector == "volume" and finding.reference_value
    rows = {USUAL: finding.reference_value, ROWS: finding.value} if counted else {}
    grave = {"told_severity": finding.severity} if is_attack(finding.kind) else {}
    way = {"told_way": finding.evidence[WAY]} if WAY in finding.evidence else {}
    return size | way | group | name | still | fault | gone | rows | grave


def _still_moved(finding: Finding, before: Mapping[str, Any]) -> dict[str, Any]:
    """Give the columns of which a lasting change was told that have shown it in every window since."""
    named, moved = before.get(STILL_MOVED), finding.evidence.get("moved")
    if not named or not moved or finding.evidence.get("more"):
        return {}
    return {STILL_MOVED: sorted({one["column"] for one in moved} & set(named))}


def _may_worsen(finding: Finding) -> bool:
    return finding.kind.startswith("performance.") or finding.detector == AGEING or _is_share(finding)


def _is_share(finding: Finding) -> bool:
    """Say whether an alert tells which share of rows is broken: a fault may come where few rows are odd anyway."""
    return finding.kind == "quality" and finding.unit == "share"


def _worsened(finding: Finding, *, known: bool, waits: bool) -> Finding:
    """Tell once more of what is worse than told: graver, far lower, broken in far more rows, or on the other side.

    While that is hushed it waits, and is told once it may be if it is still so. Windows without an answer neither count
    nor break a row. waits: whether an alert is told that it
    would have to wait for, such as of broken values, which lie on the other side as well.
    """
    if is_attack(finding.kind):
        return _graver(finding, known=known)
    if not finding.answered:
        return finding
    turned = finding if waits else _turned(finding)
    return _lower(turned) if turned.transition != "worsened" else turned


def _turned(finding: Finding) -> Finding:
    """Tell once more of what two windows in a row surely found on the other side than when it was told last.

    What was told as above, while a season lasted, may be below since a unit is another one.
    """
    told, way = finding.evidence.get("told_way"), finding.evidence.get(WAY)
    if not told or finding.alert.state != "firing":
        return finding
    windows = finding.evidence.get("turned_windows", 0) + 1 if way and way != told else 0
    if windows < WORSE_WINDOWS or is_hushed(finding):
        return replace(finding, evidence={**finding.evidence, "turned_windows": min(windows, WORSE_WINDOWS - 1)})
    return replace(_again(finding, told_way=way, turned_windows=0), reason=TURNED)


def _graver(finding: Finding, *, known: bool) -> Finding:
    """Tell once more of a suspicion that has become graver, unless that is known of its client."""
    last = finding.evidence.get("told_severity")
    fires = finding.alert.state == "firing" and finding.breaches and not is_hushed(finding)
    if not last or not fires or gravity_of(finding.severity) >= gravity_of(last):
        return finding
    if known:
        return replace(finding, evidence={**finding.evidence, "told_severity": finding.severity})
    return _again(finding, told_severity=finding.severity)


def _lower(finding: Finding) -> Finding:
    """Tell once more of what two windows in a row found far worse than when it was told last."""
    last, size = finding.evidence.get("told_effect"), abs(finding.effect or 0.0)
    if not last or finding.alert.state != "firing" or finding.value is None:
        return finding
    if not finding.breaches or size < _far_worse(finding, last) or has_only_begun(finding):
        return replace(finding, evidence={**finding.evidence, "worse_windows": 0})
    windows = finding.evidence.get("worse_windows", 0) + 1
    if windows < WORSE_WINDOWS or is_hushed(finding):
        return replace(finding, evidence={**finding.evidence, "worse_windows": min(windows, WORSE_WINDOWS - 1)})
    return _again(finding, told_effect=size, worse_windows=0)


def _far_worse(finding: Finding, told: float) -> float:
    """Give how large an effect is far worse than one that was told.

    Performance is twice as bad; a share of rows that are broken is three times as large, and by one row of twenty.
    """
    return max(BROADER * told, told + MORE_ROWS) if _is_share(finding) else WORSE * told


def _again(finding: Finding, **told: object) -> Finding:
    """Tell of an alert once more; told: what its message says now."""
    times = finding.evidence.get("worsened", 0) + 1
    return replace(finding, transition="worsened", evidence={**finding.evidence, **told, "worsened": times})
