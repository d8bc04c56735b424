"""Cramér's V of categorical columns. (Cramér 1946)."""

from collections.abc import Iterator

from monitor.detectors.detector import Detector
from monitor.detectors.drift.columns import measured_by
from monitor.profiles.bins import CategoryBins
from monitor.profiles.profile import Profile
from monitor.stats.distances import cramers_v
from monitor.types import Measurement

NAME = "cramers_v"


def compare(reference: Profile, current: Profile) -> Iterator[Measurement]:
    """Take the root of chi-square over the rows of both sides: 0 is equal, 1 is disjoint; no p-value.

    Blind where one side is much larger: it then stays small whatever moved.
    """
    return measured_by(NAME, cramers_v, reference, current, bins=CategoryBins)


DETECTOR = Detector(NAME, "drift.data", "share", compare)
