"""Accuracy difference: is the model right equally often in all groups? (Berk et al. 2021)."""

from collections.abc import Iterator

from monitor.detectors.detector import Detector
from monitor.detectors.fairness.counts import right
from monitor.detectors.fairness.sides import Sides, Value, gaps
from monitor.types import Measurement

NAME = "group_accuracy_difference"
RATE = Value("accuracy", right, "labelled rows")


def compare(sides: Sides) -> Iterator[Measurement]:
    """Largest less smallest share of right predictions over the groups, in [0, 1]: 0 is equal, higher is worse.

    For models with classes, of any number. Interval, effect and p-value as those of demographic_parity_difference.
    Undefined below two groups of thirty labelled rows. Blind to who bears which kind of mistake.
    """
    yield from gaps(NAME, RATE, sides)


DETECTOR = Detector(NAME, "bias.stereotyping", "share", compare, labelled=True, min_effect=0.05)
