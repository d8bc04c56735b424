"""Whether columns would go together as in the windows before, were one of them where it is not."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from monitor.alerts.causes import TOLD_BY
from monitor.alerts.finding import Finding
from monitor.detectors.temporal.step_change import NAME
from monitor.profiles.layout import Column
from monitor.profiles.relation import Relation
from monitor.profiles.relations import means_of
from monitor.stats.steps import LAST, LEAST, farthest_step
from monitor.steps.leaps import HELD, began_lately
from monitor.steps.means import Means
from monitor.steps.memory import Memory
from monitor.steps.verdict import Verdict
from monitor.store.references import WHOLE
from monitor.types import Window


@dataclass(frozen=True)
class Together:
    """What columns tell of each other in a window, beside what they told in those before some of them leapt.

    related: by column, what others tell of it. now: the window's means. usual: by column, what others left over of it
    before, and how far that ever went from there. apart: those that are not where others tell them to be.
    """

    related: Mapping[str, Relation]
    now: Mapping[str, float]
    usual: Mapping[str, tuple[float, float]]
    apart: frozenset[str]

    @classmethod
    def of(cls, verdict: Verdict, memory: Memory, stepped: Iterable[Finding]) -> "Together | None":
        """Look at a window of whose alerts some tell that a column is not where others tell it to be; else None."""
        alerts = [one for one in stepped if one.since is not None and not one.segment]
        apart = {one.column for one in alerts if one.breaches and TOLD_BY in one.evidence}
        if not apart:
            return None
        reference, current = verdict.profiles[WHOLE]
        before = memory.before(verdict.judgement.window, last=2 * LAST)
        told = [one for one in alerts if one.column in apart and one.kind in HELD]
        starts = [one.since for one in told if one.detector == NAME or began_lately(one.since, before, last=LEAST)]
        before = [at for at in before if all(since is None or at.start < since for since in starts)]
        related, means = reference.layout.related, Means(reference, memory)
        now = means_of(current, related)
        columns = [reference.layout.by_name[name] for name in related]
        usual = {one.name: found for one in columns if (found := _usual_rest(one, means, before, now))}
        return cls(related, now, usual, frozenset(apart))

    def as_before(self, means: Mapping[str, float]) -> bool:
        """Say whether all would go together as before, were the means of some columns these."""
        told = {**self.now, **means}
        concerned = {name for name, one in self.related.items() if not means.keys().isdisjoint({name, *one.slopes})}
        return bool(concerned) and all(self._is_usual(name, told) for name in concerned)

    def _is_usual(self, name: str, means: Mapping[str, float]) -> bool:
        rest = self.related[name].rest(name, means)
        if rest is None or name not in self.usual:
            return False
        before, farthest = self.usual[name]
        return abs(rest - before) <= farthest


def _usual_rest(
    column: Column, means: Means, windows: Sequence[Window], now: Mapping[str, float]
) -> tuple[float, float] | None:
    """Give what others left over of a column in windows before, and how far any of these left those before it."""
    course = means.rest_of(column, windows, now)
    if course is None or column.relation is None or not course.earlier:
        return None
    last = course.earlier[-max(course.last, LEAST) :]
    return sum(last) / len(last), max(column.relation.leap or 0.0, farthest_step(course.earlier, course.last))
