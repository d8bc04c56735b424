"""A column that left at once where it had come to, while an alert about it stands."""

import math
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace

from monitor.detectors.detector import Detector
from monitor.profiles.layout import Column
from monitor.stats.steps import ENOUGH, LAST, LEAST, Step, step_test
from monitor.types import Measurement

NAME = "step_change"
TIMES = 1.5
LEAST_REST = 0.05
"""Deviations of rows: what others tell of a column exactly leaves over what rounding makes, which tells nothing."""
UNSURE = 4 / 3
"""So many times as far must a column be from where others tell it to be. Where windows of the reference lay these say
how well others tell; elsewhere, where all may lie as they never did, 28 windows before must."""
FEW = f"{LEAST} windows before this one are needed, {ENOUGH} more with those of the reference, and that they vary"


@dataclass(frozen=True)
class Course:
    """Levels of the windows before, oldest first, and of this one (`current`), in the column's unit.

    last: so many of the windows before say where the column was.
    """

    earlier: Sequence[float]
    current: float
    last: int = LAST

    def step(self, *, error: float, farthest: float, windows: int) -> Step | None:
        """Test how far the current level left those before, as `step_test` does."""
        return step_test(self.earlier, self.current, error=error, farthest=farthest, windows=windows, last=self.last)


def step_change(
    column: Column, now: tuple[int, float, float], own: Course | None, rest: Course | None, *, windows: int
) -> Iterator[Measurement]:
    """Give a column's mean beside that of the last windows, 28 at most; the effect is how unusual such a step is.

    That is in multiples of the farthest that any window known left those before it, from 0; the p-value is two-
    sided, see `step_test`. now: rows, mean and variance of this window. own: the course of its mean. rest: that of
    what other columns leave over of it, see `Relation`, which tells of columns that were swapped, or broken within
    their range; the mean is then laid beside what they tell, and the effect is three quarters as large. Of both,
    what lies farther is given, its p-value doubled. windows: how many the reference has.

    A column under alarm has left the reference, which tells nothing any more of what it should be: another unit may
    even lie where the reference did. Measured of such columns only, so that the others' budget is not spent.
    """
    n, mean, _ = now
    readings = [*_of_itself(column, now, own, windows), *_by_others(column, now, rest, windows)]
    if not readings:
        yield Measurement(NAME, None, column=column.name, n=n, note=FEW)
        return
    step, expected, told_by = max(readings, key=lambda one: one[0].times)
    p_value = min(len(readings) * step.p_value, 1.0)
    found = Measurement(NAME, mean, column.name, n=n, p_value=p_value, effect=step.times, reference=expected)
    yield replace(found, evidence={"told_by": list(told_by)}) if told_by else found


Reading = tuple[Step, float, Collection[str]]
"""A step, where the mean should be, and the columns that say so."""


def _of_itself(column: Column, now: tuple[int, float, float], course: Course | None, windows: int) -> Iterator[Reading]:
    if course is None:
        return
    n, _, variance = now
    error, known = math.sqrt(variance / n), windows if column.leap else 0
    step = course.step(error=error, farthest=column.leap or 0.0, windows=known)
    if step is not None:
        yield step, step.before, ()


def _by_others(column: Column, now: tuple[int, float, float], course: Course | None, windows: int) -> Iterator[Reading]:
    relation = column.relation
    if course is None or relation is None:
        return
    n, mean, variance = now
    error, known = math.sqrt((1 - relation.explained) * variance / n), windows if relation.leap else 0
    farthest = max(relation.leap or 0.0, LEAST_REST * math.sqrt(variance))
    step = course.step(error=error, farthest=farthest, windows=known)
    if step is None:
        return
    expected = mean - (course.current - step.before)
    if len(course.earlier) >= LAST or (column.has_been_at(mean) and column.has_been_at(expected)):
        yield replace(step, times=step.times / UNSURE), expected, relation.slopes


DETECTOR = Detector(NAME, "drift.data", "column's unit", step_change, armed=True, min_effect=TIMES, weight=0.2)
