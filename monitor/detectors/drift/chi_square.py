"""Chi-square test of homogeneity for categorical columns. (Pearson 1900).

It alerts from a Jensen-Shannon distance of 0.04 on, which is what Cohen (1988) calls a small effect, w = 0.1, beyond
what chance makes: of 25 categories, 3,000 rows lie as far out by chance alone. (Bergsma 2013)
"""

import math
from collections.abc import Iterator

from monitor.detectors.detector import Detector, inflation, inflations, paired, untested
from monitor.profiles.bins import CategoryBins
from monitor.profiles.profile import ColumnProfile, Profile
from monitor.stats.divergence import chance_divergence, homogeneity_test, jensen_shannon_distance
from monitor.types import Measurement

NAME = "chi_square"


def compare(reference: Profile, current: Profile) -> Iterator[Measurement]:
    """Sum (observed - expected)^2 / expected over categories: 0 is equal.

    Categories with under five expected rows count as one, tested apart where that has under one; the effect is the
    Jensen-Shannon distance less what chance makes of it, 0 where that is all. Of categories that a small reference
    holds once, and of new ones, as many are expected as there should be. Blind to small shifts between hundreds
    of categories, and to rows of one category that changed in all else.
    """
    for column, before, after in paired(reference, current):
        if not isinstance(before.bins, CategoryBins):
            continue
        grown = inflations(reference, before, after)
        found = homogeneity_test(before.expected, after.counts, *grown)
        if found is None:
            yield untested(NAME, column, before, after)
        else:
            most = max(inflation(reference, before, after), grown[1])
            usual = chance_divergence(before.expected, after.counts) * _mean(before, after, *grown[:2])
            effect, chance = _beyond(usual, before, after), _chance(before, after, most, usual=usual)
            yield Measurement(NAME, found[0], column, n=after.n, p_value=found[1], effect=effect, chance=chance)


def _mean(before: ColumnProfile, after: ColumnProfile, steepest: float, others: float) -> float:
    """Give the mean design effect of all directions."""
    directions = max(_held(before, after) - 1, 1)
    return (steepest + others * (directions - 1)) / directions


def _held(before: ColumnProfile, after: ColumnProfile) -> int:
    return int(((before.expected + after.counts) > 0).sum())


def _beyond(usual: float, before: ColumnProfile, after: ColumnProfile) -> float:
    distance = jensen_shannon_distance(before.expected, after.counts) or 0.0
    return math.sqrt(max(distance**2 - usual, 0.0))


def _chance(before: ColumnProfile, after: ColumnProfile, inflation: float, *, usual: float) -> tuple[int, float, float]:
    """Give the degrees and the factor of the squared distance, to which rare categories, too, add. (Menéndez 1997).

    A quarter less: in these, a few rows make the distance's tail longer than chi-square's.
    """
    factor = 0.75 * 8 * math.log(2) / (1 / before.n + 1 / after.n) / inflation
    return _held(before, after) - 1, factor, factor * usual


DETECTOR = Detector(NAME, "drift.data", "statistic", compare, armed=True, min_effect=0.04, ways=1)
