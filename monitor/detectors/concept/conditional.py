"""The shape that the detectors of concept drift have in common: labels among rows that the model treats alike."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from monitor.detectors.detector import design_effect
from monitor.detectors.performance.judged import NO_LABELS, NO_REFERENCE
from monitor.detectors.performance.selection import of_one_class
from monitor.profiles.outcome import Outcome
from monitor.profiles.profile import Profile
from monitor.stats.conditional import Compared, Counts, Shift, dispersed_tail, likeness_of, shift_test
from monitor.types import Measurement

KIND = "drift.concept"
WINDOWS_NEEDED = 8
TOO_FEW = "not judged: no group of like predictions has two labels with five rows each on either side"


@dataclass(frozen=True)
class Concept:
    """How labels are counted among like predictions.

    counts: gives shape (groups, labels) from an outcome of `task`. compared: lays two of these beside each other.
    """

    name: str
    task: type[Outcome]
    counts: Callable[[Any], Counts]
    compared: Compared

    def likeness(self, windows: Sequence[Profile]) -> float | None:
        """Give the correlation of labels in one window at equal prediction; None below eight windows with labels."""
        outcomes = [w.outcome for w in windows if isinstance(w.outcome, self.task) and w.outcome.n]
        if len(outcomes) < WINDOWS_NEEDED:
            return None
        return likeness_of([self.counts(outcome) for outcome in outcomes], self.compared)


def moved(concept: Concept, reference: Profile, current: Profile) -> Iterator[Measurement]:
    """Measure how far the labels are from the reference's at equal prediction; nothing where the task is another."""
    before, after = reference.outcome, current.outcome
    if not (isinstance(before, concept.task) and isinstance(after, concept.task)):
        return
    if not (before.n and after.n):
        yield Measurement(concept.name, None, n=after.n, note=NO_LABELS if not after.n else NO_REFERENCE)
        return
    if alone := of_one_class(current):
        yield Measurement(concept.name, None, n=after.n, note=alone)
        return
    shift = concept.compared(concept.counts(before), concept.counts(after))
    if shift is None:
        yield Measurement(concept.name, None, n=after.n, note=TOO_FEW)
        return
    p_value = _p_value(concept, shift, reference, before.n, after.n)
    yield Measurement(concept.name, shift.distance, n=after.n, p_value=p_value, effect=shift.distance)


def _p_value(concept: Concept, shift: Shift, reference: Profile, n: int, m: int) -> float:
    layout = reference.layout
    likeness = layout.spreads.get(concept.name)
    if likeness is not None and layout.windows:
        return shift_test(shift, likeness, layout.windows)
    rho = max((c.steepest for c in reference.columns.values() if c.role == "label"), default=0.0)
    return dispersed_tail(shift.statistic, shift.degrees, design_effect(rho, n, m, layout.window_rows))
