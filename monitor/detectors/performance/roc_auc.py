"""Area under the ROC curve of a binary model's scores. (Hanley & McNeil 1982)."""

from collections.abc import Iterator

from monitor.detectors.performance.judged import Metric, judged
from monitor.profiles.outcome import BinaryOutcome
from monitor.profiles.profile import Profile
from monitor.stats.intervals import Estimate
from monitor.stats.ranking import roc_auc
from monitor.types import Measurement


def compare(reference: Profile, current: Profile) -> Iterator[Measurement]:
    """Estimate how often a positive row scores above a negative one: 1 is perfect, 0.5 is chance, lower is worse.

    Rows of one score bin count half, which draws the value a little towards 0.5, alike on both sides. 95 % interval
    and p-value by DeLong et al. (1988). Undefined without rows of both classes; not judged below ten of either.
    """
    yield from judged(METRIC, reference, current)


def _estimate(outcome: BinaryOutcome) -> Estimate | str:
    negatives, positives = outcome.counts.sum(axis=1).T
    return roc_auc(negatives, positives) or "only one class among the labels"


METRIC = Metric("roc_auc", (BinaryOutcome,), _estimate, "better")
DETECTOR = METRIC.detector("score", compare, armed=True, min_effect=0.02)
