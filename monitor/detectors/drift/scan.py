"""Scan of numeric columns for an interval whose share rose. (Rufibach & Walther 2010)."""

from collections.abc import Iterator

from monitor.detectors.detector import Detector
from monitor.detectors.drift.columns import put_to_test
from monitor.profiles.bins import NumericBins
from monitor.profiles.profile import Profile
from monitor.stats.scan import scan_test
from monitor.types import Measurement

NAME = "scan_test"


def compare(reference: Profile, current: Profile) -> Iterator[Measurement]:
    """Find the single bin, dyadic run of bins or tail whose share of rows rose most surely; give the rise, in [0, 1].

    p-value conservative. Sees a peak at one value and a cluster beyond the range, of half a per cent of the rows; blind
    to a broad change that lifts no interval by much.
    """
    return put_to_test(NAME, scan_test, reference, current, bins=NumericBins)


DETECTOR = Detector(NAME, "drift.data", "share", compare, armed=True, min_effect=0.003, bins=NumericBins, scans=True)
