"""What is news beside an alert that fires: what began later, what is of another group, what is no consequence."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from monitor.alerts.attack_names import CLIENT
from monitor.alerts.causes import BROUGHT_BY, broken_columns, missing_rows_of
from monitor.alerts.finding import Finding
from monitor.alerts.symptoms import BROKEN_SHARE
from monitor.alerts.taxonomy import is_attack
from monitor.profiles.population import NAMES as OF_ALL_FEATURES

QUIET = "quiet_since"
"""In the evidence of drift that set in: the time from when on it was not there yet."""
SURER = ("near_certain_share", "overconfident_share")
"""What rises where a model is surer than it was: harder rows, which a fall in performance comes of, make it less so."""
ANSWERED = ("drift.prediction", "confidence")
REALISED = "performance.realised"
OF_ANSWERS = (*ANSWERED, "disagreement")
"""What a model's answers show, and with them that its features are broken."""
FOLLOWING = {"drift.prediction": ANSWERED, "drift.label": ("drift.concept",)}
"""What follows where an answer, or a label, is not given any more."""
MOST_OF_IT = 0.8
"""Of the rows that are more than usual, so large a part from attackers explains them."""
LASTING_DRIFT, STEP_CHANGE, CLIENT_DRIFT = "lasting_drift", "step_change", "client_drift"
OUTSIDE = "out_of_range_share"
NEAR = 5.0
"""So many of the reference's tails beyond its range, a value may still be one of a column that drifts: of normal
numbers that move by 0.8 deviations none of 300 windows lies as far, of a Pareto tail with index 2 one in a hundred."""


TOLD_GROUP, TOLD_BROKEN, TOLD_MISSING = "told_group", "told_broken", "told_missing"
"""In an alert's evidence, of what its message named: the group that moved, and the columns that are broken, or lack
rows."""
HIDING = ("invisible(", "lookalike_letters(")
"""What the names of those parts of a text begin with that tell of hidden words."""
STILL_MOVED = "still_moved"
"""And of a lasting change: the columns that have shown it ever since."""


@dataclass(frozen=True)
class Alarm:
    """An alert that fires and was told, as far as others may have to wait for it.

    labels: model, kind, column and segment. began: the start of the window it speaks of. fired: the end of that in
    which it fired. effect, evidence: of that window. told: the evidence that remembers what was told of it.
    """

    labels: tuple[str, str, str, str]
    detector: str
    severity: str
    began: datetime
    fired: datetime | None
    effect: float | None
    evidence: Mapping[str, Any]
    told: Mapping[str, Any]
    origin: str

    @property
    def at(self) -> tuple[str, datetime]:
        """Give the model and the start of the window."""
        return self.labels[0], self.began

    @property
    def group(self) -> str:
        """Name the group that moved, of an alert about groups."""
        return str(self.told.get(TOLD_GROUP, ""))

    @property
    def broken(self) -> set[str]:
        """Name the columns that its message named as broken."""
        return set(map(str, self.told.get(TOLD_BROKEN, ())))

    @property
    def missing(self) -> set[str]:
        """Name the columns of which its message named rows as missing."""
        return set(map(str, self.told.get(TOLD_MISSING, ())))

    @property
    def slight(self) -> bool:
        """Say whether it tells of little, see `is_slight`."""
        return is_slight(self.detector, self.effect, self.evidence)

    @property
    def vanished(self) -> bool:
        """Say whether it tells of an answer, or a label, that is gone."""
        return has_vanished(self.labels[1], self.evidence)


def began_later(finding: Finding, alarm: Alarm) -> bool:
    """Say whether drift set in clearly after an alert had fired: it cannot be what that one tells of."""
    quiet = finding.evidence.get(QUIET)
    return alarm.fired is not None and quiet is not None and datetime.fromisoformat(quiet) >= alarm.fired


def leapt_after(finding: Finding, alarm: Alarm) -> bool:
    """Say whether a column left where it had come to, of which an alert had told."""
    return finding.detector == STEP_CHANGE and began_later(finding, alarm)


def fell_after(finding: Finding, alarm: Alarm) -> bool:
    """Say whether a metric of performance fell clearly after an alert told that another one had fallen."""
    return finding.kind == REALISED and finding.detector != alarm.detector and began_later(finding, alarm)


def is_told_to_leap(finding: Finding, alarm: Alarm) -> bool:
    """Say whether an alert shows drift of a column of which another one tells that it has left where it was."""
    same = alarm.labels == (finding.model, finding.kind, finding.column, finding.segment)
    return same and alarm.detector == STEP_CHANGE != finding.detector


def of_all_features(finding: Finding) -> bool:
    """Say whether drift is of what all features show together."""
    return finding.kind == "drift.data" and finding.column in OF_ALL_FEATURES


def of_another_group(finding: Finding, alarm: Alarm) -> bool:
    """Say whether an alert about two groups tells of none that another one has told of."""
    pair = finding.evidence.get("pair") or ()
    return bool(pair and alarm.group) and alarm.group not in pair


def moved_group(evidence: Mapping[str, Any]) -> str:
    """Name which of the two groups that an alert names moved, the furthest by its interval; the empty text of no alert.

    >>> now = [{"value": "a", "rate": 0.3, "reference": 0.31, "low": 0.28, "high": 0.32}]
    >>> moved_group({"pair": ["a", "b"], "groups": [*now, {**now[0], "value": "b", "reference": 0.4}]})
    'b'
    """
    groups = {group["value"]: group for group in evidence.get("groups", ()) if isinstance(group, Mapping)}
    pair = [name for name in evidence.get("pair", ()) if name in groups]
    return str(max(pair, key=lambda name: _far(groups[name]), default=""))


def _far(group: Mapping[str, Any]) -> float:
    before, width = group.get("reference"), group.get("high", 0.0) - group.get("low", 0.0)
    return abs(group["rate"] - before) / width if width and before is not None else 0.0


def is_slight(detector: str, effect: float | None, evidence: Mapping[str, Any]) -> bool:
    """Say whether few values lie a little outside of the reference's range, as those of a column that drifts do.

    >>> is_slight("out_of_range_share", 0.01, {"beyond": 0.1}), is_slight("out_of_range_share", 0.01, {"beyond": 9.0})
    (True, False)
    """
    beyond = evidence.get("beyond")
    return detector == OUTSIDE and effect is not None and effect < BROKEN_SHARE and beyond is not None and beyond < NEAR


def has_vanished(kind: str, evidence: Mapping[str, Any]) -> bool:
    """Say whether an alert tells that one of the model's answers, or of the labels, is not given any more."""
    change = evidence.get("change")
    return kind in FOLLOWING and isinstance(change, Mapping) and bool(change.get("vanished"))


def follows(finding: Finding, alarm: Alarm) -> bool:
    """Say whether an alert shows what comes of an answer or a label that is gone, or the same answers once more.

    Of how a model's answers drift, and of how sure it is, one column tells as much as several, unless it sets in later.
    """
    model, kind, column, segment = alarm.labels
    if model != finding.model or segment not in ("", finding.segment):
        return False
    if has_vanished(finding.kind, finding.evidence) or finding.detector in SURER:
        return False
    if alarm.vanished and finding.kind in FOLLOWING[kind]:
        return True
    alike = kind == finding.kind in ANSWERED and column != finding.column and alarm.detector not in SURER
    return alike and not began_later(finding, alarm)


def shows_hiding(finding: Finding) -> bool:
    """Say whether an alert shows writing that hides words in a text: what nobody sees, or letters that look alike."""
    return finding.column.startswith(HIDING) and bool(finding.evidence.get("of"))


def of_the_same_parts(finding: Finding, alarm: Alarm) -> bool:
    """Say whether an alert shows drift of a text, or vector, that another one has told of by what it is made of.

    Of the same segment, or of all traffic. A topic, a language or another program moves many of its parts, and each
    passes its threshold when it does. That words are hidden in a text is news all the same.
    """
    if shows_hiding(finding):
        return False
    model, kind, column, segment = alarm.labels
    if (model, kind) != (finding.model, finding.kind) or kind != "drift.data" or segment not in ("", finding.segment):
        return False
    parts = [evidence.get("of") for evidence in (finding.evidence, alarm.evidence)]
    whole, told = (part or own for part, own in zip(parts, (finding.column, column), strict=True))
    return any(parts) and whole == told and not began_later(finding, alarm)


def has_moved_lastingly(finding: Finding, alarm: Alarm) -> bool:
    """Say whether an alert shows drift of a column of which another one has told that it has moved for long.

    What comes and goes about a threshold while a season lasts is no news; that it is broken is, and that it has moved
    again after it had come back.
    """
    model, _, _, segment = alarm.labels
    if alarm.detector != LASTING_DRIFT or model != finding.model or segment not in ("", finding.segment):
        return False
    named = alarm.told.get(STILL_MOVED, ())
    broken = finding.origin in ("data_quality", "attack_like", "model_change") or leapt_after(finding, alarm)
    gone = bool(finding.evidence.get("change", {}).get("vanished"))
    return finding.kind == "drift.data" and finding.column in named and not (broken or gone)


def more_rows(finding: Finding) -> bool:
    """Say whether an alert is about more rows than usual."""
    usual, rows = finding.reference_value, finding.value
    return finding.detector == "volume" and usual is not None and rows is not None and rows > usual


def sent_by_attackers(finding: Finding, told: Mapping[str, Alarm]) -> str | None:
    """Name the attack whose client sent most of the rows of a window that are more than usual."""
    if not more_rows(finding):
        return None
    more = (finding.value or 0.0) - (finding.reference_value or 0.0)
    here = (finding.model, finding.window.start)
    attacks = {name: alarm.evidence for name, alarm in told.items() if is_attack(alarm.labels[1]) and alarm.at == here}
    sent = {name: int(evidence.get("sent") or 0) for name, evidence in attacks.items()}
    return max(sent, key=lambda name: sent[name]) if sum(sent.values()) >= MOST_OF_IT * more else None


def sent_by_one_told_of(finding: Finding, told: Mapping[str, Alarm]) -> str | None:
    """Name the alert about the client that brings a change: that it does, or graver, that it attacks."""
    brought = finding.evidence.get(BROUGHT_BY)
    own = finding.detector == CLIENT_DRIFT
    segment = finding.segment if own else CLIENT + str(brought["client"]) if brought else ""
    about = (name for name, alarm in told.items() if (alarm.labels[0], alarm.labels[3]) == (finding.model, segment))
    held = (n for n in about if is_attack(told[n].labels[1]) or (not own and told[n].detector == CLIENT_DRIFT))
    return min(held, default=None) if segment else None


def named_already(finding: Finding, told: Mapping[str, Alarm], heard: Mapping[str, Alarm]) -> str | None:
    """Name the alert that told of the broken columns that one shows; of the same window none in its own message.

    told: alerts that fire and were told, by id. heard: those among them that fired before this window.
    """
    before = ((name, alarm) for name, alarm in told.items() if name in heard or alarm.labels[1] != finding.kind)
    return min((name for name, alarm in before if _of_same_fault(finding, alarm)), default=None)


def _of_same_fault(finding: Finding, alarm: Alarm) -> bool:
    """Say whether an alert shows nothing but columns that are broken, of which another one has told.

    So do the drift of these columns, of what the model answers and of what is made of all features, and what differs
    in a segment that such a column tells apart, whose rows are others; but not an answer that is gone, nor what began
    clearly later.
    """
    model, _, _, segment = alarm.labels
    if model != finding.model or segment not in ("", finding.segment) or finding.severity == "critical":
        return False
    if has_vanished(finding.kind, finding.evidence) or began_later(finding, alarm):
        return False
    missing = missing_rows_of(finding)
    if missing and finding.kind in (*OF_ANSWERS, "drift.data", "drift.label"):
        return alarm.missing.issuperset(missing)
    shown = set(broken_columns(finding))
    if finding.kind != "quality" and finding.segment.partition("=")[0] in shown & alarm.broken:
        return True
    if finding.kind == "drift.data" and not of_all_features(finding):
        shown = {str(one["column"]) for one in finding.evidence.get("moved", ())} or {finding.column}
    elif finding.kind not in OF_ANSWERS and not of_all_features(finding):
        return False
    return bool(shown) and shown <= alarm.broken
