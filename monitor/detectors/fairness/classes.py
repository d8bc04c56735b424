"""What is counted of each class of a model that decides between several: how often it is decided, and how rightly."""

from collections.abc import Callable, Iterator
from functools import partial

from monitor.detectors.fairness.counts import Pair, decisions_for, labelled_of, positives
from monitor.detectors.fairness.sides import Sides, Value, gaps, strongest
from monitor.profiles.bins import CategoryBins
from monitor.profiles.layout import Layout
from monitor.profiles.outcome import MulticlassOutcome
from monitor.profiles.outcome_layout import Multiclass
from monitor.profiles.profile import Profile
from monitor.types import Measurement

MOST_CLASSES = 50
Values = Callable[[str], tuple[Value, ...]]
Classes = Callable[[Layout], tuple[str, ...]]


def classes_of(layout: Layout) -> tuple[str, ...]:
    """Name the classes that a model decides between, at most fifty; none where one of two is the positive one."""
    if isinstance(layout.outcome, Multiclass):
        found = layout.outcome.classes
    else:
        column = layout.by_name.get(layout.roles.prediction or "")
        decides = layout.outcome is None and column is not None and isinstance(column.bins, CategoryBins)
        found = column.bins.values if decides and column and isinstance(column.bins, CategoryBins) else ()
    return found[:MOST_CLASSES] if positives(layout) is None else ()


def answers_of(layout: Layout) -> tuple[str, ...]:
    """Name the answers that a model gives, at most fifty; what is not the positive one of two may have no name."""
    positive, column = positives(layout), layout.by_name.get(layout.roles.prediction or "")
    if positive is None:
        return classes_of(layout)
    values = column.bins.values if column is not None and isinstance(column.bins, CategoryBins) else ()
    others = [value for value in values if value != positive]
    return positive, others[0] if len(others) == 1 else f"not {positive}"


def coverage(name: str) -> tuple[Value, ...]:
    """Give what label coverage compares of the rows that got one answer."""
    return (Value("label_coverage_of_rows_answered", partial(labelled_of, name=name), "rows so answered", of=name),)


def share_of_decisions(name: str) -> tuple[Value, ...]:
    """Give what demographic parity compares of one class."""
    return (Value("share_of_decisions", partial(decisions_for, name=name), "decisions", of=name),)


def mistakes(name: str) -> tuple[Value, ...]:
    """Give what equalised odds compare of one class: how often it is decided where it is right, and where not."""
    return (
        Value("true_positive_rate_of", partial(_hits, name=name), "rows with this label", of=name),
        Value("false_positive_rate_of", partial(_false, name=name), "rows with another label", of=name),
    )


def gaps_by_class(detector: str, values: Values, sides: Sides, classes: Classes = classes_of) -> Iterator[Measurement]:
    """Measure the largest gap between groups over all classes; nothing where there are no classes.

    Classes with too few rows to be judged are left out. classes: names them.
    """
    layout = next(iter(sides.current.values())).layout
    found = [[g for value in values(name) for g in gaps(detector, value, sides)] for name in classes(layout)]
    known = [[gap for gap in of_class if gap.value is not None] for of_class in found]
    flat = [gap for of_class in known for gap in of_class]
    if flat:
        yield strongest(flat, n=max(sum(gap.n for gap in of_class) for of_class in known))
    else:
        yield from [gap for of_class in found for gap in of_class][:1]


def _hits(profile: Profile, *, name: str) -> Pair | None:
    outcome = profile.outcome
    if not isinstance(outcome, MulticlassOutcome):
        return None
    place = outcome.classes.index(name)
    return float(outcome.confusion[place, place]), float(outcome.confusion[:, place].sum())


def _false(profile: Profile, *, name: str) -> Pair | None:
    outcome, right = profile.outcome, _hits(profile, name=name)
    if not isinstance(outcome, MulticlassOutcome) or right is None:
        return None
    decided = float(outcome.confusion[outcome.classes.index(name)].sum())
    return decided - right[0], float(outcome.n) - right[1]
