"""The shape of one column, in the reference and in a window, as a small drawing."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from markupsafe import Markup
from numpy.typing import NDArray

from monitor.render.svg import drawing, read_number, tag

WIDE, HIGH, CELLS, CATEGORIES = 250, 104, 30, 5

Shares = NDArray[np.float64]


def shape(column: Mapping[str, Any]) -> Markup:
    """Draw a column's reference as an area and its window as a line; categories as pairs of bars."""
    title = f"{column['name']}: reference and window"
    before, now = np.array(column["reference"], float), np.array(column["window"], float)
    if not before.sum() or not now.sum():
        empty = tag("text", "no values in this window" if before.sum() else "no values", x=0, y=HIGH / 2, class_="note")
        return drawing(empty, width=WIDE, height=HIGH, title=title, class_="shape")
    parts = _bars(column, before, now) if column["categories"] else _areas(column, before, now)
    return drawing(*parts, width=WIDE, height=HIGH, title=title, class_="shape")


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
    # The outermost hundredths of the reference would squeeze everything else together.
    inner = np.cumsum(before)[:-1] / before.sum()
    first, last = (min(int(np.searchsorted(inner, share)), edges.size - 1) for share in (0.01, 0.99))
    low, high = float(edges[first]), float(edges[last])
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


def _bars(column: Mapping[str, Any], before: Shares, now: Shares) -> list[Markup]:
    before, now = before / before.sum(), now / now.sum()
    shown = _largest(before, now)
    top, row = max(float(before[shown].max()), float(now[shown].max())), HIGH / CATEGORIES
    parts = []
    for i, place in enumerate(shown):
        y, name = i * row, str(column["categories"][place])
        told = tag("title", f"{name}: reference {before[place]:.1%}, window {now[place]:.1%}")
        said = name if len(name) <= 11 else name[:10] + "…"
        parts.append(tag("text", told, said, x=72, y=y + 13, class_="label"))
        width = WIDE - 72 - 52
        parts.append(tag("rect", x=80, y=y + 3, width=float(before[place] / top * width), height=6, class_="before"))
        parts.append(tag("rect", x=80, y=y + 10, width=float(now[place] / top * width), height=5, class_="now"))
        parts.append(tag("text", f"{now[place]:.0%}", x=WIDE, y=y + 13, class_="to"))
    return parts


def _largest(before: Shares, now: Shares) -> list[int]:
    """Choose the categories that hold most of either, in the reference's order."""
    order = np.argsort(-np.maximum(before, now), kind="stable")[:CATEGORIES]
    return sorted(int(i) for i in order if before[i] or now[i])
