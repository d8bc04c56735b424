"""Neyman's smooth test of numeric columns. (Neyman 1937)."""

from collections.abc import Iterator

from monitor.detectors.detector import Detector
from monitor.detectors.drift.columns import put_to_test
from monitor.profiles.bins import NumericBins
from monitor.profiles.profile import Profile
from monitor.stats.shape import smooth_test
from monitor.types import Measurement

NAME = "smooth_test"


def compare(reference: Profile, current: Profile) -> Iterator[Measurement]:
    """Measure how far location, spread, skewness and tails of the normal scores moved, as one length: 0 is equal.

    In reference standard deviations; p-value by the permutation moments. Sees a few per cent of moved rows, and all
    broad changes; blind to a narrow peak that leaves these four as they were.
    """
    return put_to_test(NAME, smooth_test, reference, current, bins=NumericBins)


DETECTOR = Detector(NAME, "drift.data", "reference sd", compare)
