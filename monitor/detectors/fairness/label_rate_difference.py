"""Label rate difference: how far apart are the groups' shares of positive labels? (Kamiran & Calders 2012)."""

from collections.abc import Iterator

from monitor.detectors.detector import Detector
from monitor.detectors.fairness.counts import positive_labels
from monitor.detectors.fairness.sides import Sides, Value, gaps
from monitor.types import Measurement

NAME = "label_rate_difference"
RATE = Value("positive_label_rate", positive_labels, "labelled rows")


def compare(sides: Sides) -> Iterator[Measurement]:
    """Largest less smallest share of positive labels over the groups, in [0, 1]: 0 is equal, higher is further apart.

    A gap that widened may be the world's, or the way in which rows come to be labelled. Interval, effect and p-value as
    those of demographic_parity_difference. Undefined below two groups of thirty labelled rows. Blind to which of the
    two it is.
    """
    yield from gaps(NAME, RATE, sides)


DETECTOR = Detector(NAME, "bias.selection", "share", compare, labelled=True, min_effect=0.05)
