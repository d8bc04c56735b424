"""Where columns of numbers lay in windows before, and what others leave over of that."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from monitor.detectors.drift import mean_shift
from monitor.detectors.temporal.step_change import Course
from monitor.profiles.layout import Column
from monitor.profiles.profile import Profile
from monitor.profiles.relations import rests_of
from monitor.steps.memory import Memory
from monitor.types import Window


@dataclass(frozen=True)
class Means:
    """Means of columns in windows before, by how far they were measured to lie from the reference's."""

    reference: Profile
    memory: Memory

    def of(self, name: str, windows: Iterable[Window]) -> list[float]:
        """Give a column's mean in each window in which it is known, in its unit."""
        return [mean for at in windows if (mean := self._mean(name, at)) is not None]

    def rest_of(self, column: Column, windows: Iterable[Window], now: Mapping[str, float]) -> Course | None:
        """Give the course of what other columns leave over of a column's mean; None where none tells of it.

        now: the means of this window, by column.
        """
        relation = column.relation
        rest = relation.rest(column.name, now) if relation else None
        if relation is None or rest is None:
            return None
        names = (column.name, *relation.slopes)
        told = ({name: mean for name in names if (mean := self._mean(name, at)) is not None} for at in windows)
        return Course(rests_of(column.name, relation, told), rest)

    def _mean(self, name: str, window: Window) -> float | None:
        found, usual = self.memory.at(window, mean_shift.NAME, name), self.reference.columns[name].moments
        if found is None or found.effect is None or usual is None:
            return None
        return usual[1] + found.effect * math.sqrt(usual[2])
