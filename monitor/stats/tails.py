"""Chances of counts, from special functions alone: `scipy.stats` has them too, but takes a second to import."""

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import gammaln, xlog1py, xlogy

Floats = NDArray[np.float64]

DEVIATIONS, MORE = 10, 50
"""How many chances are added up, in standard deviations and beyond: later ones are below e^-50 of the first."""


def binomial_chance(hits: ArrayLike, rows: ArrayLike, share: float) -> Floats:
    """Give the chance of exactly so many hits among `rows` at this share, in [0, 1]; 0 beyond `rows`.

    >>> binomial_chance([0, 1, 2, 3], 2, 0.5).round(4).tolist()
    [0.25, 0.5, 0.25, 0.0]
    """
    k, n = np.asarray(hits, float), np.asarray(rows, float)
    missed = np.maximum(n - k, 0)
    log = gammaln(n + 1) - gammaln(k + 1) - gammaln(missed + 1) + xlogy(k, share) + xlog1py(missed, -share)
    return np.where(k <= n, np.exp(log), 0.0)


def hypergeometric_tail(beyond: ArrayLike, *, total: int, hits: int, rows: ArrayLike) -> Floats:
    """Give the chance of more than `beyond` hits among `rows`, drawn at random from `total` that hold so many hits.

    beyond, rows: whole numbers, of one shape, (cells,); `rows` and `hits` from 0 to `total`. Each chance follows from
    the one before, away from the mode, so that small tails keep their digits. (Fisher 1935)

    >>> hypergeometric_tail([0, 1], total=20, hits=7, rows=[12, 12]).round(4).tolist()
    [0.9999, 0.9956]
    """
    last, drawn = np.atleast_1d(np.asarray(beyond, np.int64)), np.atleast_1d(np.asarray(rows, np.int64))
    mode = (drawn + 1) * (hits + 1) // (total + 2)
    above = last >= mode
    # the tail below `last + 1` hits is that of the missed ones above: all that were drawn less these
    up = _summed(np.where(above, last + 1, drawn - last), total, np.where(above, hits, total - hits), drawn)
    return np.clip(np.where(above, up, 1 - up), 0.0, 1.0)


def _summed(first: NDArray[np.int64], total: int, hits: NDArray[np.int64], rows: NDArray[np.int64]) -> Floats:
    """Add up the chances of `first` hits and more, where these fall; 0 where there cannot be so many."""
    most = np.minimum(hits, rows)
    spread = np.sqrt(rows * (hits / total) * (1 - hits / total))
    length = int(np.minimum(np.maximum(most - first, 0), DEVIATIONS * spread + MORE).max(initial=0))
    begin = np.clip(first, np.maximum(rows + hits - total, 0), most)
    k = begin[:, None] + np.arange(length)
    more = np.maximum(hits[:, None] - k, 0) * np.maximum(rows[:, None] - k, 0.0)
    grown = more / ((k + 1) * np.maximum(total - hits[:, None] - rows[:, None] + k + 1.0, 1.0))
    series = np.cumprod(np.column_stack([_chance(begin, total, hits, rows), grown]), axis=1).sum(axis=1)
    return np.where(first <= most, series, 0.0)


def _chance(k: NDArray[np.int64], total: int, hits: NDArray[np.int64], rows: NDArray[np.int64]) -> Floats:
    def ways(of: NDArray[np.int64], taken: NDArray[np.int64]) -> Floats:
        return np.asarray(gammaln(of + 1) - gammaln(taken + 1) - gammaln(of - taken + 1))

    return np.exp(ways(hits, k) + ways(total - hits, rows - k) - ways(np.full_like(rows, total), rows))
