"""Distances to the nearest of some thousand points, by matrix products."""

import numpy as np
from numpy.typing import NDArray

Singles = NDArray[np.float32]
Floats = NDArray[np.float64]

BLOCK = 256
"""Rows a product: so many keep the distances of a block in the cache."""


def nearest(points: Singles, rows: Singles, *, count: int) -> Floats:
    """Give the Euclidean distances from each row to its `count` nearest points, ascending, shape (rows, count).

    points: shape (points, dimensions), at least `count` of them. They are measured in single precision, as
    |x|² - 2 x·p + |p|², so that a distance is uncertain by some thousandths of the rows' length where it is near 0.

    >>> nearest(np.array([[0], [3], [5]], np.float32), np.array([[4.5]], np.float32), count=2).tolist()
    [[0.5, 1.5]]
    """
    half = np.einsum("ij,ij->i", points, points) / 2
    turned = np.ascontiguousarray(points.T)
    found = np.empty((len(rows), count), np.float32)
    for start in range(0, len(rows), BLOCK):
        ranked = rows[start : start + BLOCK] @ turned
        np.subtract(half, ranked, out=ranked)
        found[start : start + BLOCK] = _least(ranked, count)
    squared = 2 * found.astype(np.float64) + np.einsum("ij,ij->i", rows, rows, dtype=np.float64)[:, None]
    return np.asarray(np.sqrt(np.maximum(squared, 0.0)))


def _least(values: Singles, count: int) -> Singles:
    """Give the `count` least of each row, one after the other, which is faster than a partition; spoils the values."""
    row = np.arange(len(values))
    found = np.empty((len(values), count), np.float32)
    for j in range(count):
        place = values.argmin(axis=1)
        found[:, j] = values[row, place]
        values[row, place] = np.inf
    return found
