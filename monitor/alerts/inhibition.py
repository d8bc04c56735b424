"""Which alerts are told, given the weightier ones that fire and what was told before."""

import math
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Any

from monitor.alerts.attack_names import POISONING
from monitor.alerts.causes import columns_behind
from monitor.alerts.finding import Finding, gravity_of
from monitor.alerts.lifecycle import UNDER_ALARM
from monitor.alerts.news import (
    CLIENT_DRIFT,
    OF_ANSWERS,
    STEP_CHANGE,
    SURER,
    Alarm,
    began_later,
    fell_after,
    follows,
    has_moved_lastingly,
    has_vanished,
    is_slight,
    is_told_to_leap,
    leapt_after,
    more_rows,
    named_already,
    of_all_features,
    of_another_group,
    of_the_same_parts,
    sent_by_attackers,
    sent_by_one_told_of,
)
from monitor.alerts.public import alert_id, id_of
from monitor.alerts.story_wording import lasts
from monitor.alerts.taxonomy import is_attack
from monitor.alerts.telling import AGEING, settled
from monitor.profiles.population import NAMES as OF_ALL_FEATURES
from monitor.stats.evidence import is_sure

ATTACKS = ("attack.evasion", "attack.extraction", "attack.privacy", "attack.probing")
"""Suspicions of a client, the gravest first."""
CONTRIBUTORS = "contributors"
"""What of poison one labeller gave, which no version explains."""
OF_LABELS = ("drift.label", "drift.concept")
"""What labels show beside performance, and with it where that has been worse for many windows."""
UNKNOWN_LABELS = "unknown_label_share"
PERFORMANCE = ("performance.realised", "performance.estimated", "bias.temporal")
WEIGHT = ("health", "model_change", "quality", *ATTACKS, *PERFORMANCE)
"""Kinds of alerts that hold others back, so that each comes before all that it may hold back."""
LATER = 7
"""That performance which is told to have fallen has been lower since is news after so many windows."""
RECURS = 2
"""So many episodes of what comes and goes with the day or the week are told."""


def inhibited(findings: Iterable[Finding], standing: Iterable[Mapping[str, Any]]) -> list[Finding]:
    """Settle for each finding whether it is told, given the model's alerts as they stood before this window.

    standing: alerts with the keys of the public alert JSON, in any state.

    An alert that fires is not told while a weightier one is firing that was told: source health, of what its outage
    explains, over the quality of a column over performance, realised over estimated and over ageing that has only
    begun, over drift and confidence (though not over answers that are surer than before), ageing over drift of
    labels and of what they mean, the whole traffic over its segments, what another detector has said of the same
    column already, and of suspicions of one client the gravest; so is what comes of a broken column: a suspicion,
    what all features show together, what the answers do (the last two also of one that crept to where no reference
    row lies). Where its quality is not tested, the first alert that named the column as broken stands for it.
    Answers outside of the reference's range wait for the message about the new version that gives them, and what
    answers show waits while a version is told to answer otherwise, where that is the reason, and what they show in a
    segment while all traffic is told to for that reason; that there are more
    rows than usual waits for the attack whose client sent them, and what one client brings for the alert about that
    client. For the rows of a small segment the weightier one may have ended, if that was after the first of them
    came. What comes and goes with the day or the week is told twice. Its evidence then says `inhibited_by`. Once
    the other one has ended it is told in the first window in which it breaches. A resolution is told if and only if
    the firing was: `told` in the evidence remembers. Performance that has become twice as bad as when it was told
    last is told once more, and so is a share that is far larger. What a silence covers holds others back as if it
    were told.
    """
    before = {row["id"]: row for row in standing}
    now = {id_of(finding): finding for finding in findings}
    told = {name: _alarm_of(row) for name, row in before.items() if _is_told(row) and name not in now}
    told |= {
        name: _alarm(f, before[name]["evidence"])
        for name, f in now.items()
        if f.alert.state in UNDER_ALARM and name in before and before[name]["evidence"].get("told")
    }
    ended = {
        name: (_alarm_of(row), datetime.fromisoformat(row["resolved_at"]))
        for name, row in before.items()
        if name not in now and row["state"] == "resolved" and row["evidence"].get("told")
    }
    # what another detector says in the same window stands in the same message
    heard = dict(told)
    found: dict[str, Finding] = {}
    for name, f in sorted(now.items(), key=lambda item: _rank(item[1])):
        late = {mark: alarm for mark, (alarm, at) in ended.items() if f.span and f.span.start < at}
        inhibitor = _inhibitor(f, told | late) or sent_by_attackers(f, told) or sent_by_one_told_of(f, told)
        inhibitor = inhibitor or _known_to_recur(f)
        if not inhibitor and not _is_own_limit(f):
            inhibitor = _said_already(f, heard) or _explained_by_drift(f, told, found) or _follows(f, told, heard)
            inhibitor = inhibitor or named_already(f, told, heard) or _told_to_leap(f, told)
        known = any(_says_as_much(alarm, f) for alarm in told.values())
        found[name] = settled(f, before.get(name, {}).get("evidence", {}), inhibitor, known=known)
        if f.alert.state in UNDER_ALARM and found[name].evidence.get("told"):
            told[name] = _alarm(f, found[name].evidence)
    return [found[name] for name in now]


def _alarm(finding: Finding, told: Mapping[str, Any]) -> Alarm:
    """Give a finding as others may have to wait for it; told: the evidence that remembers what was told of it."""
    began, fired = finding.window.start, finding.alert.fired_at
    what = _labels(finding), finding.detector, finding.severity
    return Alarm(*what, began, fired, finding.effect, finding.evidence, told, finding.origin)


def _alarm_of(row: Mapping[str, Any]) -> Alarm:
    """Give an alert as it stood, with the keys of the public alert JSON, as others may have to wait for it."""
    began, fired = datetime.fromisoformat(row["window_start"]), row["fired_at"]
    what = (row["model"], row["kind"], row["column"], row["segment"]), row["detector"], row["severity"]
    at = datetime.fromisoformat(fired) if fired else None
    return Alarm(*what, began, at, row["effect"], row["evidence"], row["evidence"], row["origin"])


def _is_told(row: Mapping[str, Any]) -> bool:
    return row["state"] in UNDER_ALARM and bool(row["evidence"].get("told"))


def _labels(finding: Finding) -> tuple[str, str, str, str]:
    return finding.model, finding.kind, finding.column, finding.segment


def _rank(finding: Finding) -> tuple[int, tuple[int, int], bool]:
    if of_all_features(finding) or is_slight(finding.detector, finding.effect, finding.evidence):
        return len(WEIGHT) + 2, (0, 0), finding.segment != ""
    if more_rows(finding):
        return len(WEIGHT), (0, 0), finding.segment != ""
    gone = has_vanished(finding.kind, finding.evidence) or finding.detector in (STEP_CHANGE, CLIENT_DRIFT)
    place = WEIGHT.index(finding.kind) if finding.kind in WEIGHT else len(WEIGHT) + (not gone)
    if finding.kind not in ATTACKS:
        return place, (0, 0), finding.segment != ""
    return WEIGHT.index(ATTACKS[0]), _graver(finding.kind, finding.severity), finding.segment != ""


def _graver(kind: str, severity: str) -> tuple[int, int]:
    """Give what suspicions of a client are sorted by, the gravest first: severity, and what it is suspected of."""
    return gravity_of(severity), ATTACKS.index(kind)


def _says_as_much(alarm: Alarm, other: Finding) -> bool:
    """Say whether an alert about the same client, suspected of something else, was told as one that is as grave."""
    same = (alarm.labels[0], alarm.labels[3]) == (other.model, other.segment) and other.segment != ""
    apart = alarm.labels[1] != other.kind and {alarm.labels[1], other.kind} <= set(ATTACKS)
    return same and apart and gravity_of(alarm.told.get("told_severity", "")) <= gravity_of(other.severity)


def _inhibitor(finding: Finding, alarms: Mapping[str, Alarm]) -> str | None:
    if _looks_odd(finding):
        # Broken data make honest clients look odd; what is broken is told already.
        broken = [name for name, alarm in alarms.items() if alarm.labels[1] == "quality" and alarm.labels[2]]
        if broken:
            return min(broken)
    if finding.kind == "quality" and finding.origin == "model_change":
        # a new version's answers lie elsewhere than the older one's
        return _first(alarms, lambda alarm: alarm.detector == "new_version")
    if finding.kind in OF_ANSWERS and finding.origin == "model_change":
        # that a version answers otherwise is one piece of news, wherever it shows
        differs = _first(alarms, lambda alarm: _tells_of_another_model(alarm, finding))
        if differs:
            return differs
    if finding.kind == POISONING and finding.evidence.get("strongest") != CONTRIBUTORS:
        # labels contradict the answers of a version that answers otherwise
        differs = _first(alarms, lambda alarm: alarm.detector == "version_predictions")
        if differs:
            return differs
    return _first(alarms, lambda alarm: _outweighs(alarm, finding) or _breaks(alarm, finding))


def _first(alarms: Mapping[str, Alarm], holds: Callable[[Alarm], bool]) -> str | None:
    """Name the first alert, by its mark, of which something holds; None where it holds of none."""
    return min((name for name, alarm in alarms.items() if holds(alarm)), default=None)


def _tells_of_another_model(alarm: Alarm, finding: Finding) -> bool:
    """Say whether an alert tells that a version answers otherwise: by itself, or of a segment, by all traffic."""
    model, kind, _, segment = alarm.labels
    of_all = kind in OF_ANSWERS and alarm.origin == "model_change" and segment == "" != finding.segment
    return model == finding.model and (alarm.detector == "version_predictions" or of_all)


def _looks_odd(finding: Finding) -> bool:
    """Say whether a suspicion comes of broken data, and may be no more than that.

    Where all rows are broken in a column, who shows twice the evidence of an alarm in the others is no honest client.
    """
    if not is_attack(finding.kind) or finding.origin != "data_quality" or finding.severity == "critical":
        return False
    if "broken_by" in finding.evidence.get("origin", {}) or not finding.alpha:
        return True
    return not is_sure(finding.value or 0.0, -math.log(finding.alpha))


def _breaks(alarm: Alarm, other: Finding) -> bool:
    """Say whether an alert tells of the column that others come of: all features together, and the answers."""
    model, kind, column, segment = alarm.labels
    if (model, kind) != (other.model, "quality") or segment not in ("", other.segment) or other.severity == "critical":
        return False
    if other.kind == "drift.data" and {moved["column"] for moved in other.evidence.get("moved", ())} == {column}:
        return True
    made = other.kind in OF_ANSWERS or (other.kind == "drift.data" and other.column in OF_ALL_FEATURES)
    made = made or (alarm.detector == UNKNOWN_LABELS and other.kind in (*OF_LABELS, "bias.temporal"))
    return made and column in columns_behind(other)


def _is_own_limit(finding: Finding) -> bool:
    """Say whether it is a limit of the user's own that is passed, which is news whatever else is told."""
    return finding.alpha is None and finding.threshold is not None


def _said_already(finding: Finding, heard: Mapping[str, Alarm]) -> str | None:
    """Name the alert by which another detector has said the same.

    Or that another part of the same text, or vector, drifts, or that the column has for long. Every fault of a column's
    quality is news, though, and so is a group that was not told of.
    """
    if finding.kind in ("quality", "health"):
        return None
    alike = (name for name, alarm in heard.items() if alarm.labels == _labels(finding))
    alike = (name for name in alike if not any(after(finding, heard[name]) for after in (leapt_after, fell_after)))
    said = next((name for name in alike if not of_another_group(finding, heard[name])), None)
    of_it = (of_the_same_parts, has_moved_lastingly)
    return said or _first(heard, lambda alarm: any(of(finding, alarm) for of in of_it))


def _told_to_leap(finding: Finding, told: Mapping[str, Alarm]) -> str | None:
    return _first(told, lambda alarm: is_told_to_leap(finding, alarm))


def _explained_by_drift(finding: Finding, told: Mapping[str, Alarm], settled: Mapping[str, Finding]) -> str | None:
    """Name the alert of drift that explains few values a little outside of the range, or what all features show.

    Drift that is not told itself, for a fall of performance was, explains as much; of what all features show, so does
    the quality of one that moved.
    """
    behind = {
        (alarm.labels[1].partition(".")[0], alarm.labels[2]): name
        for name, alarm in told.items()
        if alarm.labels[0] == finding.model and not alarm.slight
        if alarm.labels[3] in ("", finding.segment) and not began_later(finding, alarm)
    }
    if of_all_features(finding):
        moved = finding.evidence.get("columns", ())
        places = [*(("quality", name) for name in moved), *(("drift", name) for name in moved[:1])]
        return next((behind[place] for place in places if place in behind), None)
    if not is_slight(finding.detector, finding.effect, finding.evidence):
        return None
    waiting = (f for f in settled.values() if f.kind.startswith("drift.") and f.alert.state in UNDER_ALARM)
    held = (f.evidence.get("inhibited_by") for f in waiting if f.column == finding.column and not f.segment)
    return behind.get(("drift", finding.column)) or next(filter(None, held), None)


def _follows(finding: Finding, told: Mapping[str, Alarm], heard: Mapping[str, Alarm]) -> str | None:
    """Name the alert of what it follows from; of the same window only one that tells what is gone."""
    before = (name for name, alarm in told.items() if (name in heard or alarm.vanished) and follows(finding, alarm))
    return min(before, default=None)


def _known_to_recur(finding: Finding) -> str | None:
    """Name the last episode of an alert that comes and goes with the day or the week, where it was told twice."""
    known = finding.alert.episode > RECURS and bool(finding.evidence.get("recurring"))
    return alert_id(finding.fingerprint, finding.alert.episode - 1) if known else None


def _outweighs(alarm: Alarm, other: Finding) -> bool:
    (model, kind, column, segment), (its_model, its_kind, its_column, its_segment) = alarm.labels, _labels(other)
    if model != its_model or segment not in ("", its_segment):
        return False
    if kind in ATTACKS and its_kind in ATTACKS and segment == its_segment != "":
        # One message about a client is enough: it names all signs.
        return _graver(kind, alarm.severity) < _graver(its_kind, other.severity)
    same = column == its_column or of_the_same_parts(other, alarm)
    if kind == its_kind and same and segment == "" != its_segment:
        # A client is news even where all traffic is suspicious, and so is a group that was not told of.
        return not is_attack(kind) and not of_another_group(other, alarm)
    if kind == "health":
        return _explains(alarm, other)
    drifts = (its_kind == "confidence" or its_kind.startswith("drift.")) and not leapt_after(other, alarm)
    if kind == "quality":
        return column == its_column != "" and (drifts or its_kind.startswith("performance.")) and not alarm.slight
    return _comes_of_a_fall(other, alarm, drifts=drifts)


def _comes_of_a_fall(other: Finding, fall: Alarm, *, drifts: bool) -> bool:
    kind, news = fall.labels[1], _is_news_beside(other, fall)
    if fall.detector == AGEING:
        return other.kind in OF_LABELS and not news
    explained = drifts and other.detector not in SURER and not news
    return kind.startswith("performance.") and (explained or (kind == "performance.realised" and _same_fall(other)))


def _is_news_beside(other: Finding, fall: Alarm) -> bool:
    """Say whether drift is no reason of a fall in performance, or is told beside it: a class that is gone."""
    later = other.kind == "drift.data" and not of_all_features(other) and began_later(other, fall)
    return later or has_vanished(other.kind, other.evidence)


def _same_fall(other: Finding) -> bool:
    """Say whether an alert tells no more of performance than the realised one does: not that it has lasted."""
    return other.kind == "performance.estimated" or (other.detector == AGEING and not lasts(other.evidence, LATER))


def _explains(outage: Alarm, finding: Finding) -> bool:
    """Say whether an outage explains what a window shows: that rows, or labels, are missing that it kept away."""
    if outage.detector == "labels":
        return finding.kind in ("performance.realised", "drift.label", "drift.concept")
    if finding.window.end <= outage.began:
        return False
    if outage.detector == "freshness":
        return finding.detector == "volume"
    return outage.detector == "source" and finding.kind.startswith(("quality", "drift.", "confidence", "performance."))
