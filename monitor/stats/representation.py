"""Whether a sample is like the population that it is said to be drawn from."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import betainc, betaincc

Counts = NDArray[np.int64]
Floats = NDArray[np.float64]


class Representation(NamedTuple):
    """Half the sum of all differences of shares, the largest of them, its group's place, and the p-value."""

    distance: float
    effect: float
    place: int
    p_value: float


def representation_test(counts: Counts, shares: Floats, inflation: float = 1.0) -> Representation | None:
    """Compare counts of groups with the shares that they should have, both of shape (groups,); None without rows.

    distance: total variation in [0, 1], 0 is the same. p-value: the smallest of the groups' exact two-sided ones, times
    the groups (Clopper & Pearson 1934; Bonferroni 1936). inflation: the design effect; counts are scaled down by it.

    >>> found = representation_test(np.array([60, 40]), np.array([0.5, 0.5]))
    >>> round(found.distance, 2), round(found.effect, 2), round(found.p_value, 3)
    (0.1, 0.1, 0.057)
    """
    rows = int(counts.sum())
    if not rows:
        return None
    apart = counts / rows - shares
    hits, misses = counts / inflation, (rows - counts) / inflation
    more = np.where(counts > 0, betainc(np.maximum(hits, 1e-9), misses + 1, shares), 1.0)
    fewer = np.where(counts < rows, betaincc(hits + 1, np.maximum(misses, 1e-9), shares), 1.0)
    p = np.minimum(1.0, 2 * np.minimum(more, fewer))
    # of groups that are equally sure, as two always are, the one that is short
    place = int(np.lexsort((apart, np.round(p, 12)))[0])
    size = 1 if counts.size == 2 else counts.size
    return Representation(float(abs(apart).sum() / 2), float(abs(apart).max()), place, min(1.0, float(p.min()) * size))
