"""Total variation distance over all bins. (Jordan 1881)."""

from collections.abc import Iterator

from monitor.detectors.detector import Detector
from monitor.detectors.drift.columns import measured_by
from monitor.profiles.profile import Profile
from monitor.stats.distances import total_variation_distance
from monitor.types import Measurement

NAME = "total_variation_distance"


def compare(reference: Profile, current: Profile) -> Iterator[Measurement]:
    """Take the share of rows that would have to change their bin: 0 is equal, 1 is disjoint; no p-value.

    Blind to how far values moved; in small windows it is as large as chance makes it.
    """
    return measured_by(NAME, total_variation_distance, reference, current)


DETECTOR = Detector(NAME, "drift.data", "share", compare)
