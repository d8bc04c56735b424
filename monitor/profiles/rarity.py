"""What a reference of few rows tells of rare categories, and of those that it has not seen."""

import numpy as np
from numpy.typing import NDArray

from monitor.profiles.bins import CategoryBins

Counts = NDArray[np.int64]


def expected_counts(bins: CategoryBins, counts: Counts) -> Counts:
    """Give a reference's counts as rows to come should have them, shape (bins,); as they are, of any other rows.

    counts: of all the reference's rows, or of a segment's. What no other row of the reference holds is what each row
    would be, were it not among them: new. (Good 1953) Every value gives an equal part of that, as far as its rows
    suffice. (Ney, Essen & Kneser 1994)

    >>> expected_counts(CategoryBins.of(["a", "b", "c"], [6, 1, 1]), np.array([6, 1, 1, 0, 0])).tolist()
    [5, 1, 0, 0, 2]
    """
    listed, rare = len(bins.values), len(bins.tail or ())
    alone = counts[listed - max(bins.once - rare, 0) : listed]
    if bins.tail is None or counts[bins.unseen] or alone.max(initial=0) > 1:
        return counts
    # of the rows of rarer values those that are held once, if one row or two hold each
    once = min(bins.once, rare)
    new = float(alone.sum()) + counts[bins.other] * once / max(2 * rare - once, 1)
    values = (counts > 0).astype(np.float64)
    values[bins.other] = min(rare, int(counts[bins.other]))
    expected = counts - np.minimum(new * values / max(values.sum(), 1.0), counts)
    expected[bins.unseen] = counts.sum() - expected.sum()
    return np.asarray(np.diff(np.rint(expected.cumsum()), prepend=0), np.int64)
