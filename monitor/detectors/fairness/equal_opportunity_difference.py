"""Equal opportunity difference: are the deserving of all groups decided for at the same rate? (Hardt et al. 2016)."""

from collections.abc import Iterator

from monitor.detectors.detector import Detector
from monitor.detectors.fairness.counts import true_positives
from monitor.detectors.fairness.sides import Sides, Value, gaps
from monitor.types import Measurement

NAME = "equal_opportunity_difference"
RATE = Value("true_positive_rate", true_positives, "rows with a positive label")


def compare(sides: Sides) -> Iterator[Measurement]:
    """Largest less smallest true positive rate over the groups, in [0, 1]: 0 is equal, higher is worse.

    Interval, effect and p-value as those of demographic_parity_difference. Undefined below two groups of thirty rows
    with a positive label. Blind to false positives, and to labels that are themselves unjust.
    """
    yield from gaps(NAME, RATE, sides)


DETECTOR = Detector(NAME, "bias.stereotyping", "share", compare, labelled=True, min_effect=0.05)
