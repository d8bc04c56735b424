"""Kolmogorov-Smirnov test on the binned distribution functions of numeric columns. (Smirnov 1948)."""

from collections.abc import Iterator

from monitor.detectors.detector import Detector, inflation, paired, undefined
from monitor.profiles.bins import NumericBins
from monitor.profiles.profile import Profile
from monitor.stats.divergence import kolmogorov_smirnov_test
from monitor.types import Measurement

NAME = "kolmogorov_smirnov"


def compare(reference: Profile, current: Profile) -> Iterator[Measurement]:
    """Find the largest gap between the distribution functions: 0 is equal, 1 is disjoint; p-value conservative.

    Blind to what happens in the tails, and to small groups. It is shown, since people know it; see `drift.smooth`.
    """
    for column, before, after in paired(reference, current):
        if not isinstance(before.bins, NumericBins):
            continue
        found = kolmogorov_smirnov_test(before.counts, after.counts, inflation(reference, before, after))
        if found is None:
            yield undefined(NAME, column, before, after)
        else:
            yield Measurement(NAME, found[0], column=column, n=after.n, p_value=found[1], effect=found[0])


DETECTOR = Detector(NAME, "drift.data", "share", compare)
