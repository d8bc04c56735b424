"""How alike the rows of one window are, measured on the reference's own windows."""

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri, stdtrit

from monitor.profiles.bins import CategoryBins, NumericBins
from monitor.profiles.layout import Column, Layout
from monitor.profiles.profile import Profile

WINDOWS_NEEDED = 8
ROWS_NEEDED = 30
BINS = 10
ROWS_PER_BIN = 5
RARE = 0.995

Counts = NDArray[np.int64]
Floats = NDArray[np.float64]


def correlation_of(windows: Sequence[Profile], layout: Layout) -> Layout:
    """Give the layout with each column's correlation within a window, and with the windows' mean rows.

    Windows that differ by more than independent rows would have a design effect phi above 1; the correlation is
    (phi - 1) / (mean rows - 1), in [0, 1]. It is 0 with under 8 windows of at least 30 rows with a value.
    (Kish 1965; Rao & Scott 1981)
    """
    columns = tuple(_measured(column, [w.columns[column.name].counts for w in windows]) for column in layout.columns)
    rows = float(np.mean([w.rows for w in windows])) if windows else 0.0
    return replace(layout, columns=columns, window_rows=rows, windows=len(windows))


def _measured(column: Column, counts: Sequence[Counts]) -> Column:
    table, ordered = np.array(counts), isinstance(column.bins, NumericBins)
    steepest, lasting = steepest_correlation(table, ordered=ordered)
    mean = intra_window_correlation(table, ordered=ordered)
    return replace(column, correlation=mean, steepest=steepest, lasting=lasting)


def directions_of(bins: NumericBins | CategoryBins) -> int:
    """Give in how many directions the windows of a column can differ."""
    return min(BINS, bins.size) - 1 if isinstance(bins, NumericBins) else bins.size - 1


def steepest_correlation(counts: Counts, *, ordered: bool) -> tuple[float, float]:
    """Give, for the direction in which windows differ most, how alike two rows are and how alike two windows.

    counts: shape (windows, bins), in the order of time. The directions are the rank and every cut between ordered
    bins, or being in each of the categories. Windows mostly differ in one direction, their level, of which the mean
    over all knows little. The first is the correlation of two rows of one window, in [0, 1], raised for being
    estimated from so few windows (Student 1908); the second that of a window with the next, in [0, 1), either way
    round, less what chance gives. Both are 0 with under 8 windows of at least 30 rows.
    """
    counts = counts[counts.sum(axis=1) >= ROWS_NEEDED] if counts.size else counts
    if len(counts) < WINDOWS_NEEDED:
        return 0.0, 0.0
    cells = _joined(counts, ordered=ordered)
    directions = [np.eye(cells.shape[1])]
    if ordered:
        mass = cells.sum(axis=0)
        directions = [np.tri(cells.shape[1])[:-1], ((np.cumsum(mass) - mass / 2) / mass.sum())[None, :]]
    scores = np.vstack(directions)
    effects = [_effect_along(cells, direction) for direction in scores]
    if max(effects, default=0.0) <= 1:
        return 0.0, 0.0
    usual = counts.sum() / len(counts)
    careful = (float(stdtrit(len(counts) - 1, RARE)) / float(ndtri(RARE))) ** 2
    alike = careful * (max(effects) - 1) / (usual - 1)
    return min(alike, 1.0), _lasting(cells @ scores[int(np.argmax(effects))] / counts.sum(axis=1))


def _lasting(levels: Floats) -> float:
    """Give the larger correlation of a window with the next: of their levels, or of how far out they lie."""
    chance = 1 / math.sqrt(levels.size)
    shift = levels - levels.mean()
    level, distance = abs(_autocorrelation(shift)), _autocorrelation(shift**2)
    return min(max(level - chance, math.sqrt(max(distance - chance, 0.0)), 0.0), 0.99)


def _autocorrelation(values: Floats) -> float:
    centred = values - values.mean()
    total = float(centred @ centred)
    return float(centred[1:] @ centred[:-1]) / total if total else 0.0


def _effect_along(counts: Counts, scores: Floats) -> float:
    """Give the design effect of the mean of `scores`, one a bin: about 1 for independent rows."""
    rows, mass = counts.sum(axis=1), counts.sum(axis=0)
    mean = float(scores @ mass / mass.sum())
    variance = float((scores - mean) ** 2 @ mass / mass.sum())
    if not variance:
        return 1.0
    shifts = counts @ scores / rows - mean
    return float((rows * shifts**2).sum() / variance / (len(rows) - 1))


def intra_window_correlation(counts: Counts, *, ordered: bool) -> float:
    """Give the correlation of two rows of one window, in [0, 1], from counts of shape (windows, bins)."""
    counts = counts[counts.sum(axis=1) >= ROWS_NEEDED] if counts.size else counts
    phi = design_effect(counts, ordered=ordered) if len(counts) >= WINDOWS_NEEDED else None
    if phi is None:
        return 0.0
    return float(np.clip((phi - 1) / (counts.sum() / len(counts) - 1), 0.0, 1.0))


def design_effect(counts: Counts, *, ordered: bool) -> float | None:
    """Divide the chi-square statistic of homogeneity by its degrees of freedom: about 1 for independent rows.

    counts: shape (windows, bins). Ordered bins are joined to at most ten of about equal mass; of categories, those of
    which a window holds under five rows are joined, and each of the others stands for itself, however common another
    one is. None when all rows share a bin.
    """
    joined = _joined(counts, ordered=ordered)
    if len(joined) < 2 or joined.shape[1] < 2:
        return None
    expected = np.outer(joined.sum(axis=1), joined.sum(axis=0)) / joined.sum()
    freedom = (joined.shape[0] - 1) * (joined.shape[1] - 1)
    return float(((joined - expected) ** 2 / expected).sum() / freedom)


def _joined(counts: Counts, *, ordered: bool) -> Counts:
    cells = _tenths(counts.sum(axis=0)) if ordered else _common(counts)
    joined = np.stack([counts[:, cells == cell].sum(axis=1) for cell in range(int(cells.max()) + 1)], axis=1)
    return joined[:, joined.any(axis=0)]


def _tenths(mass: Counts) -> NDArray[np.intp]:
    """Join neighbouring bins; a bin goes where the middle of its mass lies."""
    middle = np.cumsum(mass) - mass / 2
    return np.asarray(np.minimum((middle * BINS / max(mass.sum(), 1)).astype(np.intp), BINS - 1))


def _common(counts: Counts) -> NDArray[np.intp]:
    common = counts.mean(axis=0) >= ROWS_PER_BIN
    return np.where(common, common.cumsum(), 0)
