"""Likelihood-ratio test of homogeneity for categorical columns. (Wilks 1938)."""

from collections.abc import Iterator

from monitor.detectors.detector import Detector
from monitor.detectors.drift.columns import put_to_test
from monitor.profiles.bins import CategoryBins
from monitor.profiles.profile import Counts, Profile
from monitor.stats import distances
from monitor.stats.divergence import jensen_shannon_distance, rare_joined
from monitor.types import Measurement

NAME = "g_test"


def compare(reference: Profile, current: Profile) -> Iterator[Measurement]:
    """Take twice the log of the likelihood ratio of two distributions against one: 0 is equal.

    Categories with under five expected rows count as one; the effect is the Jensen-Shannon distance. Blind to which of
    the rare categories come.
    """
    return put_to_test(NAME, _test, reference, current, bins=CategoryBins, effect=jensen_shannon_distance)


def _test(reference: Counts, current: Counts, inflation: float) -> tuple[float, float] | None:
    return distances.g_test(*rare_joined(reference, current), inflation)


DETECTOR = Detector(NAME, "drift.data", "statistic", compare)
