"""What a window shows that bears on the question why it differs, and who sent the rows by which it does."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

import numpy as np
from sqlalchemy import Connection

from monitor.alerts.attack_names import EVERYONE
from monitor.alerts.causes import BROKEN_IN
from monitor.alerts.courses import has_stepped
from monitor.alerts.finding import Finding
from monitor.alerts.lifecycle import UNDER_ALARM
from monitor.alerts.phrasing import distinct, shown
from monitor.alerts.symptoms import BROKEN_SHARE, UNIT_PSI, Excess, Symptoms
from monitor.alerts.taxonomy import is_attack
from monitor.detectors.drift import mean_shift, psi
from monitor.detectors.quality import (
    constant_column,
    contradicted_share,
    invalid_share,
    missing_share,
    out_of_range_share,
    unseen_share,
)
from monitor.detectors.suspicion.suspects import client_of
from monitor.detectors.temporal.lasting import LASTING_DRIFT
from monitor.profiles.contributions import HEAVIEST, Contribution
from monitor.profiles.layout import Layout
from monitor.profiles.population import NAMES as OF_ALL_FEATURES
from monitor.steps.displaced import SURELY, has_been_there, last_shifts
from monitor.steps.evidence import leaning_columns, moved_columns
from monitor.steps.faulty import Faulty
from monitor.steps.memory import Memory
from monitor.steps.sent import Sent
from monitor.steps.verdict import Verdict
from monitor.steps.version_reasons import ANSWERS, comes_of_version, new_version_in
from monitor.store.measurements import Judged
from monitor.store.references import WHOLE
from monitor.types import Measurement, Window

BROKEN = {
    one.NAME
    for one in (
        missing_share,
        invalid_share,
        unseen_share,
        constant_column,
        contradicted_share,
        out_of_range_share,
    )
}
RENAMED_SHARE = 0.2
"""New categories in fewer rows are as likely new things in the world as a feed that breaks or renames its values."""
MOSTLY = 0.5
"""One value that so many rows of the reference hold may well be right, though all rows of a window do."""
FAR = 2.0
AS_MANY = 0.25
"""A category that is gone came as often as another does, to within that part of its share."""
MEANING = "drift.concept"
MOST_OF_ITS_ROWS = 0.5
_OF_LABELS = (MEANING, "performance.realised")
_OUTPUTS, _OUTCOMES = ("drift.prediction", "confidence"), ("drift.label", MEANING, "performance.realised")


def symptoms_of(verdict: Verdict, stepped: Sequence[Finding], *, faulty: Faulty) -> Symptoms:
    """Give what measurements and alerts show of why a window differs; who sent its rows is not among it."""
    whole = [judged for judged in verdict.judged if not judged.measurement.segment]
    distances = {j.measurement.column: j.measurement.value for j in whole if j.measurement.detector == psi.NAME}
    layout = verdict.profiles[WHOLE][0].layout
    named = [*moved_columns(verdict, layout, WHOLE), *_told_to_drift(stepped, layout)]
    lying = {name: distances.get(name) for name in named}
    breaching = {judged.kind for judged in whole if judged.outcome == "breach"}
    attackers = {f.segment for f in stepped if is_attack(f.kind) and f.alert.state in UNDER_ALARM}
    attackers = {segment for segment in attackers if not faulty.said(client_of(segment))}
    own = (judged.measurement for judged in whole if not comes_of_version(judged.measurement, verdict))
    doubted = {
        unseen_share.NAME: _are_renamed,
        out_of_range_share.NAME: _lie_far_off,
        constant_column.NAME: _is_no_usual_value,
    }
    found = _broken(one for one in own if one.detector not in doubted or doubted[one.detector](one, verdict))
    sources = (found, faulty.shares, _of_one_source(stepped))
    broken = {name: max(one.get(name, 0.0) for one in sources) for name in {name for one in sources for name in one}}
    moved = {name: value for name, value in lying.items() if value is not None}
    grows = frozenset(name for name in {*moved, *_lastingly_moved(stepped)} if layout.by_name[name].grows)
    known = frozenset(name for name in moved if has_been_there(name, verdict))
    return Symptoms(
        known=known,
        crept=grows & moved.keys(),
        grows=grows,
        broken=_at_the_source(broken, {name: moved[name] for name in moved.keys() - known}, layout),
        moved=moved,
        leaning=() if moved else tuple(leaning_columns(verdict, layout, WHOLE)),
        features=sum(column.role == "feature" for column in layout.columns),
        outputs=any(one.kind in _OUTPUTS for one in _of_answers(whole)),
        joint=bool(joint_columns(verdict)),
        outcomes=not breaching.isdisjoint(_OUTCOMES),
        only_labels=not breaching.isdisjoint(_OUTCOMES[:1]) and breaching.isdisjoint(_OUTCOMES[1:]),
        alarmed=tuple(sorted(shown(client_of(segment) or segment or EVERYONE) for segment in attackers)),
        version=new_version_in(verdict),
    )


def _told_to_drift(stepped: Iterable[Finding], layout: Layout) -> list[str]:
    """Name the features whose drift is told and has not ended, though a window by itself be not sure of it."""
    told = {f.column for f in stepped if f.kind == "drift.data" and f.alert.state in UNDER_ALARM and not f.segment}
    return sorted(name for name in told & layout.by_name.keys() if layout.by_name[name].role == "feature")


def _lastingly_moved(stepped: Iterable[Finding]) -> set[str]:
    told = (f.evidence.get("moved", ()) for f in stepped if f.detector == LASTING_DRIFT and f.breaches)
    return {one["column"] for moved in told for one in moved}


def joint_columns(verdict: Verdict) -> set[str]:
    """Name the columns made of all features that surely moved, of all traffic."""
    of_all = (j for j in verdict.judged if not j.measurement.segment and j.measurement.column in OF_ALL_FEATURES)
    return {judged.measurement.column for judged in of_all if is_sure(judged)}


def turned_answers(verdict: Verdict, memory: Memory, stepped: Iterable[Finding]) -> tuple[str, ...]:
    """Name the answers that surely moved, and at once, where labels surely meet them otherwise, but did not move.

    That labels do is sure where an alert of it, or of performance, fires, or one window alone leaves no doubt. Where
    the world changes the labels do, too; and where a feature that is not logged moved, labels meet the answers as they
    did. What is left is that the answers are made otherwise.
    """
    whole = [one for one in verdict.judged if not one.measurement.segment]
    known = [one.outcome for one in whole if one.kind == "drift.label"]
    met = any(is_sure(one) for one in whole if one.kind == MEANING)
    met = met or any(f.kind in _OF_LABELS and f.alert.state == "firing" and not f.segment for f in stepped)
    if "breach" in known or "clear" not in known or not met:
        return ()
    sure = distinct(one.measurement.column for one in _of_answers(whole) if one.kind in _OUTPUTS and is_sure(one))
    shifts = {one.column: one.effect for one in (judged.measurement for judged in whole) if _is_shift(one, sure)}
    most = max(shifts, key=lambda name: (abs(shifts[name] or 0.0), name), default="")
    before = last_shifts(most, verdict, memory) if most else []
    if not has_stepped(before, shifts.get(most) or 0.0):
        return ()
    layout = verdict.profiles[WHOLE][0].layout
    return tuple([name for name in sure if layout.by_name[name].role in ANSWERS] or sure)


def _is_shift(one: Measurement, columns: Collection[str]) -> bool:
    return one.detector == mean_shift.NAME and one.column in columns and one.effect is not None


def _of_answers(judged: Iterable[Judged]) -> Iterator[Judged]:
    """Give the breaches of what the answers show by themselves: overconfidence hangs on how far off a row lies."""
    for one in judged:
        if one.outcome == "breach" and not one.measurement.column.startswith("overconfidence("):
            yield one


def is_sure(judged: Judged) -> bool:
    """Say whether a measurement breaches, and one window alone leaves no doubt."""
    p_value = judged.measurement.p_value
    return judged.outcome == "breach" and p_value is not None and p_value <= SURELY


def _at_the_source(broken: Mapping[str, float], moved: Mapping[str, float], layout: Layout) -> Mapping[str, float]:
    """Give what is broken without the model's answers, where a feature is broken or wholly elsewhere.

    A model that is given nonsense answers one thing to all.
    """
    answers = {column.name for column in layout.columns if column.role in ANSWERS}
    features = [name for name in broken if name not in answers]
    features += [name for name, distance in moved.items() if distance > UNIT_PSI]
    return {name: share for name, share in broken.items() if name not in answers} if features else broken


def _broken(measurements: Iterable[Measurement]) -> dict[str, float]:
    shares: dict[str, float] = {}
    for one in measurements:
        if one.detector in BROKEN and one.value is not None and (one.p_value or 0.0) <= SURELY:
            rise = one.value - (one.reference or 0.0)
            shares[one.column] = max(shares.get(one.column, 0.0), rise)
    return shares


def _of_one_source(stepped: Iterable[Finding]) -> dict[str, float]:
    """Give the shares of values beyond the reference's range that most rows of one source hold, and no others.

    However little they lie beyond it, as salaries in thousands do: no season comes to one source alone.
    """
    beyond = (f for f in stepped if f.detector == out_of_range_share.NAME and f.breaches and not f.segment)
    whole = (f for f in beyond if f.evidence.get(BROKEN_IN, {}).get("broken", 0.0) >= MOST_OF_ITS_ROWS)
    return {f.column: (f.value or 0.0) - (f.reference_value or 0.0) for f in whole}


def _lie_far_off(beyond: Measurement, verdict: Verdict) -> bool:
    """Say whether values beyond the reference's range lie several ranges beyond, as those in another unit do.

    That is told from how far they move the mean of all.
    """
    before, after = (profile.columns[beyond.column] for profile in verdict.profiles[WHOLE])
    if before.low is None or before.high is None or not after.n or not beyond.value:
        return False
    return abs(after.sum / after.n) / beyond.value > FAR * (before.high - before.low)


def _is_no_usual_value(constant: Measurement, verdict: Verdict) -> bool:
    """Say whether what all rows of a column hold is another value than that which most of the reference's do."""
    before, after = (profile.columns[constant.column] for profile in verdict.profiles[WHOLE])
    return bool(before.counts[after.counts > 0].sum() < MOSTLY * before.n)


def _are_renamed(unseen: Measurement, verdict: Verdict) -> bool:
    """Say whether categories that the reference lacks are known ones by another name: in many rows, or in their place.

    These are as many as those of a category that came as often, and is gone.
    """
    share = unseen.value or 0.0
    before, after = (profile.columns[unseen.column] for profile in verdict.profiles[WHOLE])
    usual = before.counts / max(before.n, 1)
    gone = usual[(after.counts == 0) & (usual >= BROKEN_SHARE)]
    return share >= RENAMED_SHARE or bool((np.abs(gone - share) <= AS_MANY * share).any())


def senders_of(
    connection: Connection,
    model: str,
    verdict: Verdict,
    column: str,
    window: Window,
    *,
    without: Collection[str] = (),
) -> list[Contribution] | None:
    """Read who sent the rows of a column's change; None where records name no client, or are not kept any more.

    without: clients whose rows are left aside.
    """
    reference, current = verdict.profiles[WHOLE]
    sent = Sent.read(connection, model, reference.layout.roles, [column], window)
    if sent is None:
        return None
    before, after = (profile.columns[column].counts for profile in (reference, current))
    return sent.without(without).contributed(reference.layout.by_name[column], before, after)


def excess_of(found: Sequence[Contribution]) -> Excess:
    """Sum up who contributed; a client counts for one at most, and for the part of a row that it sent of it."""
    total, rows = sum(one.excess for one in found), sum(one.rows for one in found)
    if total <= 0:
        return Excess()
    heaviest = found[:HEAVIEST]
    return Excess(
        rows=total,
        clients=round(sum(min(max(one.excess, 0.0), 1.0) for one in found)),
        top_share=sent_more(heaviest) / sent_more(found),
        top_traffic=sum(one.rows for one in heaviest) / rows,
    )


def sent_more(found: Iterable[Contribution]) -> float:
    """Sum up what clients sent beyond the usual: those who sent less make up for others, but are no part of it."""
    return sum(max(one.excess, 0.0) for one in found)
