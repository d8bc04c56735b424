"""What goes with an alert besides its numbers: where else it was seen, and how and with what the column moved."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from monitor.alerts.vocabulary import WINDOWS_BEFORE
from monitor.detectors.change import change_of
from monitor.detectors.drift import mean_vector
from monitor.detectors.quality import (
    added_column,
    constant_column,
    dropped_column,
    invalid_share,
    missing_share,
    out_of_range_share,
    retyped_column,
    unknown_label_share,
    unseen_share,
)
from monitor.detectors.temporal.lasting import LASTING_DRIFT
from monitor.profiles.bins import CategoryBins
from monitor.profiles.layout import Layout
from monitor.profiles.profile import ColumnProfile, Profile
from monitor.stats.discoveries import discovery_level
from monitor.stats.units import in_words, units_by_moments, units_for
from monitor.steps.verdict import Verdict
from monitor.store.measurements import Judged
from monitor.store.references import WHOLE
from monitor.types import Measurement

MOST_NAMED = 5
DISCOVERIES, LEANING = 0.05, 0.2
"""Of the features that moved, at most so large a part did by chance; of those that may have."""
MEASURES = {"text": "length", "vector": "norm"}
"""What the values of a column are binned by that are no numbers and no categories."""
OF_WHOLE_VALUES = (
    added_column.NAME,
    dropped_column.NAME,
    invalid_share.NAME,
    mean_vector.NAME,
    missing_share.NAME,
    retyped_column.NAME,
)
NEW = (unseen_share.NAME, unknown_label_share.NAME)
HALF, AS_GOOD = 0.5, 0.25
"""Where more rows lie beyond the reference's range, it is said in which unit they may be, or in which of two."""
MOVING = ("drift.data", "drift.prediction", "confidence", "disagreement", "quality")
"""Kinds that a moving baseline has; labels stay beside the reference's."""


def breaching_segments(verdict: Verdict) -> dict[tuple[str, str], list[str]]:
    """Give the segments in which each (kind, column) breaches in this window, the largest effect first."""
    found = defaultdict[tuple[str, str], dict[str, float]](dict)
    for _, judged in verdict.stepping():
        one = judged.measurement
        if judged.outcome == "breach" and one.segment:
            within = found[judged.kind, one.column]
            within[one.segment] = max(within.get(one.segment, 0.0), abs(one.effect or 0.0))
    return {place: sorted(within, key=lambda name: (-within[name], name)) for place, within in found.items()}


def evidence_of(verdict: Verdict, segments: Mapping[tuple[str, str], list[str]], judged: Judged) -> dict[str, Any]:
    one = judged.measurement
    within = segments.get((judged.kind, one.column), [])
    evidence: dict[str, Any] = {"segments": within} if within and not one.segment else {}
    evidence |= {**one.evidence, **_about(verdict, judged)}
    reference, current = verdict.profiles.get(one.segment, (None, None))
    if reference and current and one.column in reference.columns and judged.kind.startswith(("drift.", "confidence")):
        # a column of vectors is binned by their norm, of which their mean says nothing
        counted = one.detector != mean_vector.NAME
        change = change_of(reference.columns[one.column], current.columns[one.column]) if counted else None
        evidence |= {"change": change} if change else {}
        evidence |= {"timed": True} if reference.layout.by_name[one.column].timed and not verdict.moving else {}
        evidence |= _explained(verdict, reference.layout, one)
    if judged.kind == "quality" and judged.outcome == "breach" and reference and current:
        evidence |= _instead(one, reference.columns.get(one.column), current.columns.get(one.column))
        evidence |= _unit_within(verdict, within, one) if "unit" not in evidence and not one.segment else {}
    if one.detector == LASTING_DRIFT and reference and current:
        evidence |= _lately(str(evidence.get("column", "")), reference, current)
    return evidence


def _instead(one: Measurement, before: ColumnProfile | None, after: ColumnProfile | None) -> dict[str, Any]:
    """Say of broken values what came in their place: which value all rows hold, or where the mean came to.

    Of categories that the reference does not hold, which one is gone.
    """
    if before is None or after is None:
        return {}
    if one.detector == constant_column.NAME:
        held = _only_value(after)
        return {} if held is None else {"held": held}
    change = change_of(before, after) if one.detector in (*NEW, out_of_range_share.NAME) else None
    told = change and (change.get("vanished") if one.detector in NEW else change["of"] == "mean")
    if not told or after.kind == "vector":
        return {}
    if one.detector != out_of_range_share.NAME:
        return {"change": change}
    unit = _unit(one.column, before, after) if (one.value or 0.0) > HALF else ""
    return {"change": change} | _ends(before, after) | ({"unit": unit} if unit else {})


def _ends(before: ColumnProfile, after: ColumnProfile) -> dict[str, Any]:
    """Give the least and the largest value, where these lie beyond the reference's, with the reference's."""
    sides = (("lowest", after.low, before.low, -1), ("highest", after.high, before.high, 1))
    beyond = ((name, now, then) for name, now, then, way in sides if _is_beyond(now, then, way))
    return {name: {"now": now, "before": then} for name, now, then in beyond}


def _is_beyond(now: float | None, then: float | None, way: int) -> bool:
    return now is not None and then is not None and way * now > way * then


def _unit(column: str, before: ColumnProfile, after: ColumnProfile) -> str:
    """Say in which unit values that mostly lie beyond the reference's range would most nearly lie and spread as now."""
    usual, now = before.moments, after.moments
    return "" if usual is None or now is None else unit_by_moments(column, usual[1:], now[1:])


def unit_by_moments(column: str, usual: tuple[float, float], now: tuple[float, float]) -> str:
    """Say in which unit values lie and spread as now, of which mean and variance are known; "" where in none."""
    fitting = units_by_moments((*usual, 0.0), now, as_good=AS_GOOD, units=units_for(column))
    return in_words(fitting, column, joint=", or ")


def _unit_within(verdict: Verdict, segments: Sequence[str], one: Measurement) -> dict[str, Any]:
    """Say in which unit the values of a segment may be that mostly lie beyond the reference's range.

    segments: those in which the column breaches, the largest effect first.
    """
    if one.detector != out_of_range_share.NAME:
        return {}
    alike = [judged.measurement for judged in verdict.judged if judged.measurement.detector == one.detector]
    shares = {other.segment: other.value or 0.0 for other in alike if other.column == one.column}
    for segment in segments:
        reference, current = verdict.profiles.get(segment, (None, None))
        if reference and current and shares.get(segment, 0.0) > HALF:
            unit = _unit(one.column, reference.columns[one.column], current.columns[one.column])
            return {"unit": unit, "unit_in": segment} if unit else {}
    return {}


def _only_value(column: ColumnProfile) -> str | float | None:
    """Give the value that all rows hold; None where it is not known, as of a text or a vector."""
    bins, place = column.bins, int(column.counts.argmax())
    if isinstance(bins, CategoryBins):
        return bins.values[place] if place < len(bins.values) else next(iter(column.unseen), None)
    return column.low if column.kind == "numeric" else None


def _lately(column: str, reference: Profile, current: Profile) -> dict[str, Any]:
    """Give how the column that moved most over windows lies in the last of them, with what it is measured by."""
    if column not in reference.columns:
        return {}
    change, kind = change_of(reference.columns[column], current.columns[column]), reference.layout.by_name[column].kind
    if not change or kind == "vector":
        return {}
    return {"change": change | ({"measure": MEASURES[kind]} if kind in MEASURES else {})}


def _about(verdict: Verdict, judged: Judged) -> dict[str, Any]:
    """Say what of a column was measured, where that is not its values, and beside what, where not the reference.

    With its role, where it is no feature, and of what it is made, where that is one column.
    """
    one, layout = judged.measurement, verdict.profiles[WHOLE][0].layout
    column = layout.by_name.get(one.column)
    binned = MEASURES.get(column.kind, "") if column and one.detector not in OF_WHOLE_VALUES else ""
    made_of = next((d.columns for d in layout.derivations if one.column in d.names and len(d.columns) == 1), ())
    found: dict[str, Any] = {"measure": binned} if binned else {}
    found |= {"role": column.role} if column and column.role != "feature" else {}
    found |= {"of": made_of[0]} if made_of and column and column.role == "derived" else {}
    return found | ({"beside": WINDOWS_BEFORE} if verdict.moving and judged.kind.startswith(MOVING) else {})


def _explained(verdict: Verdict, layout: Layout, one: Measurement) -> dict[str, Any]:
    """Give how much the model's answer hangs on a column, and which others moved; of the population, of its own."""
    known = layout.by_name[one.column].sensitivity
    found: dict[str, Any] = {} if known is None else {"sensitivity": round(known, 4)}
    made_of = next((d.columns for d in layout.derivations if one.column in d.names and len(d.columns) > 1), ())
    # what is made of other derived columns hangs on every feature
    made_of = tuple(name for name in made_of if name in layout.by_name and layout.by_name[name].role == "feature")
    ranked = [name for name in moved_columns(verdict, layout, one.segment) if name != one.column]
    ranked = [name for name in ranked if name in made_of] if made_of else ranked
    if ranked or layout.by_name[one.column].role == "feature":
        return found | ({"columns": ranked[:MOST_NAMED]} if ranked else {})
    leaning = leaning_columns(verdict, layout, one.segment)
    return found | ({"leaning": leaning[:MOST_NAMED]} if leaning else {})


def leaning_columns(verdict: Verdict, layout: Layout, segment: str) -> list[str]:
    """Give the features that may have moved in a window, but for those that always do, as they grow with time."""
    found = moved_columns(verdict, layout, segment, by_chance=LEANING)
    return [name for name in found if not layout.by_name[name].grows]


def moved_columns(verdict: Verdict, layout: Layout, segment: str, *, by_chance: float = DISCOVERIES) -> list[str]:
    """Give the features that moved in a window, at most so many of them by chance.

    Ordered by the largest effect times the model's sensitivity. (Benjamini & Hochberg 1995)
    """
    drifts = [
        (j.measurement, j.threshold)
        for j in verdict.judged
        if j.kind == "drift.data" and j.alpha is not None and j.measurement.segment == segment
    ]
    drifts = [(one, least) for one, least in drifts if one.p_value is not None]
    level = discovery_level([one.p_value or 0.0 for one, _ in drifts], by_chance)
    moved: dict[str, float] = {}
    for one, least in drifts:
        column, effect = layout.by_name.get(one.column), abs(one.effect or 0.0)
        if column and column.role == "feature" and (one.p_value or 0.0) <= level and effect >= (least or 0.0):
            weight = effect * (1.0 if column.sensitivity is None else column.sensitivity)
            moved[one.column] = max(moved.get(one.column, 0.0), weight)
    return sorted(moved, key=lambda name: (-moved[name], name))
