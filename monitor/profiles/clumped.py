"""Whether rows are alike by the clump that they come in or by their window, told by windows of unlike size.

Who asks again sends a few rows that are alike, in the smallest window as in the largest: how many rows count as one
is the same in both. A storm makes all rows of its window alike, so that the more there are the more count as one.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from monitor.profiles.cells import joined

WINDOWS_NEEDED, FEWEST, UNLIKE = 16, 4, 0.6
"""So many windows of so many rows tell it, where the smaller half holds at most such a part of the larger half's."""
DIFFERS = 3.0
"""Standard errors by which windows differ by more than independent rows do, so that it can be told how."""

Counts = NDArray[np.int64]
Floats = NDArray[np.float64]


def clumped_part(tables: Sequence[Counts], *, ordered: Sequence[bool]) -> float | None:
    """Give which part of what makes rows alike is the clump that they come in, in [0, 1]; None where it is not told.

    tables: by column, shape (windows, bins). The mean excess of the chi-square of homogeneity over its degrees of
    freedom in the smaller half of the windows is laid beside that in the larger half: by clumps both are the same, and
    by windows they are as the numbers of rows. A standard error is added, since rows that are taken for more
    independent than they are raise false alarms. (Rao & Scott 1981)
    """
    told = [_excess(table, ordered=ranked) for table, ranked in zip(tables, ordered, strict=True)]
    held = [one for one in told if one is not None]
    if not held:
        return None
    rows, excess, freedom = (np.concatenate([one[i] for one in held]) for i in range(3))
    small = np.concatenate([one[3] for one in held]).astype(bool)
    if small.all():
        return None
    (n_small, low, low_error), (n_large, high, high_error) = (
        _pooled(rows[half], excess[half], freedom[half]) for half in (small, ~small)
    )
    part = (n_small - 1) / (n_large - 1)
    if part > UNLIKE or high < DIFFERS * high_error:
        return None
    ratio = low / high
    error = np.hypot(low_error, ratio * high_error) / high
    return float(np.clip((ratio + error - part) / (1 - part), 0.0, 1.0))


def _excess(table: Counts, *, ordered: bool) -> tuple[Floats, Floats, Floats, Floats] | None:
    """Give of each window its rows, its excess, its degrees of freedom, and whether it is of the smaller half."""
    table = table[table.sum(axis=1) >= FEWEST] if table.size else table
    if len(table) < WINDOWS_NEEDED:
        return None
    cells = joined(table, ordered=ordered)
    if cells.shape[1] < 2:
        return None
    rows, shares = cells.sum(axis=1).astype(np.float64), cells.sum(axis=0) / cells.sum()
    expected = rows[:, None] * shares
    freedom = cells.shape[1] - 1
    own = 1 - rows / rows.sum()  # what a window adds to the shares that it is laid beside
    excess = ((cells - expected) ** 2 / expected).sum(axis=1) / (freedom * own) - 1
    return rows, excess, np.full(len(rows), float(freedom)), (rows <= np.median(rows)).astype(np.float64)


def _pooled(rows: Floats, excess: Floats, freedom: Floats) -> tuple[float, float, float]:
    """Give the mean rows and the mean excess, weighed by degrees of freedom, with its standard error."""
    weights = freedom / freedom.sum()
    mean = float(weights @ excess)
    error = float(np.sqrt((weights**2) @ (excess - mean) ** 2))
    return float(weights @ rows), mean, error
