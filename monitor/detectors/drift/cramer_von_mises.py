"""Cramér-von Mises test of numeric columns. (Anderson 1962)."""

from collections.abc import Iterator

from monitor.detectors.detector import Detector
from monitor.detectors.drift.columns import put_to_test
from monitor.profiles.bins import NumericBins
from monitor.profiles.profile import Counts, Profile
from monitor.stats.distances import cramer_von_mises_test
from monitor.stats.divergence import kolmogorov_smirnov_test
from monitor.types import Measurement

NAME = "cramer_von_mises"


def compare(reference: Profile, current: Profile) -> Iterator[Measurement]:
    """Average the squared gap of the distribution functions over the rows, times N M / (N + M): 0 is equal.

    The p-value is that of its limit; the effect is the largest gap. Blind to what happens in the tails.
    """
    return put_to_test(NAME, cramer_von_mises_test, reference, current, bins=NumericBins, effect=_gap)


def _gap(reference: Counts, current: Counts) -> float | None:
    found = kolmogorov_smirnov_test(reference, current)
    return found and found[0]


DETECTOR = Detector(NAME, "drift.data", "statistic", compare)
