"""Distances to the nearest of some thousand points, by matrix products."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Singles = NDArray[np.float32]
Floats = NDArray[np.float64]

BLOCK = 256
"""Rows a product: so many keep the distances of a block in the cache."""


@dataclass(frozen=True, eq=False)
class Points:
    """Points made ready for a product: turned, shape (dimensions, points), and half of each one's squared length."""

    turned: Singles
    half: Singles

    @classmethod
    def of(cls, points: Singles) -> "Points":
        """Make them ready, shape (points, dimensions)."""
        return cls(np.ascontiguousarray(points.T), np.einsum("ij,ij->i", points, points) / 2)

    def nearest(self, rows: Singles, *, count: int) -> Floats:
        """Give the Euclidean distances from each row to its `count` nearest points, ascending, shape (rows, count).

        All points where they are fewer. Distances are measured in single precision, as |x|² - 2 x·p + |p|², so that
        one is uncertain by some thousandths of the rows' length where it is near 0.

        >>> points = Points.of(np.array([[0], [3], [5]], np.float32))
        >>> points.nearest(np.array([[4.5]], np.float32), count=2).tolist()
        [[0.5, 1.5]]
        """
        found = np.empty((len(rows), min(count, self.half.size)), np.float32)
        for start in range(0, len(rows), BLOCK):
            ranked = rows[start : start + BLOCK] @ self.turned
            np.subtract(self.half, ranked, out=ranked)
            found[start : start + BLOCK] = _least(ranked, found.shape[1])
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
