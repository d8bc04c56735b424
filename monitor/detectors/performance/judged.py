"""The shape that the performance detectors have in common."""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any, Generic, Literal, TypeVar, cast

from monitor.detectors.detector import Detector, design_effect
from monitor.detectors.performance.selection import of_one_class, representative
from monitor.profiles.layout import Role
from monitor.profiles.outcome import Outcome
from monitor.profiles.profile import Profile
from monitor.stats.intervals import ROWS_NEEDED, Estimate, rise_test
from monitor.types import Measurement

KIND = "performance.realised"
NO_LABELS = "no labelled rows in this window"
NO_REFERENCE = "the reference has no labels"
TOO_FEW = f"not judged: {ROWS_NEEDED} labelled rows of each class are needed"
USUAL_THEN = "usual_then"
"""Under what evidence holds the number that the reference has at the window's time of the week."""
WEIGHED_AS = "weighed_as"
"""Under what it holds how many rows labelled ones are weighed as, where only a part of them has a label."""
NO_ERROR = "not judged: its standard error is not known"

Labelled = TypeVar("Labelled", bound=Outcome)
Compare = Callable[[Profile, Profile], Iterator[Measurement]]


@dataclass(frozen=True)
class Metric(Generic[Labelled]):
    """One number about how predictions met their labels.

    estimate: gives the number or the sentence that says why there is none.
    test: p-value for the current side being worse, by the design effect; without it, `rise` of the estimates.
    rise: p-value for the second of two estimates being above the first, by the design effect; Student's unless said.
    worsening: the effect from the two estimates; without it, their difference in the metric's unit.
    interval: that of an estimate, by what the reference's tells of how its rows vary; without it, the estimate's own.
    in_proportion: whether windows differ in proportion to how large it is.
    selected: whether it hangs on which rows have a label, where only some do; what is made of rows of one decision
        does not. weighable: whether labelled rows can be weighed for it.
    """

    name: str
    tasks: tuple[type[Labelled], ...]
    estimate: Callable[[Labelled], Estimate | str]
    higher_is: Literal["worse", "better"] = "worse"
    test: Callable[[Labelled, Labelled, float], float | None] | None = None
    worsening: Callable[[Estimate, Estimate], float] | None = None
    in_proportion: bool = False
    selected: bool = True
    weighable: bool = True
    rise: Callable[[Estimate, Estimate, float], float | None] = rise_test
    interval: Callable[[Estimate, Estimate], tuple[float | None, float | None]] = lambda found, _: (
        found.low,
        found.high,
    )

    def outcome_of(self, profile: Profile) -> Labelled | str | None:
        """Give the labelled rows that it is made of, weighed where only some have a label; None for another task.

        A sentence where the labels do not tell.
        """
        if not isinstance(profile.outcome, self.tasks):
            return None
        if not self.selected or not profile.outcome.n:
            return of_one_class(profile) or profile.outcome
        return cast("Labelled | str", representative(profile, weighable=self.weighable))

    def told(self, outcome: Labelled | str, *, unlabelled: str = NO_LABELS) -> Estimate | str:
        """Give the number of labelled rows, or a sentence that says why there is none."""
        if isinstance(outcome, str):
            return outcome
        return self.estimate(outcome) if outcome.n else unlabelled

    def of(self, profile: Profile) -> Estimate | None:
        """Give the number in a profile; None for another task, and where it is not known."""
        outcome = self.outcome_of(profile)
        found = None if outcome is None else self.told(outcome)
        return found if isinstance(found, Estimate) else None

    def detector(
        self, unit: str, compare: Compare, *, armed: bool = False, min_effect: float = 0.0, rare: bool = False
    ) -> Detector:
        """Make the detector that gives this metric."""
        return Detector(self.name, KIND, unit, compare, self.higher_is, armed=armed, min_effect=min_effect, rare=rare)


def judged(metric: Metric[Labelled], reference: Profile, current: Profile) -> Iterator[Measurement]:
    """Measure a metric on the window's labelled rows, and how much worse it is than on the reference's.

    Where the reference's windows tell what is usual at that time of the week, it is laid beside that. Nothing when the
    model's task is another one. The effect is positive when the metric got worse.
    """
    before, after = metric.outcome_of(reference), metric.outcome_of(current)
    if before is None or after is None:
        return
    found, usual = metric.told(after), metric.told(before, unlabelled=NO_REFERENCE)
    rows = current.outcome.n if current.outcome else 0
    if isinstance(found, str):
        yield Measurement(metric.name, None, n=rows, note=found)
    elif isinstance(usual, str) or isinstance(before, str) or isinstance(after, str):
        note = usual if usual == NO_REFERENCE else f"in the reference: {usual}"
        yield Measurement(metric.name, found.value, n=rows, low=found.low, high=found.high, note=note)
    else:
        then, grown = usual_then(metric.name, reference, current, usual, found, in_proportion=metric.in_proportion)
        effect = (metric.worsening or _difference(metric.higher_is))(then, found)
        p = metric.test(before, after, grown) if metric.test else _worse(metric, then, found, grown)
        low, high = metric.interval(found, usual)
        note = "" if p is not None else NO_ERROR if found.low is None else TOO_FEW
        yield Measurement(
            metric.name,
            found.value,
            n=rows,
            p_value=p,
            effect=effect,
            low=low,
            high=high,
            note=note,
            reference=usual.value,
            evidence=told_then(usual, then) | ({} if after is current.outcome else {WEIGHED_AS: current.rows}),
        )


def relative_rise(usual: Estimate, found: Estimate) -> float:
    """Give the rise as a share of the reference's value; beside a faultless reference, in the metric's unit."""
    return (found.value - usual.value) / (abs(usual.value) or 1.0)


def _difference(higher_is: str) -> Callable[[Estimate, Estimate], float]:
    sign = -1 if higher_is == "better" else 1
    return lambda usual, found: sign * (found.value - usual.value)


def _worse(metric: Metric[Any], usual: Estimate, found: Estimate, grown: float) -> float | None:
    return metric.rise(found, usual, grown) if metric.higher_is == "better" else metric.rise(usual, found, grown)


def usual_then(
    name: str,
    reference: Profile,
    current: Profile,
    usual: Estimate,
    found: Estimate,
    *,
    alike: Role = "label",
    in_proportion: bool = False,
) -> tuple[Estimate, float]:
    """Give what is usual of a window at its time of the week, where the reference tells, and the variance's inflation.

    usual, found: the number of all the reference and of the window. alike, in_proportion: as of `inflation_of`.
    """
    season, level = reference.layout.seasons.get(name), reference.layout.spreads.get(level_of(name), 0.0)
    then = replace(usual, value=usual.value + level) if level else usual
    if season is None or current.span is None:
        return then, inflation_of(name, reference, usual, found, alike=alike, in_proportion=in_proportion)
    shift, spread = season.at(current.span)
    grown = _inflation(
        spread * _growth(usual, found, in_proportion=in_proportion), reference.layout.windows, usual, found
    )
    return replace(then, value=then.value + shift), grown


def told_then(usual: Estimate, then: Estimate) -> dict[str, float]:
    """Give as evidence what is usual then, where that is another number than that of all the reference."""
    return {} if then is usual else {USUAL_THEN: then.value}


def level_of(name: str) -> str:
    """Name by how much a number of windows differs in the mean from that of all their rows, by the detector's name.

    An hour's rows are told apart less well than those of all hours together.
    """
    return f"level({name})"


def inflation_of(
    name: str,
    reference: Profile,
    usual: Estimate,
    found: Estimate,
    *,
    alike: Role = "label",
    in_proportion: bool = False,
) -> float:
    """Give by how much the variance of the difference exceeds what the two standard errors say.

    Where the reference's windows tell how much the number differs between them, that is added for the window, and for
    the mean over the reference's (DerSimonian & Laird 1986); else mistakes are taken to be as alike as the values of
    the columns of role `alike`. in_proportion: windows differ in proportion to how large the number is.
    """
    spread, windows = reference.layout.spreads.get(name), reference.layout.windows
    if spread is None or not windows or not (usual.error and found.error):
        rho = max((c.steepest for c in reference.columns.values() if c.role == alike), default=0.0)
        return design_effect(rho, usual.n, found.n, reference.layout.window_rows)
    return _inflation(spread * _growth(usual, found, in_proportion=in_proportion), windows, usual, found)


def _growth(usual: Estimate, found: Estimate, *, in_proportion: bool) -> float:
    """Give how many times as much windows differ midway to a larger number, if they do in proportion to it.

    What has no end above and one below, as the size of errors, differs as a lognormal does. (Aitchison & Brown 1957)
    """
    return math.sqrt(max(found.value / usual.value, 1.0)) if in_proportion and usual.value > 0 else 1.0


def _inflation(spread: float, windows: int, usual: Estimate, found: Estimate) -> float:
    errors = (usual.error or 0.0) ** 2 + (found.error or 0.0) ** 2
    return 1 + spread**2 * (1 + 1 / max(windows, 1)) / errors if errors else 1.0
