"""Features that hold each other's values, by where each lay before, or by what the others tell of them."""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import combinations

from monitor.alerts.courses import has_leapt
from monitor.steps.displaced import last_shifts, shifts_of
from monitor.steps.memory import Memory
from monitor.steps.together import Together
from monitor.steps.verdict import Verdict
from monitor.store.references import WHOLE

LIKE = 0.3
"""A window's mean and deviation are those of a column to within so many of its deviations, or of its deviation."""


def swapped_columns(moved: Iterable[str], verdict: Verdict, memory: Memory) -> dict[str, str]:
    """Name the features that at once hold what another one usually does, which holds theirs, with that one.

    As far as means and deviations tell, that must differ. Blind to categories, and to columns much alike.
    """
    reference, current = verdict.profiles[WHOLE]
    shifts, spans = shifts_of(verdict), dict[str, tuple[_Span, _Span]]()
    for name in sorted(moved):
        here, there = reference.columns[name].moments, current.columns[name].moments
        if here and there and shifts.get(name) and has_leapt(last_shifts(name, verdict, memory), shifts[name]):
            spans[name] = _Span.of(here), _Span.of(there)
    found: dict[str, str] = {}
    for one, other in combinations(spans, 2):
        (usual, now), (others, others_now) = spans[one], spans[other]
        if now.like(others) and others_now.like(usual) and not usual.near(others):
            found |= {one: other, other: one}
    return found


@dataclass(frozen=True)
class _Span:
    mean: float
    sd: float

    @classmethod
    def of(cls, moments: tuple[int, float, float]) -> "_Span":
        return cls(moments[1], math.sqrt(moments[2]))

    def like(self, usual: "_Span") -> bool:
        """Say whether values could be of such a column: a window's are not quite what all are."""
        return abs(self.mean - usual.mean) <= LIKE * usual.sd and 1 - LIKE <= self.sd / (usual.sd or 1.0) <= 1 + LIKE

    def near(self, other: "_Span") -> bool:
        """Say whether columns are so much alike that one could pass for the other."""
        return abs(self.mean - other.mean) <= max(self.sd, other.sd) and max(self.sd, other.sd) <= 2 * min(
            self.sd, other.sd
        )


def swapped_by_others(together: Together | None) -> dict[str, str]:
    """Name the two features, each with the other, that would go with all others as before, were they swapped back.

    None where no two would, or more than one pair.
    """
    if together is None:
        return {}
    now = together.now
    pairs = (pair for pair in combinations(sorted(now), 2) if together.apart & set(pair))
    fits = [(one, other) for one, other in pairs if together.as_before({one: now[other], other: now[one]})]
    return {fits[0][0]: fits[0][1], fits[0][1]: fits[0][0]} if len(fits) == 1 else {}
