"""The distribution of a regression's errors, in bins of the reference's. (Pearson 1900)."""

from collections.abc import Iterator

from monitor.detectors.concept.conditional import KIND, Concept, moved
from monitor.detectors.detector import Detector
from monitor.profiles.outcome import RegressionOutcome
from monitor.profiles.profile import Profile
from monitor.stats.conditional import Counts, Shift, conditional_shift
from monitor.stats.divergence import coarsened
from monitor.types import Measurement

NAME = "residual_distribution"
BINS = 10


def compare(reference: Profile, current: Profile) -> Iterator[Measurement]:
    """Take the total variation distance of predicted - label from the reference's, in [0, 1]: higher is worse.

    For regressions: over ten bins of about equal reference mass, p-value of chi-square, which allows for how much the
    reference's own windows differ. `mean_error` says which way the errors went. Undefined without labels. Blind to a
    change that makes as many errors larger as smaller. (Pearson 1900)
    """
    yield from moved(CONCEPT, reference, current)


def _counts(outcome: RegressionOutcome) -> Counts:
    return outcome.residuals[None, :]


def _compared(reference: Counts, current: Counts) -> Shift | None:
    before, after = coarsened(reference[0], current[0], BINS)
    return conditional_shift(before[None, :], after[None, :])


CONCEPT = Concept(NAME, RegressionOutcome, _counts, _compared)
DETECTOR = Detector(NAME, KIND, "share", compare, armed=True, min_effect=0.05)
