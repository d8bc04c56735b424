"""The cells in which windows are compared: bins joined until each window fills them."""

import numpy as np
from numpy.typing import NDArray

BINS = 10
ROWS_PER_BIN = 5

Counts = NDArray[np.int64]


def joined(counts: Counts, *, ordered: bool, least: float = ROWS_PER_BIN) -> Counts:
    """Join bins into cells that each window fills: ordered ones to at most ten, rare categories to one.

    least: rows of a category in the mean window, of which it stands for itself.
    """
    cells = _tenths(counts.sum(axis=0)) if ordered else _common(counts, least)
    joined = np.stack([counts[:, cells == cell].sum(axis=1) for cell in range(int(cells.max()) + 1)], axis=1)
    return joined[:, joined.any(axis=0)]


def _tenths(mass: Counts) -> NDArray[np.intp]:
    """Join neighbouring bins; a bin goes where the middle of its mass lies."""
    middle = np.cumsum(mass) - mass / 2
    return np.asarray(np.minimum((middle * BINS / max(mass.sum(), 1)).astype(np.intp), BINS - 1))


def _common(counts: Counts, least: float) -> NDArray[np.intp]:
    common = counts.mean(axis=0) >= least
    return np.where(common, common.cumsum(), 0)
