"""Area under the ROC curve of a binary model's scores. (Hanley & McNeil 1982)."""

from collections.abc import Iterator
from dataclasses import replace

from monitor.detectors.performance.judged import Metric, judged
from monitor.profiles.outcome import BinaryOutcome
from monitor.profiles.profile import Profile
from monitor.stats.intervals import Estimate
from monitor.stats.ranking import roc_auc
from monitor.types import Measurement

ONE_CLASS = "only one class among the labels"
ENDS = [0, -1]
"""The bins of scores beyond all of the reference's."""
UNKNOWN = 0.05
"""By how much the order of rows in these bins may change the value and leave it worth telling."""


def compare(reference: Profile, current: Profile) -> Iterator[Measurement]:
    """Estimate how often a positive row scores above a negative one: 1 is perfect, 0.5 is chance, lower is worse.

    Rows of one score bin count half, which draws the value a little towards 0.5, alike on both sides. 95 % interval
    and p-value by DeLong et al. (1988); the interval is wider by what the order of rows could change whose scores lie
    beyond all of the reference's. Undefined without rows of both classes, and where that is more than 0.05; not judged
    below ten rows of either class.
    """
    yield from judged(METRIC, reference, current)


def _estimate(outcome: BinaryOutcome) -> Estimate | str:
    negatives, positives = outcome.counts.sum(axis=1).T
    found = roc_auc(negatives, positives)
    if found is None:
        return ONE_CLASS
    apart = negatives.size > len(ENDS)
    unordered = float(negatives[ENDS] @ positives[ENDS]) / float(negatives.sum() * positives.sum()) / 2 if apart else 0
    if unordered > UNKNOWN:
        share = float((negatives + positives)[ENDS].sum() / outcome.n)
        return f"not known: {share:.0%} of the labelled rows score beyond all of the reference's scores"
    if found.low is None or found.high is None:
        return found
    return replace(found, low=max(found.low - unordered, 0.0), high=min(found.high + unordered, 1.0))


METRIC = Metric("roc_auc", (BinaryOutcome,), _estimate, "better")
DETECTOR = METRIC.detector("score", compare, armed=True, min_effect=0.02)
