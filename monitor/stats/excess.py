"""Chances of a hit corrected for which rows were served: what features tell beyond the score, window against reference.

The regression estimator of survey sampling, and the counterpart of importance weights: instead of weighing the
reference's rows as likely as they are in the window, the chance that rows like the window's had is averaged over the
window. No row of the reference need be kept, and rows that it hardly holds get no large weight. (Deville & Särndal
1992; Sugiyama et al. 2008)
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from monitor.stats.estimation import Expected

Counts = NDArray[np.int64]
Floats = NDArray[np.float64]

PRIOR = 30
"""Rows of the reference as strange as its mean that each of its cells is taken to hold beside its own."""


@dataclass(frozen=True, eq=False)
class Excess:
    """By how much rows were likelier to be hits than their score tells, by score and decision; all (groups, 2).

    rows: those of which it is known. mean: their mean, 0 without any. within: sum of squares about it.
    """

    rows: Counts
    mean: Floats
    within: Floats

    @classmethod
    def of(cls, rows: Counts, sums: Floats, squares: Floats) -> "Excess":
        """Give it from sums and sums of squares."""
        mean = sums / np.maximum(rows, 1)
        return cls(rows, mean, np.maximum(squares - mean * sums, 0.0))

    @property
    def variance(self) -> Floats:
        """Give the variance of rows within each cell; 0 below two rows."""
        return self.within / np.maximum(self.rows - 1, 1)


def shift_of(window: Excess, usual: Excess) -> Floats:
    """Give what to add to each cell's chance of a hit, by the reference's; 0 where the window has no such row.

    >>> usual = Excess(np.array([[970, 0]]), np.array([[0.1, 0.0]]), np.zeros((1, 2)))
    >>> shift_of(Excess(np.array([[50, 0]]), np.array([[0.3, 0.0]]), np.zeros((1, 2))), usual).round(3).tolist()
    [[0.2, 0.0]]
    """
    return np.where(window.rows > 0, window.mean - _drawn(usual), 0.0)


def _drawn(usual: Excess) -> Floats:
    """Give the reference's means, those of few rows drawn towards that of all."""
    sums = usual.mean * usual.rows
    overall = float(sums.sum()) / max(int(usual.rows.sum()), 1)
    return np.asarray((sums + PRIOR * overall) / (usual.rows + PRIOR))


def within_variance(found: Expected, served: Counts, window: Excess) -> float:
    """Give by how much a number varies with which rows of a cell are served; labels vary by as much less."""
    known = np.maximum(window.rows, 1)
    return float((found.by_label**2 * window.within * served / known).sum())


def usual_variance(found: Expected, served: Counts, window: Excess, usual: Excess) -> float:
    """Give by how much a number varies with which of the reference's rows made the cells' usual excess."""
    drawn = usual.variance * usual.rows / (usual.rows + PRIOR) ** 2
    return float(((served * found.by_label) ** 2 * np.where(window.rows > 0, drawn, 0.0)).sum())


def unknown_variance(found: Expected, served: Counts, window: Excess, usual: Excess) -> float:
    """Give by how much a number varies with those served rows of whose excess nothing is known."""
    known = np.clip(window.rows, 1, np.maximum(served, 1))
    left = usual.variance * (1 / known - 1 / np.maximum(served, 1))
    left = np.where(window.rows > 0, left, usual.variance / np.maximum(served, 1))
    return float(((served * found.by_label) ** 2 * left).sum())
