"""Which categories of two sides are laid beside each other one by one, and which are joined for being rare."""

import math

import numpy as np
from numpy.typing import NDArray
from scipy.special import btdtrib

from monitor.profiles.bins import CategoryBins
from monitor.profiles.profile import ColumnProfile

Counts = NDArray[np.int64]

ROWS_PER_CELL = 5
SURE = 0.99
RAREST = 16
"""So many of the rarest values that are counted apart tell how many rows a value may have that is not."""


def side_by_side(before: ColumnProfile, after: ColumnProfile) -> tuple[Counts, Counts]:
    """Give the rows of a categorical column's two sides by cell: of all rare categories, then of each common one.

    A category is common by the rows that both sides hold of it together, new ones as well: were it chosen by those of
    one side, this would by chance hold too many of its own. (Fisher 1935) Shape (cells,), without a first cell that
    would be empty on both sides; none at all without rows. TypeError for numbers.
    """
    if not isinstance(before.bins, CategoryBins):
        raise TypeError("numbers have no categories")
    names = sorted(before.unseen.keys() | after.unseen.keys())
    new = np.array([[side.unseen.get(name, 0) for name in names] for side in (before, after)], np.int64)
    return cells_of(before.bins, before.counts, after.counts, new=new)


def cells_of(bins: CategoryBins, before: Counts, after: Counts, *, new: Counts | None = None) -> tuple[Counts, Counts]:
    """Give the same of counts by bin; new: rows of values that the reference does not hold, shape (2, values)."""
    both = np.stack([before, after])
    rows = both.sum(axis=1)
    known = both[:, : bins.other]
    known = known if new is None else np.hstack([known, new])
    common = known[:, known.sum(axis=0) >= _least_common(bins, before, int(rows[0]), int(rows[1]))]
    cells = np.column_stack([rows - common.sum(axis=1), common])
    cells = cells[:, 0 if cells[:, 0].any() else 1 :]
    return cells[0], cells[1]


def _least_common(bins: CategoryBins, reference: Counts, n: int, m: int) -> int:
    """Give how many rows a category must have on both sides together.

    Of so many, five are expected on either side; and where the rarer values of the reference are not counted apart, one
    that has so many is hardly among these, of which none has more rows of it than those that barely are.
    """
    if not (n and m):
        return 1
    share = n / (n + m)
    least = ROWS_PER_CELL / min(share, 1 - share)
    if bins.tail != ():
        most = int(reference[max(bins.other - RAREST, 0) : bins.other].max(initial=0))
        least = max(least, most + float(btdtrib(most + 1, SURE, share)))
    return math.ceil(least * (1 - 1e-12))
