"""How few of the reference's rows speak for a window: weighed as likely as they are in it, they count for fewer."""

import numpy as np
from numpy.typing import NDArray

Counts = NDArray[np.int64]

GROUPS, LEAST = 16, 30
"""Into how many groups bins are added up at most, and of how many reference rows each is taken to be at least."""


def strain(reference: Counts, current: Counts) -> float:
    """Give by how many times more the variance of a mean over the reference grows when its rows stand for the window's.

    0 where both are distributed alike, 1 where half as many rows would tell as much unweighted. Counts by bin, both
    (bins,); bins are added up into at most 16 groups of about equal reference mass, for nothing that is learned of rows
    is much finer, and those that the reference lacks into one more. The mean square of the weights less 1, less what
    chance makes of it. 0 without rows on either side.
    (Design effect of weighting: Kish 1965)

    >>> strain(np.array([500, 500]), np.array([0, 1000]))
    1.0
    """
    n, m = int(reference.sum()), int(current.sum())
    if not (n and m):
        return 0.0
    middle = (reference.cumsum() - reference / 2) / n
    group = np.minimum((middle * GROUPS).astype(np.intp), GROUPS - 1)
    group = np.where(reference > 0, group, GROUPS)
    before, after = (np.bincount(group, counts, GROUPS + 1) for counts in (reference, current))
    share, now = np.maximum(before, LEAST) / n, after / m
    return max(float(((now**2 - now * (1 - now) / m) / share).sum()) - 1, 0.0)
