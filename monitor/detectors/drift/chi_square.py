"""Chi-square test of homogeneity for categorical columns. (Pearson 1900).

It alerts from a Jensen-Shannon distance of 0.04 on, which is what Cohen (1988) calls a small effect, w = 0.1.
"""

import math
from collections.abc import Iterator

from monitor.detectors.detector import Detector, inflation, inflations, paired, undefined
from monitor.profiles.bins import CategoryBins
from monitor.profiles.profile import ColumnProfile, Profile
from monitor.stats.divergence import homogeneity_test, jensen_shannon_distance
from monitor.types import Measurement

NAME = "chi_square"


def compare(reference: Profile, current: Profile) -> Iterator[Measurement]:
    """Sum (observed - expected)^2 / expected over categories: 0 is equal.

    Categories with under five expected rows count as one, tested apart where that has under one; the effect is the
    Jensen-Shannon distance.
    """
    for column, before, after in paired(reference, current):
        if not isinstance(before.bins, CategoryBins):
            continue
        grown = inflations(reference, before, after)
        found = homogeneity_test(before.counts, after.counts, *grown)
        if found is None:
            yield undefined(NAME, column, before, after)
        else:
            most = max(inflation(reference, before, after), grown[1])
            effect, chance = jensen_shannon_distance(before.counts, after.counts), _chance(before, after, most)
            yield Measurement(NAME, found[0], column, n=after.n, p_value=found[1], effect=effect, chance=chance)


def _chance(before: ColumnProfile, after: ColumnProfile, inflation: float) -> tuple[int, float]:
    """Give the degrees and the factor of the squared distance, to which rare categories, too, add. (Menéndez 1997).

    A quarter less: in these, a few rows make the distance's tail longer than chi-square's.
    """
    held = int(((before.counts + after.counts) > 0).sum())
    return held - 1, 0.75 * 8 * math.log(2) / (1 / before.n + 1 / after.n) / inflation


DETECTOR = Detector(NAME, "drift.data", "statistic", compare, armed=True, min_effect=0.04, ways=1)
