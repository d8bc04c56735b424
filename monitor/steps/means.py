"""Where columns of numbers lay in windows before, and what others leave over of that."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from monitor.detectors.drift import mean_shift
from monitor.detectors.temporal.step_change import Course
from monitor.profiles.layout import Column
from monitor.profiles.profile import Profile
from monitor.stats.steps import LAST
from monitor.steps.memory import Memory
from monitor.types import Window


@dataclass(frozen=True)
class Means:
    """Means of columns in windows before, by how far they were measured to lie from the reference's."""

    reference: Profile
    memory: Memory

    def of(self, name: str, windows: Sequence[Window], now: float) -> Course:
        """Give the course of a column's mean, over the windows in which it is known, to what it is now."""
        return _course([(at, self._mean(name, at)) for at in windows], now)

    def rest_of(self, column: Column, windows: Sequence[Window], now: Mapping[str, float]) -> Course | None:
        """Give the course of what other columns leave over of a column's mean; None where none tells of it.

        now: the means of this window, by column.
        """
        relation, name = column.relation, column.name
        rest = relation.rest(name, now) if relation else None
        if relation is None or rest is None:
            return None
        return _course([(at, relation.rest(name, self._means((name, *relation.slopes), at))) for at in windows], rest)

    def _means(self, names: Iterable[str], window: Window) -> dict[str, float]:
        return {name: mean for name in names if (mean := self._mean(name, window)) is not None}

    def _mean(self, name: str, window: Window) -> float | None:
        found, usual = self.memory.at(window, mean_shift.NAME, name), self.reference.columns[name].moments
        if found is None or found.effect is None or usual is None:
            return None
        return usual[1] + found.effect * math.sqrt(usual[2])


def _course(levels: Iterable[tuple[Window, float | None]], current: float) -> Course:
    """Give a course. Of windows judged together, for their few rows, those within the time of 28 say where it was."""
    known = [(at, level) for at, level in levels if level is not None]
    if not known:
        return Course([], current)
    newest, _ = known[-1]
    since = newest.end - LAST * (newest.end - newest.start)
    return Course([level for _, level in known], current, sum(at.start >= since for at, _ in known))
