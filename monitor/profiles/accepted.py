"""How far the windows that were accepted lie from the reference: a small difference that lasts is told once."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from scipy.special import chdtrc, ndtri

from monitor.profiles.bins import NumericBins
from monitor.profiles.categories import cells_of
from monitor.profiles.cells import joined
from monitor.profiles.layout import Column, Layout
from monitor.profiles.profile import Profile

SURE = 2.0, 3.0
"""Standard deviations from which on a difference is accepted in part, and in full: an askew reference is none."""

Counts = NDArray[np.int64]


def with_offsets(
    layout: Layout, reference: Profile, windows: Sequence[Profile], *, least: Mapping[str, float]
) -> Layout:
    """Give the layout with each column's squared offset: how far accepted windows lie from the reference together.

    windows: profiles of one window each. least: by column, the least difference that is told, in standard deviations
    or as Cohen's w; nothing larger is ever accepted, so that what grows slowly is told all the same. 0 for columns
    that are not in it, and where chance and the likeness of rows explain the difference. (Murphy & Myors 1999)
    """
    total = np.sum([one.counts for one in windows], axis=0)
    columns = tuple(
        replace(column, offset=min(_offset(column, layout, reference.counts[here], total[here], len(windows)), most**2))
        for column, here, most in ((c, _bins(layout, i), least.get(c.name, 0.0)) for i, c in enumerate(layout.columns))
    )
    return replace(layout, columns=columns)


def _bins(layout: Layout, place: int) -> slice:
    return slice(layout.offsets[place], layout.offsets[place] + layout.columns[place].bins.size)


def _offset(column: Column, layout: Layout, before: Counts, after: Counts, windows: int) -> float:
    """Give the squared distance of the shares, in units of one row's variance, less what chance makes of it."""
    n, m = int(before.sum()), int(after.sum())
    if not (n and m):
        return 0.0
    bins = column.bins
    cells = (
        joined(np.stack([before, after]), ordered=True)
        if isinstance(bins, NumericBins)
        else np.stack(cells_of(bins, before, after))
    )
    if cells.shape[1] < 2:
        return 0.0
    shares = cells / cells.sum(axis=1, keepdims=True)
    distance, degrees = (
        float(((shares[0] - shares[1]) ** 2 / (cells.sum(axis=0) / (n + m))).sum()),
        int(cells.shape[1]) - 1,
    )
    # windows that are alike count as fewer
    alike = (1 + column.lasting) / (1 - column.lasting)
    variance = column.inflation(layout.window_rows) / n + (1 + (column.inflation(m / windows) - 1) * alike) / m
    deviate = -float(ndtri(chdtrc(degrees, distance / variance)))
    sure = min(max((deviate - SURE[0]) / (SURE[1] - SURE[0]), 0.0), 1.0)
    return sure * max(distance - degrees * variance, 0.0)
