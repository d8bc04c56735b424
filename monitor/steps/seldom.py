"""ROC AUC where windows hold too few labels of a class: it is judged on several together, as small windows are."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import islice, takewhile

from monitor.detectors.performance import roc_auc
from monitor.profiles.outcome import BinaryOutcome
from monitor.profiles.profile import Profile
from monitor.stats.intervals import ROWS_NEEDED
from monitor.steps.history import History
from monitor.steps.measure import Found, shared_by
from monitor.steps.memory import Memory
from monitor.types import Window

MOST = 32
"""So many windows at most are put together."""


def with_earlier_labels(
    whole: Profile, stretch: Window, *, history: History, memory: Memory, read: Callable[[Window], Profile]
) -> Profile | None:
    """Give all traffic since ROC AUC was last judged; None where a window has labels of each class enough, or none.

    Only windows whose labels have matured are put to it. read: gives the profile of all traffic in a stretch of time.
    """
    outcome = whole.outcome
    if not isinstance(outcome, BinaryOutcome) or not outcome.n or _rarer(outcome) >= ROWS_NEEDED:
        return None
    before = islice(history.matured_before(stretch), MOST - 1)
    unjudged = takewhile(lambda one: not _was_judged(memory, one.window), before)
    begun = min((one.stretch.start for one in unjudged), default=stretch.start)
    if begun == stretch.start:
        return None
    together = Window(begun, stretch.end)
    return replace(read(together), span=together)


def judged_together(found: Iterator[Found], reference: Profile, together: Profile | None) -> Iterator[Found]:
    """Put ROC AUC of several windows in the place of that of one, where these have labels enough to judge it."""
    for one in found:
        if together is None or one.measurement.segment or one.detector.name != roc_auc.DETECTOR.name:
            yield one
            continue
        (measurement,) = roc_auc.compare(reference, together)
        joined = replace(one, measurement=measurement, shared=shared_by(reference, together))
        yield one if measurement.p_value is None else joined


def _rarer(outcome: BinaryOutcome) -> int:
    return int(outcome.counts.sum(axis=(0, 1)).min())


def _was_judged(memory: Memory, window: Window) -> bool:
    found = memory.at(window, roc_auc.DETECTOR.name)
    return found is not None and found.p_value is not None
