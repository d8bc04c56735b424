"""Why a window differs: what was found out about it as symptoms, and what its rows add to that."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from sqlalchemy import Connection

from monitor.alerts.attack_wording import EVERYONE
from monitor.alerts.finding import Finding
from monitor.alerts.lifecycle import UNDER_ALARM
from monitor.alerts.origin import UNIT_PSI, Excess, Origin, Symptoms, has_crept, lasting, origin_of
from monitor.alerts.phrasing import shown
from monitor.alerts.public import before
from monitor.alerts.taxonomy import is_attack
from monitor.detectors.drift import mean_shift, psi
from monitor.detectors.quality import constant_column, invalid_share, missing_share, out_of_range_share, unseen_share
from monitor.detectors.suspicion.suspects import client_of
from monitor.detectors.temporal.lasting import AGEING
from monitor.detectors.versions import new_version, version_performance, version_predictions
from monitor.profiles.contributions import HEAVIEST, Contribution, contributions
from monitor.profiles.layout import Layout
from monitor.profiles.placing import places_of
from monitor.profiles.reading import categories
from monitor.profiles.tables import joined
from monitor.steps.evidence import MOST_NAMED, moved_columns
from monitor.steps.faulty import Faulty
from monitor.steps.measure import VERSION
from monitor.steps.memory import Memory
from monitor.steps.verdict import Verdict
from monitor.store.database import Database
from monitor.store.records import read_records
from monitor.store.references import WHOLE
from monitor.types import Measurement, Window

FIXED = {"quality": "data_quality", "model_change": "model_change", "bias.temporal": "temporal"}
"""Kinds of alert that say by themselves why."""
BROKEN = {one.NAME for one in (missing_share, invalid_share, unseen_share, constant_column)}
ANSWERS = ("prediction", "score")
RANGES = (unseen_share.NAME, out_of_range_share.NAME)
BESIDE_THE_OLDER = (version_predictions.NAME, version_performance.NAME)
OF_ANSWERS = ("drift.prediction", "drift.concept", "confidence", "performance.realised", "performance.estimated")
"""Kinds of what a version does, rather than of what it is given."""
RENAMED = 0.2
"""New categories in fewer rows are as likely new things in the world as a feed that breaks or renames its values."""
_OUTPUTS, _OUTCOMES = ("drift.prediction", "confidence"), ("drift.label", "drift.concept", "performance.realised")


@dataclass(frozen=True)
class Reason:
    """Why a window differs, and which clients sent the rows by which its most moved column does."""

    origin: Origin
    column: str = ""
    clients: Sequence[Contribution] = ()

    def evidence(self) -> dict[str, Any]:
        """Give it as JSON that an alert carries; the clients stand with the column that they moved."""
        told: dict[str, Any] = {"for": self.origin.speaks_for, "against": self.origin.speaks_against}
        if self.origin.columns:
            told["broken" if self.origin.name == "data_quality" else "crept"] = self.origin.columns[:MOST_NAMED]
        rows, excess = sum(one.rows for one in self.clients), _sent_more(self.clients)
        if sum(one.excess for one in self.clients) > 0:
            told["column"] = self.column
            told["clients"] = [
                {"client": one.client, "share": round(one.excess / excess, 3), "traffic": round(one.rows / rows, 3)}
                for one in self.clients[:MOST_NAMED]
                if one.excess > 0
            ]
        return told


def with_origins(
    database: Database,
    model: str,
    verdict: Verdict,
    stepped: Sequence[Finding],
    *,
    standing: Mapping[str, Mapping[str, Any]],
    memory: Memory,
    window: Window,
    attack: Excess,
    faulty: Faulty,
) -> list[Finding]:
    """Give a window's findings with why it differs, where one breaches.

    What has been found of an episode stays while a window has no better answer. standing: the model's alerts as they
    stood, by fingerprint as they are marked. memory: what was measured in windows before this one. window: all that was
    judged together. attack: who sent its suspicious rows. faulty: clients whose data are broken, which is the reason of
    alerts about them; none of these is critical.
    """
    asking = {f.fingerprint for f in stepped if f.kind not in FIXED and f.alert.breaches and f.alert.breaches[-1]}
    # an alert about a client that was found to send broken data is none of an attacker, though it is still open
    suspects = [f for f in stepped if (before(f, standing) or {}).get("origin") != "data_quality"]
    reason, differs = None, differing_version(standing.values())
    if asking:
        with database.read() as connection:
            reason = reason_of(
                connection,
                model,
                verdict,
                suspects,
                differs=differs,
                memory=memory,
                window=window,
                attack=attack,
                faulty=faulty,
            )
    return [
        _of_faulty(f, said, faulty.columns[client], client)
        if (said := faulty.said(client := client_of(f.segment) or ""))
        else _explained(f, _reason_for(f, verdict, reason if f.fingerprint in asking else None, memory), standing)
        for f in _beside_version(stepped, differs)
    ]


def _beside_version(stepped: Sequence[Finding], differs: str) -> Iterator[Finding]:
    """Note with what tells of ageing a version that answers otherwise than the older one: it may be the reason."""
    now = ({"detector": f.detector, "state": f.alert.state, "segment": f.segment} for f in stepped)
    differs = differs or differing_version(now)
    for finding in stepped:
        ages = differs and finding.detector == AGEING and "since" in finding.evidence
        yield replace(finding, evidence={**finding.evidence, "version": differs}) if ages else finding


def reason_of(
    connection: Connection,
    model: str,
    verdict: Verdict,
    stepped: Iterable[Finding],
    *,
    differs: str,
    memory: Memory,
    window: Window,
    attack: Excess,
    faulty: Faulty,
) -> Reason:
    """Gather a window's symptoms and say what they speak for; differs: as in `Symptoms`."""
    symptoms = symptoms_of(verdict, stepped, faulty=faulty)
    symptoms = replace(symptoms, attack=attack, differs=differs, crept=_crept(symptoms.moved, verdict, memory))
    column = max(symptoms.moved, key=lambda name: (symptoms.moved[name], name), default="")
    found = _senders(connection, model, verdict, column, window) if column else None
    if found is not None:
        symptoms = replace(symptoms, drift=excess_of(found))
    return Reason(origin_of(symptoms), column if found else "", found or ())


def symptoms_of(verdict: Verdict, stepped: Iterable[Finding], *, faulty: Faulty) -> Symptoms:
    """Give what measurements and alerts show of why a window differs; who sent its rows is not among it."""
    whole = [judged for judged in verdict.judged if not judged.measurement.segment]
    distances = {j.measurement.column: j.measurement.value for j in whole if j.measurement.detector == psi.NAME}
    layout = verdict.profiles[WHOLE][0].layout
    lying = {name: distances.get(name) for name in moved_columns(verdict, layout, WHOLE)}
    breaching = {judged.kind for judged in whole if judged.outcome == "breach"}
    attackers = {f.segment for f in stepped if is_attack(f.kind) and f.alert.state in UNDER_ALARM}
    attackers = {segment for segment in attackers if not faulty.said(client_of(segment))}
    found = _broken(judged.measurement for judged in whole if not comes_of_version(judged.measurement, verdict))
    broken = {name: max(found.get(name, 0.0), faulty.shares.get(name, 0.0)) for name in {*found, *faulty.shares}}
    moved = {name: value for name, value in lying.items() if value is not None}
    return Symptoms(
        broken=_at_the_source(broken, moved, layout),
        moved=moved,
        features=sum(column.role == "feature" for column in layout.columns),
        outputs=not breaching.isdisjoint(_OUTPUTS),
        outcomes=not breaching.isdisjoint(_OUTCOMES),
        alarmed=tuple(sorted(shown(client_of(segment) or segment or EVERYONE) for segment in attackers)),
        version=new_version_in(verdict),
    )


def _at_the_source(broken: Mapping[str, float], moved: Mapping[str, float], layout: Layout) -> Mapping[str, float]:
    """Give what is broken without the model's answers, where a feature is broken or wholly elsewhere.

    A model that is given nonsense answers one thing to all.
    """
    answers = {column.name for column in layout.columns if column.role in ANSWERS}
    features = [name for name in broken if name not in answers]
    features += [name for name, distance in moved.items() if distance > UNIT_PSI]
    return {name: share for name, share in broken.items() if name not in answers} if features else broken


def excess_of(found: Sequence[Contribution]) -> Excess:
    """Sum up who contributed; a client counts when it sent a row of it."""
    total, rows = sum(one.excess for one in found), sum(one.rows for one in found)
    if total <= 0:
        return Excess()
    heaviest = found[:HEAVIEST]
    return Excess(
        rows=total,
        clients=sum(one.excess >= 1 for one in found),
        top_share=_sent_more(heaviest) / _sent_more(found),
        top_traffic=sum(one.rows for one in heaviest) / rows,
    )


def _sent_more(found: Iterable[Contribution]) -> float:
    """Sum up what clients sent beyond the usual: those who sent less make up for others, but are no part of it."""
    return sum(max(one.excess, 0.0) for one in found)


def _broken(measurements: Iterable[Measurement]) -> dict[str, float]:
    shares: dict[str, float] = {}
    for one in measurements:
        if one.detector == unseen_share.NAME and (one.value or 0.0) < RENAMED:
            continue
        if one.detector in BROKEN and one.value is not None and (one.p_value or 0.0) <= 0.001:
            rise = one.value - (one.reference or 0.0)
            shares[one.column] = max(shares.get(one.column, 0.0), rise)
    return shares


def _crept(moved: Mapping[str, float], verdict: Verdict, memory: Memory) -> frozenset[str]:
    """Name the features that came wholly elsewhere step by step, by what windows before this one showed."""
    shifts = (j.measurement for j in verdict.judged if j.measurement.detector == mean_shift.NAME)
    now = {one.column: one.effect for one in shifts if not one.segment and one.effect}
    apart = [name for name, distance in moved.items() if distance > UNIT_PSI and name in now]
    return frozenset(name for name in apart if has_crept(_shifts_before(name, verdict, memory), now[name]))


def _shifts_before(column: str, verdict: Verdict, memory: Memory) -> Iterator[float]:
    for window in memory.before(verdict.judgement.window):
        found = memory.at(window, mean_shift.NAME, column)
        if found is not None and found.effect is not None:
            yield found.effect


def new_version_in(verdict: Verdict) -> str:
    """Name the version that is new in a window; the empty text where none is."""
    news = (j.measurement for j in verdict.judged if j.measurement.detector == new_version.NAME)
    return next((one.segment.removeprefix(VERSION) for one in news if one.value and one.p_value == 0), "")


def differing_version(standing: Iterable[Mapping[str, Any]]) -> str:
    """Name a version of which an alert stands that it answers otherwise than the older one; the empty text without."""
    beside = (row for row in standing if row["detector"] in BESIDE_THE_OLDER and row["state"] in UNDER_ALARM)
    return min((str(row["segment"]).removeprefix(VERSION) for row in beside), default="")


def comes_of_version(one: Measurement, verdict: Verdict) -> bool:
    """Say whether values of an answer that the reference does not hold come of a new version, and of no other."""
    layout, version = verdict.profiles[WHOLE][0].layout, new_version_in(verdict)
    column = layout.by_name.get(one.column)
    if not version or column is None or column.role not in ANSWERS or one.detector not in RANGES:
        return False
    own = VERSION + version
    return one.segment == own or not (one.segment.startswith(VERSION) or _breaks_elsewhere(one, own, verdict))


def _breaks_elsewhere(one: Measurement, own: str, verdict: Verdict) -> bool:
    """Say whether another version than the one of segment `own` shows the same."""
    return any(
        judged.outcome == "breach" and (found.detector, found.column) == (one.detector, one.column)
        for judged in verdict.judged
        if (found := judged.measurement).segment.startswith(VERSION) and found.segment != own
    )


def _senders(
    connection: Connection, model: str, verdict: Verdict, column: str, window: Window
) -> list[Contribution] | None:
    """Read who sent the rows of a column's change; None where records name no client, or are not kept any more."""
    reference, current = verdict.profiles[WHOLE]
    roles, layout = reference.layout.roles, reference.layout
    if roles.client is None:
        return None
    wanted = [roles.client, column]
    read = read_records(connection, model, window, timestamp=roles.timestamp, columns=wanted)
    parts = [rows for rows in read if rows.num_rows and set(wanted) <= set(rows.column_names)]
    if not parts:
        return None
    rows = joined(parts)
    senders = categories(rows[roles.client])
    return contributions(
        [text or "" for text in senders.texts],
        places_of(rows[column], layout.by_name[column]),
        who=np.append(np.arange(len(senders.texts)), -1)[senders.positions],
        before=reference.columns[column].counts,
        after=current.columns[column].counts,
    )


def _of_faulty(finding: Finding, said: str, columns: Iterable[str], client: str) -> Finding:
    """Give a finding about a client whose data are broken in some columns."""
    reason = Reason(Origin("data_quality", (said,), columns=tuple(columns)))
    evidence = {**finding.evidence, "origin": reason.evidence() | {"broken_by": client}}
    severity = "warning" if finding.severity == "critical" else finding.severity
    return replace(finding, origin="data_quality", severity=severity, evidence=evidence)


def _reason_for(finding: Finding, verdict: Verdict, reason: Reason | None, memory: Memory) -> Reason | None:
    """Give why a finding differs, where that is another reason than the window's, and for how long it has lasted."""
    one = Measurement(finding.detector, finding.value, column=finding.column, segment=finding.segment)
    if finding.kind == "quality" and finding.breaches and comes_of_version(one, verdict):
        return Reason(Origin("model_change", (f"version {new_version_in(verdict)} is new",)))
    if reason is None or reason.origin.name not in ("temporal", "undetermined"):
        return reason
    if _of_own_rows(finding, verdict, one):
        version = finding.segment.removeprefix(VERSION)
        return Reason(Origin("model_change", (f"it lies in the rows of version {version}, whose inputs did not move",)))
    told = _lasting(finding, memory)
    return replace(reason, origin=replace(reason.origin, speaks_for=(*reason.origin.speaks_for, *told)))


def _of_own_rows(finding: Finding, verdict: Verdict, one: Measurement) -> bool:
    """Say whether a version that came later, and no other, answers otherwise to inputs that did not move."""
    later = {j.measurement.segment for j in verdict.judged if j.measurement.detector == new_version.NAME}
    if finding.segment not in later or finding.kind not in OF_ANSWERS:
        return False
    layout = verdict.profiles[WHOLE][0].layout
    moved = moved_columns(verdict, layout, finding.segment) or moved_columns(verdict, layout, WHOLE)
    return not moved and not _breaks_elsewhere(one, finding.segment, verdict)


def _lasting(finding: Finding, memory: Memory) -> tuple[str, ...]:
    since, before = finding.alert.since, memory.before(finding.window)
    if since is None:
        return ()
    windows = 1 + sum(window.start >= since for window in before)
    seen = () if finding.segment else (memory.at(window, finding.detector, finding.column) for window in before)
    effects = [one.effect for one in seen if one and one.effect is not None]
    sentence = lasting([*effects, finding.effect or 0.0], windows)
    return (sentence,) if sentence else ()


def _explained(finding: Finding, reason: Reason | None, standing: Mapping[str, Mapping[str, Any]]) -> Finding:
    stood = before(finding, standing)
    kept = stood["evidence"].get("origin") if stood and stood["state"] in UNDER_ALARM else None
    if reason and is_attack(finding.kind):
        reason = _of_attack(reason, by_one=bool(client_of(finding.segment)))
    by_version = stood is not None and kept and stood["origin"] == "model_change"
    if reason and by_version and reason.origin.name == "temporal":
        # that it goes on is no news of why it began
        reason = None
    if reason and (not kept or reason.origin.name != "undetermined"):
        return replace(finding, origin=reason.origin.name, evidence={**finding.evidence, "origin": reason.evidence()})
    if stood is None or not kept or (finding.kind in FIXED and not by_version):
        return finding
    return replace(finding, origin=stood["origin"], evidence={**finding.evidence, "origin": kept})


def _of_attack(reason: Reason, *, by_one: bool) -> Reason:
    """Give why an alert of an attack was raised; who sent what drifted beside it has no part in that.

    by_one: it is about one client, whom drift that all show does not explain; broken data may.
    """
    name = reason.origin.name
    turned = name == "attack_like" or (by_one and name != "data_quality")
    return Reason(reason.origin.of_attack() if turned else reason.origin)
