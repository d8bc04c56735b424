"""Shift of a numeric column's mean. (Welch 1947)."""

from collections.abc import Iterator

from monitor.detectors.detector import Detector, inflation, paired, undefined
from monitor.profiles.bins import NumericBins
from monitor.profiles.profile import Profile
from monitor.stats.location import mean_shift_test
from monitor.types import Measurement

NAME = "mean_shift"


def compare(reference: Profile, current: Profile) -> Iterator[Measurement]:
    """Measure how far the mean moved either way, in reference standard deviations: 0 is equal; p-value two-sided."""
    for column, before, after in paired(reference, current):
        if not isinstance(before.bins, NumericBins):
            continue
        here, there = before.moments, after.moments
        found = mean_shift_test(here, there, inflation(reference, before, after)) if here and there else None
        if found is None:
            yield undefined(NAME, column, before, after)
        else:
            yield Measurement(NAME, abs(found[0]), column=column, n=after.n, p_value=found[1], effect=found[0])


DETECTOR = Detector(NAME, "drift.data", "reference sd", compare)
