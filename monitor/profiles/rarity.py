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
    alone = listed - max(bins.once - rare, 0)
    if bins.tail is None or counts[bins.unseen] or counts[alone:listed].max(initial=0) > 1:
        return counts
    # of the rows of rarer values those that are held once, if one row or two hold each
    once = min(bins.once, rare)
    new = counts[bins.other] * once / max(2 * rare - once, 1)
    expected = counts.astype(np.float64)
    expected[bins.other] -= new
    if rare:
        _over_the_edge(expected, bins)
    else:
        _given(expected[:listed], float(counts[alone:listed].sum()))
    expected[bins.unseen] += counts.sum() - expected.sum()
    return np.asarray(np.diff(np.rint(expected.cumsum()), prepend=0), np.int64)


def _over_the_edge(expected: NDArray[np.float64], bins: CategoryBins) -> None:
    """Move rows between listed and rarer values, which were told apart by their rows: each as if it were not there.

    With a row less, values at the edge are rarer ones, or new, and those above are at the edge, as others there are.
    """
    listed, (ties, tied, above) = len(bins.values), bins.edge
    edge = slice(listed - ties, listed)
    fallen, falling = expected[edge].sum(), float(expected[listed - ties - above : listed - ties].sum())
    _given(expected[: listed - ties], falling)
    expected[edge] = falling / (ties + tied)
    expected[bins.other] += falling * tied / (ties + tied) + (fallen if bins.once <= len(bins.tail or ()) else 0)


def _given(expected: NDArray[np.float64], rows: float) -> float:
    """Take so many rows from values in equal parts, as far as theirs suffice; give how many that were."""
    held = expected > 0
    parts = np.minimum(held * rows / max(held.sum(), 1), expected)
    expected -= parts
    return float(parts.sum())
