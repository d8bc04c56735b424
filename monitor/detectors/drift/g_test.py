"""Likelihood-ratio test of homogeneity for categorical columns. (Wilks 1938)."""

from collections.abc import Iterator

from monitor.detectors.detector import Detector, inflation, paired, untested
from monitor.profiles.bins import CategoryBins
from monitor.profiles.categories import side_by_side
from monitor.profiles.profile import Profile
from monitor.stats import distances
from monitor.stats.divergence import jensen_shannon_distance
from monitor.types import Measurement

NAME = "g_test"


def compare(reference: Profile, current: Profile) -> Iterator[Measurement]:
    """Take twice the log of the likelihood ratio of two distributions against one: 0 is equal.

    Categories of which too few rows are to be expected on either side count as one; the effect is the Jensen-Shannon
    distance. Blind to which of the rare categories come.
    """
    for column, before, after in paired(reference, current):
        if isinstance(before.bins, CategoryBins):
            found = distances.g_test(*side_by_side(before, after), inflation(reference, before, after))
            if found is None:
                yield untested(NAME, column, before, after)
            else:
                size = jensen_shannon_distance(before.counts, after.counts)
                yield Measurement(NAME, found[0], column=column, n=after.n, p_value=found[1], effect=size)


DETECTOR = Detector(NAME, "drift.data", "statistic", compare)
