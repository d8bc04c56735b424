"""How strongly some columns go together with others."""

import numpy as np
from numpy.typing import NDArray

from monitor.stats.ranks import mean_ranks

Floats = NDArray[np.float64]

FEWEST = 10
"""Of fewer rows nothing is said."""


def strongest_tie(columns: Floats, others: Floats) -> float:
    """Give the largest rank correlation of any of some columns with any of others, either way, in [0, 1].

    columns, others: shapes (rows, columns) and (rows, others); rows that lack one of two values do not count for these.
    0 where fewer than ten rows are left, or nothing varies. (Spearman 1904)

    >>> x = np.arange(12.0)[:, None]
    >>> strongest_tie(x, -(x**3)), strongest_tie(x[:5], x[:5])
    (1.0, 0.0)
    """
    found = 0.0
    for one in columns.T:
        for other in others.T:
            held = np.isfinite(one) & np.isfinite(other)
            found = max(found, _correlation(one[held], other[held]))
    return found


def _correlation(one: Floats, other: Floats) -> float:
    if one.size < FEWEST:
        return 0.0
    deviations = [ranks - ranks.mean() for ranks in (mean_ranks(one), mean_ranks(other))]
    norm = float(np.sqrt((deviations[0] ** 2).sum() * (deviations[1] ** 2).sum()))
    return abs(float(deviations[0] @ deviations[1])) / norm if norm else 0.0
