"""What a reference of few rows tells of the values that it has not seen."""

import numpy as np
from numpy.typing import NDArray

from monitor.profiles.bins import CategoryBins

Counts = NDArray[np.int64]


def rows_to_be_new(bins: CategoryBins, counts: Counts) -> tuple[int, int]:
    """Give how many of a reference's rows hold a new value, as that of each would be were it not among them.

    So large a share of as many rows to come is about to be new. And the number of values that two rows hold, by which
    that is unsure. counts: of all the reference's rows, or of a segment's. Of any others, which did not choose the
    values, those that are new, and 0. (Good 1953; Esty 1983)

    >>> rows_to_be_new(CategoryBins.of(["a", "b", "c", "d"], [6, 2, 1, 1]), np.array([6, 2, 1, 1, 0, 0]))
    (2, 1)
    """
    rarer = len(bins.tail or ())
    once = min(bins.once, rarer)
    twice = min(bins.twice, rarer - once)
    alone = bins.other - (bins.once - once)
    pairs = alone - (bins.twice - twice)
    if bins.tail is None or counts[bins.unseen] or counts[alone : bins.other].max(initial=0) > 1:
        return int(counts[bins.unseen]), 0
    held = counts[bins.other] / max(bins.rarer_rows, 1)
    new = int(counts[alone : bins.other].sum()) + round(once * held)
    return new, int((counts[pairs:alone] == 2).sum()) + round(twice * held)
