"""Chi-square test of homogeneity for categorical columns. (Pearson 1900).

It alerts from a Jensen-Shannon distance of 0.04 on, which is what Cohen (1988) calls a small effect, w = 0.1.
"""

from collections.abc import Iterator

from monitor.detectors.detector import Detector, inflation, other_inflation, paired, undefined
from monitor.profiles.bins import CategoryBins
from monitor.profiles.profile import Profile
from monitor.stats.divergence import chi_square_test, jensen_shannon_distance, rare_joined
from monitor.types import Measurement

NAME = "chi_square"


def compare(reference: Profile, current: Profile) -> Iterator[Measurement]:
    """Sum (observed - expected)^2 / expected over categories: 0 is equal.

    Categories with under five expected rows count as one; the effect is the Jensen-Shannon distance.
    """
    for column, before, after in paired(reference, current):
        if not isinstance(before.bins, CategoryBins):
            continue
        grown = inflation(reference, before, after), other_inflation(reference, before, after)
        found = chi_square_test(*rare_joined(before.counts, after.counts), *grown)
        if found is None:
            yield undefined(NAME, column, before, after)
        else:
            effect = jensen_shannon_distance(before.counts, after.counts)
            yield Measurement(NAME, found[0], column=column, n=after.n, p_value=found[1], effect=effect)


DETECTOR = Detector(NAME, "drift.data", "statistic", compare, armed=True, min_effect=0.04)
