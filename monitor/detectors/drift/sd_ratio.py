"""Ratio of the standard deviations of numeric columns, with Mood's test of scale. (Mood 1954)."""

import math
from collections.abc import Iterator

from monitor.detectors.detector import Detector, inflation, paired, undefined
from monitor.profiles.bins import NumericBins
from monitor.profiles.profile import Profile
from monitor.stats.distances import scale_test
from monitor.types import Measurement

NAME = "sd_ratio"


def compare(reference: Profile, current: Profile) -> Iterator[Measurement]:
    """Divide the window's standard deviation by the reference's: 1 is equal; p-value by ranks, two-sided.

    The effect is the logarithm of the ratio. The p-value says whether ranks moved towards the middle or away from it,
    so that one outlier, which changes the ratio, is no news. Blind to a change of spread under a large shift.
    """
    for column, before, after in paired(reference, current):
        if not isinstance(before.bins, NumericBins):
            continue
        here, there = before.moments, after.moments
        p_value = scale_test(before.counts, after.counts, inflation(reference, before, after))
        if not (here and there and here[2] and p_value is not None):
            yield undefined(NAME, column, before, after)
            continue
        ratio = math.sqrt(there[2] / here[2])
        effect = math.log(ratio) if ratio else None
        yield Measurement(NAME, ratio, column=column, n=there[0], p_value=p_value, effect=effect, reference=1.0)


DETECTOR = Detector(NAME, "drift.data", "ratio", compare)
