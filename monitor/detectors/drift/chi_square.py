"""Chi-square test of homogeneity for categorical columns. (Pearson 1900).

It alerts from a Jensen-Shannon distance of 0.04 on, which is what Cohen (1988) calls a small effect, w = 0.1, beyond
what chance makes: of 25 categories, 3,000 rows lie as far out by chance alone. (Bergsma 2013)
"""

import math
from collections.abc import Iterator

from monitor.detectors.detector import Detector, inflation, inflations, paired, rarest, untested
from monitor.profiles.bins import CategoryBins
from monitor.profiles.categories import side_by_side
from monitor.profiles.profile import Counts, Profile
from monitor.stats.divergence import chance_divergence, homogeneity_test, jensen_shannon_distance
from monitor.types import Measurement

NAME = "chi_square"


def compare(reference: Profile, current: Profile) -> Iterator[Measurement]:
    """Sum (observed - expected)^2 / expected over categories: 0 is equal.

    Categories of which too few rows are to be expected on either side count as one, tested apart where that has under
    one; the effect is the Jensen-Shannon distance less what chance makes of it, 0 where that is all. Blind to small
    shifts between hundreds of categories, to which of the rare ones come, be they new (see `unseen_share`), and to rows
    of one category that changed in all else.
    """
    for column, before, after in paired(reference, current):
        if not isinstance(before.bins, CategoryBins):
            continue
        grown, (held, came) = inflations(reference, before, after), side_by_side(before, after)
        found = homogeneity_test(held, came, *grown)
        if found is None:
            yield untested(NAME, column, before, after)
        else:
            most = max(inflation(reference, before, after), grown[1])
            usual = chance_divergence(held, came) * _mean(held.size - 1, *grown[:2])
            distance = jensen_shannon_distance(held, came) or 0.0
            yield Measurement(
                NAME,
                found[0],
                column,
                n=after.n,
                p_value=max(found[1], rarest(reference, column, after)),
                effect=math.sqrt(max(distance**2 - usual, 0.0)),
                chance=_chance(held, came, most, usual=usual),
            )


def _mean(directions: int, steepest: float, others: float) -> float:
    """Give the mean design effect of all directions."""
    return (steepest + others * (directions - 1)) / directions


def _chance(held: Counts, came: Counts, inflation: float, *, usual: float) -> tuple[int, float, float]:
    """Give the degrees and the factor of the squared distance, to which rare categories, too, add. (Menéndez 1997).

    A quarter less: in these, a few rows make the distance's tail longer than chi-square's.
    """
    factor = 0.75 * 8 * math.log(2) / (1 / float(held.sum()) + 1 / float(came.sum())) / inflation
    return held.size - 1, factor, factor * usual


DETECTOR = Detector(NAME, "drift.data", "statistic", compare, armed=True, min_effect=0.04, ways=1)
