"""Labels at equal decision: do the rows called a cat turn out to be what they were? (Cochran 1954)."""

from collections.abc import Iterator

from monitor.detectors.concept.conditional import KIND, Concept, moved
from monitor.detectors.detector import Detector
from monitor.profiles.outcome import MulticlassOutcome
from monitor.profiles.profile import Profile
from monitor.stats.conditional import Counts, conditional_shift
from monitor.types import Measurement

NAME = "label_given_prediction"


def compare(reference: Profile, current: Profile) -> Iterator[Measurement]:
    """Average the total variation distance of the labels at equal predicted class, in [0, 1]: higher is worse.

    For models with several classes: the rows of the confusion matrix beside the reference's. Labels with under five
    expected rows count as one; the p-value is of chi-square over the classes, and allows for how much the reference's
    own windows differ. Undefined without labels. Blind to a change that leaves the labels of each decision as they
    were, as when the model errs on other rows as often; inputs that move within a decision move it too. (Cochran 1954)
    """
    yield from moved(CONCEPT, reference, current)


def _counts(outcome: MulticlassOutcome) -> Counts:
    return outcome.confusion


CONCEPT = Concept(NAME, MulticlassOutcome, _counts, conditional_shift)
DETECTOR = Detector(NAME, KIND, "share", compare, armed=True, min_effect=0.02)
