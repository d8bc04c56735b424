"""Calibration within groups: does a score mean the same in all of them? (Kleinberg et al. 2017)."""

from collections.abc import Iterator

from monitor.detectors.detector import Detector
from monitor.detectors.fairness.counts import excess
from monitor.detectors.fairness.sides import Sides, Value, gaps
from monitor.types import Measurement

NAME = "group_calibration_difference"
MEAN = Value("observed_less_expected", excess, "labelled rows", mean=True)


def compare(sides: Sides) -> Iterator[Measurement]:
    """Largest less smallest mean of label - score over the groups, in [0, 2]: 0 is equal, higher is worse.

    Of each group the share of positives less the mean score: above 0 the group is scored too low. Interval by
    Student's t for all pairs at once; effect and p-value as those of demographic_parity_difference. For binary models.
    Undefined below two groups of thirty labelled rows. Blind to scores that are too high here and too low there
    within a group.
    """
    yield from gaps(NAME, MEAN, sides)


DETECTOR = Detector(NAME, "bias.stereotyping", "share", compare, armed=True, labelled=True, min_effect=0.05)
