"""When answers, or how labels meet them, turned at once, and which features lay as far off before that already."""

from collections.abc import Collection, Iterable, Iterator
from itertools import takewhile

from monitor.alerts.courses import HALFWAY, RAMP, has_stepped_first
from monitor.detectors.drift import chi_square, mean_shift
from monitor.steps.memory import METRICS, Memory
from monitor.steps.verdict import Verdict
from monitor.store.measurements import Judged
from monitor.types import Measurement, Window

REMEMBERED = 28
"""Of how many windows before it is known where a number was."""
LATELY = 7
"""Where a feature lay before a turn is told from so many windows."""
OF_ANSWERS = ("drift.prediction", "confidence")
SHIFTS = (mean_shift.NAME, chi_square.NAME)
LEAST = {mean_shift.NAME: 0.1, chi_square.NAME: chi_square.DETECTOR.min_effect}
"""A column that moved by less than so much moved in another way, if at all: where it lay before is not told by this."""


def turned_at(verdict: Verdict, memory: Memory) -> Window | None:
    """Give the first window of those since when answers, or metrics with labels, have been where they came at once.

    Of several that breach, by what turned first; None where none did, or where they came there step by step, or come
    and go.
    """
    here = verdict.judgement.window
    before = memory.before(here, last=REMEMBERED)
    found = (_since(one, before, here, memory) for one in _outcomes(verdict))
    return min((window for window in found if window is not None), default=None)


def stood_before(names: Iterable[str], verdict: Verdict, memory: Memory, turn: Window) -> frozenset[str]:
    """Name the columns that lay, in the mean of up to seven windows before a turn, at least halfway to where they are.

    What was there before does not explain why answers turned then.
    """
    now = {(one.detector, one.column): one for one in _of_all(verdict.judged) if one.detector in SHIFTS}
    return frozenset(name for name in names if any(_stood(now.get((by, name)), memory, turn) for by in SHIFTS))


def _outcomes(verdict: Verdict) -> Iterator[Measurement]:
    """Give the metrics that breach, of all traffic, and by how much answers moved that do, by whatever detector."""
    whole = [judged for judged in verdict.judged if not judged.measurement.segment]
    breaching = [judged for judged in whole if judged.outcome == "breach"]
    answers = {judged.measurement.column for judged in breaching if judged.kind in OF_ANSWERS}
    moved = [judged.measurement for judged in whole if judged.measurement.detector in SHIFTS]
    yield from (one for one in moved if one.column in answers and one.effect)
    metrics = [judged.measurement for judged in breaching if judged.measurement.detector in METRICS]
    yield from (one for one in metrics if one.effect)


def _since(one: Measurement, before: Collection[Window], here: Window, memory: Memory) -> Window | None:
    found = ((window, memory.at(window, one.detector, one.column)) for window in before)
    known, effect = [(window, last.effect or 0.0) for window, last in found if last], one.effect or 0.0
    if not has_stepped_first([shift for _, shift in known], effect):
        return None
    there = [window for window, _ in takewhile(lambda at: at[1] / effect > HALFWAY, reversed(known))]
    return there[-1] if there else here


def _stood(now: Measurement | None, memory: Memory, turn: Window) -> bool:
    if now is None or not now.effect or abs(now.effect) < LEAST[now.detector]:
        return False
    found = memory.earlier(turn, now.detector, now.column, last=LATELY)
    parts = [(one.effect or 0.0) / now.effect for one in found]
    return len(parts) >= RAMP and sum(parts) >= HALFWAY * len(parts)


def _of_all(judged: Iterable[Judged]) -> Iterator[Measurement]:
    return (one.measurement for one in judged if not one.measurement.segment)
