"""How features came to where a window has them: at once or step by step, or in another unit."""

import math
from collections.abc import Iterable, Iterator, Mapping
from functools import partial

from monitor.alerts.courses import has_crept, has_leapt
from monitor.alerts.symptoms import UNIT_PSI
from monitor.detectors.drift import mean_shift
from monitor.profiles.bins import NumericBins
from monitor.profiles.profile import Profile
from monitor.stats.units import APART, in_words, other_units, units_for
from monitor.steps.memory import Memory
from monitor.steps.verdict import Verdict
from monitor.store.references import WHOLE

SURELY = 0.001
REMEMBERED = 28
"""Of how many windows before it is known where a column, or a number, was."""


def has_been_there(name: str, verdict: Verdict) -> bool:
    """Say whether a column's mean lies about where windows of the reference had it: its values last longer than one."""
    reference, current = verdict.profiles[WHOLE]
    here = current.columns[name].moments
    return here is not None and reference.layout.by_name[name].has_been_at(here[1])


def crept_columns(moved: Mapping[str, float], verdict: Verdict, memory: Memory) -> frozenset[str]:
    """Name the features that came wholly elsewhere step by step, by what windows before this one showed."""
    now = shifts_of(verdict)
    apart = [name for name, distance in moved.items() if distance > UNIT_PSI and name in now]
    return frozenset(name for name in apart if has_crept(_shifts_before(name, verdict, memory), now[name]))


def columns_in_other_units(moved: Iterable[str], verdict: Verdict, memory: Memory) -> dict[str, str]:
    """Name the features that came at once to what their usual values are in another unit, with a word on which."""
    reference, current = verdict.profiles[WHOLE]
    shifts = shifts_of(verdict)
    found: dict[str, str] = {}
    for name in moved:
        unit = unit_of(name, reference, current) if shifts.get(name) else ""
        if unit and has_leapt(last_shifts(name, verdict, memory), shifts[name]):
            found[name] = unit
    return found


def unit_of(name: str, reference: Profile, current: Profile, *, least: float = APART) -> str:
    """Say in which unit a window's values are where they are the usual ones in another; else the empty text.

    Where windows of the reference had their mean about there, that is the weather and no unit. least: as of
    `other_units`.
    """
    before, after = reference.columns.get(name), current.columns.get(name)
    if before is None or after is None or not isinstance(before.bins, NumericBins):
        return ""
    here, there = before.moments, after.moments
    if not (here and there) or reference.layout.by_name[name].has_been_at(there[1]):
        return ""
    error = math.sqrt(there[2] / there[0])
    counts = before.counts, after.counts
    likely = partial(other_units, before.bins.edges, *counts, least=least, units=units_for(name))
    return in_words(likely(usual=here[1], mean=there[1], error=error), name)


def shifts_of(verdict: Verdict) -> dict[str, float]:
    """Give by how much each column's mean moved, of all traffic."""
    shifts = (j.measurement for j in verdict.judged if j.measurement.detector == mean_shift.NAME)
    return {one.column: one.effect for one in shifts if not one.segment and one.effect}


def leapt_columns(moved: Iterable[str], verdict: Verdict, memory: Memory) -> frozenset[str]:
    """Name the texts and vectors that came to where they are at once, by what is measured of them that moved most."""
    layout = verdict.profiles[WHOLE][0].layout
    measured = [j.measurement for j in verdict.judged if j.measurement.detector == mean_shift.NAME]
    sure = (one for one in measured if not one.segment and (1.0 if one.p_value is None else one.p_value) <= SURELY)
    shifts = {one.column: one.effect for one in sure if one.effect}
    found = set[str]()
    for name in moved:
        made = {of for one in layout.derivations if one.columns == (name,) for of in one.names}
        most = max(shifts.keys() & {name, *made}, key=lambda one: (abs(shifts[one]), one), default="")
        if most and layout.by_name[name].kind in ("text", "vector"):
            found |= {name} if has_leapt(last_shifts(most, verdict, memory), shifts[most]) else set()
    return frozenset(found)


def last_shifts(column: str, verdict: Verdict, memory: Memory) -> list[float]:
    """Give by how much a column's mean was off in the windows before, the last ones, in their order."""
    return [*_shifts_before(column, verdict, memory)][-REMEMBERED:]


def _shifts_before(column: str, verdict: Verdict, memory: Memory) -> Iterator[float]:
    for found in memory.earlier(verdict.judgement.window, mean_shift.NAME, column):
        if found.effect is not None:
            yield found.effect
