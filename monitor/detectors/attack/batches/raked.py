"""The reference weighed until its columns hold what a batch's do: how rows like those that came are in it."""

import numpy as np
from scipy.special import chdtrc

from monitor.detectors.attack.batches.rows import LEVELS, Floats, Labelled, Places

STEPS = 20
ALIKE = 1e-3
"""Columns whose values are no rarer than so by chance are left as they are."""
PRIOR = 1.0
"""So many rows of the reference's mix are added to those of the batch."""


def raked(reference: Labelled, batch: Labelled) -> Floats:
    """Give each row of the reference a weight, so that cells are as frequent as in the batch; shape (rows,), mean 1.

    Near copies count as one row on both sides, so that a flood of them moves nothing. One column after another, the one
    that lies furthest apart first. (iterative proportional fitting: Deming & Stephan 1940)

    Blind to what a pair of columns says beyond each of them.
    """
    once, own = _once(batch), 1 / np.maximum(1.0, batch.size * np.median(reference.usual, axis=1))
    found, weights = _counts(batch.cells, once), own.copy()
    if not found.size:
        return np.ones(reference.size)
    n = float(once.sum())
    for _ in range(STEPS):
        there = _counts(reference.cells, weights)
        there *= n / weights.sum()
        column = _furthest(found, there)
        if column is None:
            break
        factor = (found[column] + PRIOR * there[column] / n) / np.maximum(there[column], 1e-9)
        weights *= factor[reference.cells[:, column]]
    weights /= own
    return np.asarray(weights / weights.mean())


def _once(batch: Labelled) -> Floats:
    """Give 1 over the number of near copies of each row in the batch, itself included; shape (rows,)."""
    copies = np.empty(batch.prints.shape)
    for table in range(batch.prints.shape[1]):
        _, back, counts = np.unique(batch.prints[:, table], return_inverse=True, return_counts=True)
        copies[:, table] = counts[back]
    return np.asarray(1 / np.median(copies, axis=1))


def _counts(cells: Places, weights: Floats) -> Floats:
    """Add up the weights in each cell; shape (columns, levels)."""
    columns = cells.shape[1]
    flat = (cells + np.arange(columns) * LEVELS).ravel()
    counted = np.bincount(flat, np.repeat(weights, columns), columns * LEVELS)
    return np.asarray(counted.reshape(columns, LEVELS), np.float64)


def _furthest(found: Floats, there: Floats) -> int | None:
    """Give the column whose cells lie furthest apart by chi-square; None where none does by more than chance."""
    apart = ((found - there) ** 2 / np.maximum(there, 1.0)).sum(axis=1)
    freedom = np.maximum(((found > 0) | (there > 0)).sum(axis=1) - 1, 1)
    p = chdtrc(freedom, apart)
    column = int(np.argmax(apart - freedom))
    return column if p[column] <= ALIKE else None
