"""Anderson-Darling test of two samples, for numeric columns. (Pettitt 1976; Scholz & Stephens 1987)."""

from collections.abc import Iterator

from monitor.detectors.detector import Detector
from monitor.detectors.drift.columns import put_to_test
from monitor.profiles.bins import NumericBins
from monitor.profiles.profile import Counts, Profile
from monitor.stats.distances import anderson_darling_test
from monitor.stats.divergence import kolmogorov_smirnov_test
from monitor.types import Measurement

NAME = "anderson_darling"


def compare(reference: Profile, current: Profile) -> Iterator[Measurement]:
    """Average the squared gap of the distribution functions over its variance: about 1 without a shift.

    The tails weigh as much as the middle. The p-value is that of its limit; the effect is the largest gap. Blind to a
    narrow peak.
    """
    return put_to_test(NAME, anderson_darling_test, reference, current, bins=NumericBins, effect=_gap)


def _gap(reference: Counts, current: Counts) -> float | None:
    found = kolmogorov_smirnov_test(reference, current)
    return found and found[0]


DETECTOR = Detector(NAME, "drift.data", "statistic", compare)
