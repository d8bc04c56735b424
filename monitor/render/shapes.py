"""The shape of one column, in the reference and in a window, as a small drawing."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from markupsafe import Markup
from numpy.typing import NDArray

from monitor.render.svg import drawing, read_number, tag

WIDE, HIGH, CELLS, CATEGORIES, VALUES = 250, 104, 30, 5, 12

LOWEST = 17
"""The height of a pair of bars where there are many."""

Shares = NDArray[np.float64]


def shape(column: Mapping[str, Any]) -> Markup:
    """Draw a column's reference as an area and its window as a line; categories and few values as pairs of bars."""
    title = f"{column['name']}: reference and window"
    before, now = np.array(column["reference"], float), np.array(column["window"], float)
    if not before.sum() or not now.sum():
        empty = tag("text", "no values in this window" if before.sum() else "no values", x=0, y=HIGH / 2, class_="note")
        return drawing(empty, width=WIDE, height=HIGH, title=title, class_="shape")
    names = column["categories"] or whole_values(column["edges"])
    if not names:
        return drawing(*_areas(column, before, now), width=WIDE, height=HIGH, title=title, class_="shape")
    shown = _largest(before / before.sum(), now / now.sum(), CATEGORIES if column["categories"] else len(names))
    row = max(HIGH / max(len(shown), CATEGORIES), LOWEST)
    parts = _bars(names, shown, (before / before.sum(), now / now.sum()), row)
    return drawing(*parts, width=WIDE, height=max(HIGH, row * len(shown)), title=title, class_="shape")


def whole_values(edges: Sequence[float]) -> list[str]:
    """Name the bins of a column of few whole numbers, those outside the edges included; of another column, none.

    >>> whole_values([0.0, 1.0, 2.0, 5.000000000000001]), whole_values([0.0, 0.5, 1.0])
    (['< 0', '0', '1', '2 to 5', '> 5'], [])
    """
    if not 2 <= len(edges) <= VALUES or not all(float(edge).is_integer() for edge in edges[:-1]):
        return []
    last = math.floor(edges[-1])
    if math.nextafter(last, math.inf) < edges[-1]:
        return []
    # The last edge lies just above the largest value; every other one is where the next bin begins.
    firsts, lasts = [int(edge) for edge in edges[:-1]], [*(int(edge) - 1 for edge in edges[1:-1]), last]
    said = [str(a) if a >= b else f"{a} to {b}" for a, b in zip(firsts, lasts, strict=True)]
    return [f"< {firsts[0]}", *said, f"> {last}"]


def spread(edges: Sequence[float], counts: Shares, grid: Shares) -> Shares:
    """Give the share of rows in each cell of an even grid, rows lying evenly within each bin.

    edges: shape (bins - 1,); counts: shape (bins,); the first and the last lie outside the edges, in the end cells.
    """
    below = np.cumsum(counts)[:-1] / counts.sum()
    shares = np.diff(np.interp(grid, edges, below))
    shares[0] += np.interp(grid[0], edges, below)
    shares[-1] += 1 - np.interp(grid[-1], edges, below)
    return np.asarray(shares, dtype=np.float64)


def _areas(column: Mapping[str, Any], before: Shares, now: Shares) -> list[Markup]:
    edges = np.asarray(column["edges"])
    # The uppermost hundredth of the reference would squeeze everything else together.
    inner = np.cumsum(before)[:-1] / before.sum()
    last = min(int(np.searchsorted(inner, 0.99)), edges.size - 1)
    low, high = float(edges[0]), float(edges[last])
    if not high > low:
        low, high = float(edges[0]), float(max(edges[-1], np.nextafter(edges[0], np.inf)))
    grid = np.linspace(low, high, CELLS + 1)
    shares = [spread(edges.tolist(), counts, grid) for counts in (before, now)]
    top = max(float(s.max()) for s in shares)
    area, line = (_stairs(s / top, closed=closed) for s, closed in zip(shares, (True, False), strict=True))
    return [
        tag("path", d=area, class_="before"),
        tag("path", d=line, class_="now"),
        tag("text", read_number(low), x=0, y=HIGH - 2, class_="from"),
        tag("text", read_number(high), x=WIDE, y=HIGH - 2, class_="to"),
    ]


def _stairs(heights: Shares, *, closed: bool) -> str:
    bottom, step = HIGH - 16, WIDE / heights.size
    points = [(x, bottom - h * (bottom - 4)) for i, h in enumerate(heights) for x in (i * step, (i + 1) * step)]
    if closed:
        points = [(0, bottom), *points, (WIDE, bottom)]
    return "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in points) + ("z" if closed else "")


def _bars(names: Sequence[object], shown: Sequence[int], shares: tuple[Shares, Shares], row: float) -> list[Markup]:
    before, now = shares
    top = max(float(before[shown].max()), float(now[shown].max()))
    parts = []
    for i, place in enumerate(shown):
        y, name = i * row, str(names[place])
        told = tag("title", f"{name}: reference {before[place]:.1%}, window {now[place]:.1%}")
        said = name if len(name) <= 11 else name[:10] + "…"
        parts.append(tag("text", told, said, x=72, y=y + 13, class_="label"))
        width = WIDE - 72 - 52
        parts.append(tag("rect", x=80, y=y + 3, width=float(before[place] / top * width), height=6, class_="before"))
        parts.append(tag("rect", x=80, y=y + 10, width=float(now[place] / top * width), height=5, class_="now"))
        parts.append(tag("text", f"{now[place]:.0%}", x=WIDE, y=y + 13, class_="to"))
    return parts


def _largest(before: Shares, now: Shares, most: int) -> list[int]:
    """Choose the bins that hold most of either, in the reference's order."""
    order = np.argsort(-np.maximum(before, now), kind="stable")[:most]
    return sorted(int(i) for i in order if before[i] or now[i])
