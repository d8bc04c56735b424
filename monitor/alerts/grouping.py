"""From what became of alerts in one window to the messages about them: few, in order, and each only once."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

from monitor.alerts.attack_wording import is_suspicion
from monitor.alerts.causes import columns_behind
from monitor.alerts.lifecycle import UNDER_ALARM, Alert, Transition, notice_id
from monitor.alerts.story_wording import lasts
from monitor.alerts.taxonomy import atlas_of, is_attack
from monitor.alerts.wording import lines_of, text_of, title_of
from monitor.profiles.population import NAMES as OF_ALL_FEATURES
from monitor.types import Notice, Window

ATTACKS = ("attack.evasion", "attack.extraction", "attack.privacy", "attack.probing")
"""Suspicions of a client, the gravest first."""
ANSWERS = ("drift.prediction", "confidence", "disagreement")
"""What a model's answers show, and with them that its features are broken."""
WEIGHT = ("health", "quality", *ATTACKS, "performance.realised", "performance.estimated")
"""Kinds of alerts that hold others back, so that each comes before all that it may hold back."""


WORSE, WORSE_WINDOWS = 2.0, 2
CARRIED = ("told", "inhibited_by", "told_effect", "worse_windows", "worsened")
"""What an alert's evidence remembers of what was told of it."""
SEVERITIES = ("critical", "warning", "info")
"""The gravest first."""


@dataclass(frozen=True)
class Finding:
    """One alert after a window: its labels, its state, and what was measured in that window.

    transition: what happened to it in this window; None when there is nothing to tell.
    value, reference_value: in `unit`; threshold: the smallest effect that breaches; alpha: the largest p-value.
    breaches: what was measured breaches by its own threshold, and not only by the looser one of an alert that fires.
    evidence: JSON that goes with the alert; `told` and `inhibited_by` in it belong to `inhibited`.
    said: its sentence, where that is known already.
    """

    alert: Alert
    model: str
    kind: str
    detector: str
    window: Window
    column: str = ""
    segment: str = ""
    severity: str = "warning"
    origin: str = "undetermined"
    transition: Transition | None = None
    value: float | None = None
    reference_value: float | None = None
    unit: str = ""
    effect: float | None = None
    threshold: float | None = None
    p_value: float | None = None
    alpha: float | None = None
    n: int = 0
    low: float | None = None
    high: float | None = None
    note: str = ""
    breaches: bool = True
    evidence: Mapping[str, Any] = field(default_factory=dict)
    said: str = ""

    @property
    def fingerprint(self) -> str:
        """Give the alert's identity."""
        return self.alert.fingerprint


@dataclass(frozen=True)
class Group:
    """Findings of one model, kind and transition: what one message tells. Never empty."""

    model: str
    kind: str
    transition: Transition
    findings: tuple[Finding, ...]


def grouped(findings: Iterable[Finding]) -> list[Group]:
    """Give what there is to tell of a window's findings, as `inhibited` left them.

    Of a model what was resolved comes first, then what is gravest, and of equals attacks.
    """
    groups: dict[tuple[str, str, Transition], list[Finding]] = {}
    for finding in findings:
        if finding.transition and finding.evidence.get("told"):
            groups.setdefault((finding.model, finding.kind, finding.transition), []).append(finding)
    return sorted(
        (Group(*labels, tuple(sorted(members, key=_weight))) for labels, members in groups.items()), key=_order
    )


def notice_of(group: Group, receiver: str, base_url: str = "") -> Notice:
    """Give the message that tells a receiver of a group; the same group gives the same `id` again.

    base_url: where the pages are, such as `https://monitor.example`; without it the message has no link. The link leads
    to the card of the first alert that is told.
    """
    members = [(finding.fingerprint, finding.alert.episode) for finding in group.findings]
    times = sum(finding.evidence.get("worsened", 0) for finding in group.findings)
    told = f"{group.transition} {times}" if group.transition == "worsened" else group.transition
    return Notice(
        id=notice_id(members, told, receiver),
        model=group.model,
        kind=group.kind,
        transition=group.transition,
        reason="first" if group.transition == "fired" else group.transition,
        title=title_of(group),
        lines=lines_of(group),
        alerts=tuple(as_json(finding) for finding in group.findings),
        link=_link(group, base_url) if base_url else "",
    )


def inhibited(findings: Iterable[Finding], standing: Iterable[Mapping[str, Any]]) -> list[Finding]:
    """Settle for each finding whether it is told, given the model's alerts as they stood before this window.

    standing: alerts with the keys of the public alert JSON, in any state.

    An alert that fires is not told while a weightier one is firing that was told: source health, of what its outage
    explains, over the quality of a column over performance, realised over estimated and over ageing that has only
    begun, over drift, the whole traffic over its segments, what another detector has said of the same column already,
    and of suspicions of one client the gravest; so is what comes of a broken column: a suspicion, what all features
    show together, what the answers do (the last two also of one that crept to where no reference row lies).
    Its evidence then says `inhibited_by`. Once the other one has ended it is told in the first window in which it
    breaches. A resolution is told if and only if the firing was: `told` in the evidence remembers. Performance that has
    become twice as bad as when it was told last is told once more.
    """
    before = {row["id"]: row for row in standing}
    now = {alert_id(finding.fingerprint, finding.alert.episode): finding for finding in findings}
    told = {name: _alarm_of(row) for name, row in before.items() if _is_told(row) and name not in now}
    told |= {
        name: _alarm(f)
        for name, f in now.items()
        if f.alert.state in UNDER_ALARM and name in before and before[name]["evidence"].get("told")
    }
    # what another detector says in the same window stands in the same message
    heard = {alarm.labels: name for name, alarm in told.items()}
    settled: dict[str, Finding] = {}
    for name, f in sorted(now.items(), key=lambda item: _rank(item[1])):
        inhibitor = _inhibitor(f, told) or _said_already(f, heard)
        settled[name] = _settled(f, before.get(name, {}).get("evidence", {}), inhibitor)
        if f.alert.state in UNDER_ALARM and settled[name].evidence.get("told"):
            told[name] = _alarm(f)
    return [settled[name] for name in now]


def as_json(finding: Finding) -> dict[str, Any]:
    """Give the finding's alert with the keys of the public alert JSON."""
    alert, window = finding.alert, finding.window
    return {
        "id": alert_id(alert.fingerprint, alert.episode),
        **{label: getattr(finding, label) for label in ("model", "kind", "origin", "detector", "column", "segment")},
        "severity": finding.severity,
        "state": alert.state,
        "since": instant(alert.since),
        "fired_at": instant(alert.fired_at),
        "resolved_at": instant(alert.resolved_at),
        "window_start": instant(window.start),
        "window_end": instant(window.end),
        "value": plain(finding.value),
        "threshold": plain(_limit(finding)),
        "p_value": plain(finding.p_value),
        "effect": plain(finding.effect),
        "n": finding.n,
        "evidence": plain(finding.evidence),
        "atlas": atlas_of(finding.kind, finding.evidence),
        "text": text_of(finding),
    }


def _link(group: Group, base_url: str) -> str:
    first = group.findings[0]
    name, card = quote(group.model, safe="", errors="replace"), alert_id(first.fingerprint, first.alert.episode)
    return f"{base_url.rstrip('/')}/model/{name}#{quote(card, safe='')}"


def _limit(finding: Finding) -> float | None:
    """Give what the number had to reach: of evidence against clients as much as its chance allows, in nats."""
    return -math.log(finding.alpha) if is_suspicion(finding) and finding.alpha else finding.threshold


def alert_id(fingerprint: str, episode: int) -> str:
    """Name one episode of an alert.

    >>> alert_id("3f2a90cc41d87be2", 2)
    '3f2a90cc41d8-2'
    """
    return f"{fingerprint[:12]}-{episode}"


def mark_of(alert: str) -> str:
    """Give what the ids of an alert's episodes begin with.

    >>> mark_of("3f2a90cc41d8-2")
    '3f2a90cc41d8'
    """
    return alert.rpartition("-")[0]


def before(finding: Finding, standing: Mapping[str, Mapping[str, Any]]) -> Mapping[str, Any] | None:
    """Give a finding's alert as it stood before this window, of public alerts by their marks; None where it did not."""
    return standing.get(mark_of(alert_id(finding.fingerprint, finding.alert.episode)))


def instant(at: datetime | None) -> str | None:
    """Give an aware time as ISO 8601 in UTC.

    >>> instant(datetime(2013, 3, 1, tzinfo=UTC))
    '2013-03-01T00:00:00Z'
    """
    return None if at is None else at.astimezone(UTC).replace(tzinfo=None).isoformat() + "Z"


def plain(value: Any) -> Any:  # noqa: ANN401 (anything JSON can hold)
    """Give a value as strict JSON has it: numbers that are not finite become None.

    >>> plain({"shares": (0.5, math.nan)})
    {'shares': [0.5, None]}
    """
    if isinstance(value, Mapping):
        return {str(key): plain(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [plain(part) for part in value]
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else None
    return value


def gravity_of(severity: str) -> int:
    """Give the place of a severity from the gravest on.

    >>> gravity_of("critical") < gravity_of("info")
    True
    """
    return SEVERITIES.index(severity) if severity in SEVERITIES else len(SEVERITIES)


def _order(group: Group) -> tuple[bool, str, int, bool, str]:
    gravest = min(gravity_of(finding.severity) for finding in group.findings)
    return group.transition != "resolved", group.model, gravest, not is_attack(group.kind), group.kind


def _weight(finding: Finding) -> tuple[float, float, float, float, str, str]:
    # The gravest, then what moves the model most, by effect times sensitivity; else the surest, then the largest.
    surest = 1.0 if finding.p_value is None else finding.p_value
    effect, sensitivity = abs(finding.effect or 0.0), finding.evidence.get("sensitivity")
    moves = effect * (sensitivity or 0.0)
    return gravity_of(finding.severity), -moves, surest, -effect, finding.column, finding.segment


@dataclass(frozen=True)
class _Alarm:
    """An alert that fires, as far as others may have to wait for it; `began`: the start of the window it speaks of."""

    labels: tuple[str, str, str, str]
    detector: str
    began: datetime


def _alarm(finding: Finding) -> _Alarm:
    return _Alarm(_labels(finding), finding.detector, finding.window.start)


def _alarm_of(row: Mapping[str, Any]) -> _Alarm:
    labels = row["model"], row["kind"], row["column"], row["segment"]
    return _Alarm(labels, row["detector"], datetime.fromisoformat(row["window_start"]))


def _is_told(row: Mapping[str, Any]) -> bool:
    return row["state"] in UNDER_ALARM and bool(row["evidence"].get("told"))


def _labels(finding: Finding) -> tuple[str, str, str, str]:
    return finding.model, finding.kind, finding.column, finding.segment


def _rank(finding: Finding) -> tuple[int, bool]:
    return (WEIGHT.index(finding.kind) if finding.kind in WEIGHT else len(WEIGHT)), finding.segment != ""


def _inhibitor(finding: Finding, alarms: Mapping[str, _Alarm]) -> str | None:
    if is_attack(finding.kind) and finding.origin == "data_quality" and finding.severity != "critical":
        # Broken data make honest clients look odd; what is broken is told already.
        broken = (name for name, alarm in alarms.items() if alarm.labels[1] == "quality" and alarm.labels[2])
        return min(broken, default=None)
    waits = (name for name, alarm in alarms.items() if _outweighs(alarm, finding) or _breaks(alarm, finding))
    return min(waits, default=None)


def _breaks(alarm: _Alarm, other: Finding) -> bool:
    """Say whether an alert tells of the column that others come of: all features together, and the answers."""
    model, kind, column, segment = alarm.labels
    if (model, kind) != (other.model, "quality") or segment not in ("", other.segment) or other.severity == "critical":
        return False
    if other.kind == "drift.data" and {moved["column"] for moved in other.evidence.get("moved", ())} == {column}:
        return True
    made = other.kind in ANSWERS or (other.kind == "drift.data" and other.column in OF_ALL_FEATURES)
    return made and column in columns_behind(other)


def _said_already(finding: Finding, heard: Mapping[tuple[str, str, str, str], str]) -> str | None:
    """Name the alert by which another detector has said the same; every fault of a column's quality is news, though."""
    return heard.get(_labels(finding)) if finding.kind not in ("quality", "health") else None


def _outweighs(alarm: _Alarm, other: Finding) -> bool:
    (model, kind, column, segment), (its_model, its_kind, its_column, its_segment) = alarm.labels, _labels(other)
    if model != its_model or segment not in ("", its_segment):
        return False
    if kind in ATTACKS and its_kind in ATTACKS and segment == its_segment != "":
        # One message about a client is enough: it names all signs.
        return ATTACKS.index(kind) < ATTACKS.index(its_kind)
    if (kind, column) == (its_kind, its_column) and segment == "" != its_segment:
        # A client is news even where all traffic is suspicious.
        return not is_attack(kind)
    drifts = its_kind == "confidence" or its_kind.startswith("drift.")
    performs = its_kind.startswith("performance.")
    if kind == "health":
        return _explains(alarm, other)
    if kind == "quality":
        return column == its_column != "" and (drifts or performs)
    return kind.startswith("performance.") and (drifts or (kind == "performance.realised" and _same_fall(other)))


def _same_fall(other: Finding) -> bool:
    """Say whether an alert tells no more of performance than the realised one does: not that it has lasted."""
    return other.kind == "performance.estimated" or (other.detector == "ageing" and not lasts(other.evidence))


def _explains(outage: _Alarm, finding: Finding) -> bool:
    """Say whether an outage explains what a window shows: that rows, or labels, are missing that it kept away."""
    if outage.detector == "labels":
        return finding.kind in ("performance.realised", "drift.label", "drift.concept")
    if finding.window.end <= outage.began:
        return False
    if outage.detector == "freshness":
        return finding.detector == "volume"
    return outage.detector == "source" and finding.kind.startswith(("quality", "drift.", "confidence", "performance."))


def _settled(finding: Finding, before: Mapping[str, Any], inhibitor: str | None) -> Finding:
    """Carry on what was told of this episode, or tell it now."""
    evidence = {key: part for key, part in finding.evidence.items() if key not in CARRIED}
    carried = {key: before[key] for key in CARRIED if key in before}
    firing = finding.alert.state == "firing"
    if not before.get("told") and firing and finding.breaches and finding.value is not None:
        if inhibitor:
            return replace(finding, transition=None, evidence=evidence | {"told": False, "inhibited_by": inhibitor})
        size = {"told_effect": abs(finding.effect)} if _may_worsen(finding) and finding.effect else {}
        return replace(finding, transition="fired", evidence=evidence | {"told": True} | size)
    if firing and not carried.get("told"):
        # what no longer breaches by its own threshold waits for itself
        carried.pop("inhibited_by", None)
    return _worsened(replace(finding, evidence=evidence | carried))


def _may_worsen(finding: Finding) -> bool:
    return finding.kind.startswith("performance.")


def _worsened(finding: Finding) -> Finding:
    """Tell once more of performance that two windows in a row found twice as bad as when it was told last."""
    last, size = finding.evidence.get("told_effect"), abs(finding.effect or 0.0)
    if not last or finding.alert.state != "firing" or finding.value is None:
        return finding
    if not finding.breaches or size < WORSE * last:
        return replace(finding, evidence={**finding.evidence, "worse_windows": 0})
    windows = finding.evidence.get("worse_windows", 0) + 1
    if windows < WORSE_WINDOWS:
        return replace(finding, evidence={**finding.evidence, "worse_windows": windows})
    times = finding.evidence.get("worsened", 0) + 1
    told = {"told_effect": size, "worse_windows": 0, "worsened": times}
    return replace(finding, transition="worsened", evidence={**finding.evidence, **told})
