"""Why a window differs, told of each of its alerts; and what has been found of an episode, which stays with it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from monitor.alerts.causes import MISSING, TOLD_BY, UNRELATED
from monitor.alerts.finding import Finding
from monitor.alerts.lifecycle import PRESENT, UNDER_ALARM
from monitor.alerts.origin import Origin
from monitor.alerts.public import before
from monitor.alerts.story_wording import has_only_begun
from monitor.alerts.taxonomy import is_attack
from monitor.detectors.quality import volume
from monitor.detectors.suspicion.suspects import client_of
from monitor.detectors.temporal import step_change
from monitor.detectors.temporal.lasting import AGEING
from monitor.steps.beginnings import (
    Last,
    as_began,
    attacked_since,
    broken_since,
    came_before,
    effects_since,
    gone_since,
)
from monitor.steps.faulty import Faulty
from monitor.steps.history import History
from monitor.steps.meanwhile import began_with, broken_in, noting_what_else_changed
from monitor.steps.memory import Memory
from monitor.steps.parts import VERSION
from monitor.steps.reasons import Reason, Reasons, missing_before, reason_of, reasons_of
from monitor.steps.segment_units import Units, other_unit, units_in_segments
from monitor.steps.suspicions import Suspicious
from monitor.steps.unknown_labels import unknown_labels
from monitor.steps.verdict import Verdict
from monitor.steps.version_reasons import comes_of_version, differing_version, lies_in_own_rows, new_version_in
from monitor.store.database import Database
from monitor.store.references import WHOLE
from monitor.types import Measurement, Window

FIXED = {"quality": "data_quality", "model_change": "model_change", "bias.temporal": "temporal"}
"""Kinds of alert that say by themselves why."""
AT_ONCE = "it left at once where it had come to"
BESIDE_TIME = ("data_quality", "attack_like", "model_change")
"""What a fall that time would explain may come of as well."""


def with_origins(
    database: Database,
    model: str,
    verdict: Verdict,
    stepped: Sequence[Finding],
    *,
    standing: Mapping[str, Mapping[str, Any]],
    memory: Memory,
    history: History,
    window: Window,
    suspicious: Suspicious,
    faulty: Faulty,
) -> list[Finding]:
    """Give a window's findings with why it differs, where one breaches.

    What has been found of an episode stays while a window has no better answer. standing: the model's alerts as they
    stood, by fingerprint as they are marked. memory, history: what was measured in windows before this one, and how
    many rows these had. window: all that was judged together. suspicious: who sent its suspicious rows; what is found
    without those of some clients does not come of these. faulty: clients whose data are broken, which is the reason
    of alerts about them, which are told as that, with low severity.
    """
    asked = [f for f in stepped if f.kind not in FIXED or f.detector in (AGEING, volume.NAME)]
    asking = {f.fingerprint: f for f in asked if f.alert.breaches and f.alert.breaches[-1]}
    # an alert about a client that was found to send broken data is none of an attacker, though it is still open
    suspects = [
        f for f in stepped if not (is_attack(f.kind) and (before(f, standing) or {}).get("origin") == "data_quality")
    ]
    differs, reasons = differing_version(standing.values(), stepped), Reasons()
    if asking:
        with database.read() as connection:
            why = partial(
                reason_of,
                connection,
                model,
                verdict,
                differs=differs,
                memory=memory,
                window=window,
                faulty=faulty,
                missing=missing_before(standing.values()),
            )
            reasons = reasons_of(why, suspects, suspicious, {is_attack(f.kind) for f in asking.values()})
    last, attacked = Last(memory, history, partial(effects_since, database, model)), attacked_since(suspects)
    missing = min(missing_before(standing.values()).values(), default=None)
    broke, gone = (since(stepped, standing.values()) for since in (broken_since, gone_since))
    units = units_in_segments(stepped, verdict, standing.values(), last.came_at_once)
    return [
        _of_faulty(f, said, faulty.columns[client], client)
        if (said := faulty.said(client := client_of(f.segment) or "")) and not _has_searched(before(f, standing))
        else _explained(f, None if came_before(f, attacked, why) else why, standing)
        for f in noting_what_else_changed(stepped, differs, standing.values())
        for found in [reasons.why(f) if f.fingerprint in asking else None]
        for of_labels in [found and unknown_labels(f, verdict)]
        for why in [
            of_labels or _reason_for(f, verdict, found and as_began(f, found, missing, broke, gone), last, units)
        ]
    ]


def _has_searched(row: Mapping[str, Any] | None) -> bool:
    """Say whether a client was told of as a critical attacker before a column of its rows broke: that stands."""
    return bool(row and row["state"] in UNDER_ALARM and row["evidence"].get("told_severity") == "critical")


def _of_faulty(finding: Finding, said: str, columns: Iterable[str], client: str) -> Finding:
    """Give a finding about a client whose data are broken in some columns: no attack, whatever it looks like."""
    reason = Reason(Origin("data_quality", (said,), columns=tuple(columns)))
    shown = {name: part for name, part in finding.evidence.items() if name != "names"}
    quiet = replace(finding, severity="info", evidence=shown)
    return _coming_of(quiet, "data_quality", reason.evidence() | {"broken_by": client})


def _reason_for(finding: Finding, verdict: Verdict, reason: Reason | None, last: Last, units: Units) -> Reason | None:
    """Give why a finding differs, where that is another reason than the window's, and for how long it has lasted."""
    one = Measurement(finding.detector, finding.value, column=finding.column, segment=finding.segment)
    if finding.kind == "quality" and finding.breaches and comes_of_version(one, verdict):
        return Reason(Origin("model_change", (f"version {new_version_in(verdict)} is new",)))
    if finding.detector == volume.NAME:
        return reason if reason and reason.origin.missing else None
    if reason is not None and finding.segment.partition("=")[0] in reason.origin.missing:
        # of the rows of a segment none are missing because another one's are
        return None
    if reason is not None and reason.uncrept and finding.column not in reason.origin.columns:
        reason = reason.of_what_came_at_once() if last.came_at_once(finding) else reason
    if reason is not None and finding.kind == "drift.data" and TOLD_BY not in finding.evidence:
        reason = reason.of_feature(finding.column, verdict.profiles[WHOLE][0].layout)
    elif reason is not None and not is_attack(finding.kind):
        reason = reason.of_answers(verdict.profiles[WHOLE][0].layout)
    if reason is None or reason.origin.name not in ("temporal", "undetermined"):
        return reason
    if lies_in_own_rows(finding, verdict, one):
        version = finding.segment.removeprefix(VERSION)
        return Reason(Origin("model_change", (f"it lies in the rows of version {version}, whose inputs did not move",)))
    return other_unit(finding, units) or _in_time(finding, reason, last)


def _in_time(finding: Finding, reason: Reason, last: Last) -> Reason:
    """Give a reason that is none, or the passing of time, with how that went; what leapt is not of it."""
    if finding.detector == step_change.NAME:
        return Reason(Origin("undetermined", (AT_ONCE,)))
    told = last.told(finding, crept=bool(reason.origin.columns))
    return replace(reason, origin=replace(reason.origin, speaks_for=(*reason.origin.speaks_for, *told)))


def _explained(finding: Finding, reason: Reason | None, standing: Mapping[str, Mapping[str, Any]]) -> Finding:
    if finding.detector == AGEING:
        return _of_fall(finding, reason, standing)
    stood = before(finding, standing)
    kept = stood["evidence"].get("origin") if stood and stood["state"] in UNDER_ALARM else None
    if reason and is_attack(finding.kind):
        reason = _of_attack(reason, by_one=bool(client_of(finding.segment)))
    by_version = stood is not None and kept and stood["origin"] == "model_change"
    if reason and kept and (by_version or _is_known(kept, reason)) and reason.origin.name == "temporal":
        # that it goes on is no news of why it began
        reason = None
    if reason and (not kept or reason.origin.name != "undetermined"):
        return _coming_of(finding, reason.origin.name, reason.evidence())
    if stood is None or not kept or (finding.kind in FIXED and not by_version and MISSING not in kept):
        return finding
    return _coming_of(finding, stood["origin"], kept)


def _is_known(kept: Mapping[str, Any], reason: Reason) -> bool:
    """Say whether it was clearer in a window before what an alert comes of."""
    return UNRELATED in kept or ("crept" in kept and not reason.origin.columns)


def _of_fall(finding: Finding, reason: Reason | None, standing: Mapping[str, Mapping[str, Any]]) -> Finding:
    """Give a fall over windows with what it comes of, where that began with it; without that, time is its reason."""
    if reason and reason.origin.name in BESIDE_TIME and _came_with(finding, reason, standing.values()):
        return _coming_of(finding, reason.origin.name, reason.evidence())
    stood = before(finding, standing)
    if stood is None or stood["state"] not in UNDER_ALARM or "origin" not in stood["evidence"]:
        return finding
    if "since" in finding.evidence and not began_with(finding, stood):
        # the fall that it was told of is over, and this is another one
        return finding
    return _coming_of(finding, stood["origin"], stood["evidence"]["origin"])


def _coming_of(finding: Finding, origin: str, told: Mapping[str, Any]) -> Finding:
    """Give a finding with what it comes of, and what speaks for that."""
    return replace(finding, origin=origin, evidence={**finding.evidence, "origin": told})


def _came_with(finding: Finding, reason: Reason, standing: Iterable[Mapping[str, Any]]) -> bool:
    """Say whether a reason came when a fall began.

    A fall that has lasted is laid beside alerts about broken columns, and of another model beside those of the fall
    itself, for its answers moved at once.
    """
    columns = set(reason.origin.columns) if reason.origin.name == "data_quality" else set[str]()
    of_model = reason.origin.name == "model_change"
    came = (
        row
        for row in standing
        if (of_model and _tells_of_a_fall(row))
        or (row["state"] in UNDER_ALARM and columns.intersection(broken_in(row)))
    )
    return has_only_begun(finding) or any(began_with(finding, row) for row in came)


def _tells_of_a_fall(row: Mapping[str, Any]) -> bool:
    """Say whether an alert tells, or is about to tell, of performance in all traffic."""
    told = row["state"] in PRESENT
    return told and row["kind"] == "performance.realised" and not row["segment"]


def _of_attack(reason: Reason, *, by_one: bool) -> Reason:
    """Give why an alert of an attack was raised; who sent what drifted beside it has no part in that.

    by_one: it is about one client, whom drift that all show does not explain; broken data may.
    """
    name = reason.origin.name
    turned = name == "attack_like" or (by_one and name != "data_quality")
    return Reason(reason.origin.of_attack() if turned else reason.origin)
