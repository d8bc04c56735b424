"""Hellinger distance over all bins. (Hellinger 1909)."""

from collections.abc import Iterator

from monitor.detectors.detector import Detector
from monitor.detectors.drift.columns import measured_by
from monitor.profiles.profile import Profile
from monitor.stats.distances import hellinger_distance
from monitor.types import Measurement

NAME = "hellinger_distance"


def compare(reference: Profile, current: Profile) -> Iterator[Measurement]:
    """Take the root of 1 - sum of sqrt(p q): 0 is equal, 1 is disjoint; no p-value.

    Blind to how far values moved; in small windows it is as large as chance makes it.
    """
    return measured_by(NAME, hellinger_distance, reference, current)


DETECTOR = Detector(NAME, "drift.data", "share", compare)
