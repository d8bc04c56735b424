"""Right answers at equal confidence, for models with several classes. (Mantel & Haenszel 1959)."""

from collections.abc import Iterator

from monitor.detectors.concept.conditional import KIND, Concept, moved
from monitor.detectors.detector import Detector
from monitor.profiles.outcome import MulticlassOutcome
from monitor.profiles.profile import Profile
from monitor.stats.conditional import Counts, stratified_shift
from monitor.types import Measurement

NAME = "label_given_confidence"


def compare(reference: Profile, current: Profile) -> Iterator[Measurement]:
    """Average |share of right answers - the reference's| over runs of like confidence, in [0, 1]: higher is worse.

    For models with several classes that log their scores. Bin by bin, added up in at most ten runs; p-value of
    chi-square over the runs. Undefined without labels or scores. Blind to one wrong class taking the place of
    another. (Mantel & Haenszel 1959)
    """
    if isinstance(reference.outcome, MulticlassOutcome) and not reference.outcome.confidence.any():
        return
    yield from moved(CONCEPT, reference, current)


def _counts(outcome: MulticlassOutcome) -> Counts:
    return outcome.confidence


CONCEPT = Concept(NAME, MulticlassOutcome, _counts, stratified_shift)
DETECTOR = Detector(NAME, KIND, "share", compare, min_effect=0.02)
