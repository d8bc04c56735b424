"""Jensen-Shannon distance over all bins. (Endres & Schindelin 2003)."""

from collections.abc import Iterator

from monitor.detectors.detector import Detector, paired, undefined
from monitor.profiles.profile import Profile
from monitor.stats.divergence import jensen_shannon_distance
from monitor.types import Measurement

NAME = "jensen_shannon_distance"


def compare(reference: Profile, current: Profile) -> Iterator[Measurement]:
    """Take the root of the Jensen-Shannon divergence: 0 is equal, 1 is disjoint; no p-value."""
    for column, before, after in paired(reference, current):
        distance = jensen_shannon_distance(before.counts, after.counts)
        if distance is None:
            yield undefined(NAME, column, before, after)
        else:
            yield Measurement(NAME, distance, column=column, n=after.n, effect=distance)


DETECTOR = Detector(NAME, "drift.data", "share", compare)
