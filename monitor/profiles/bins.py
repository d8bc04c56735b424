"""The bins of a column, fixed by the reference: every later count of that column uses them.

Bins are decided by comparisons only, so that any engine counts alike.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

MAX_BINS = 128
MAX_CATEGORIES = 256
MAX_TAIL = 10_000
GRID_CELLS = 8192
SELDOM = ("once", "twice", "rarer_rows")

Codes = NDArray[np.intp]
Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class NumericBins:
    """Bins between reference quantiles: the bin of x is the number of edges ≤ x.

    The first edge is the reference's minimum and the last one lies just above its maximum, so that bin 0 counts
    the rows below the reference's range and the last bin those above it, infinities included.

    >>> bins = NumericBins.of(np.array([1.0, 2.0, 3.0, 4.0]))
    >>> bins.codes(np.array([0.0, 1.0, 4.0, 5.0])).tolist()
    [0, 1, 4, 5]
    """

    edges: Floats
    center: float

    @classmethod
    def of(cls, values: Floats, *, most: int = MAX_BINS) -> "NumericBins":
        """Choose at most `most` bins of about equal reference mass. NaN and infinities are left aside.

        Where nearly all rows hold one value, it has a bin of its own.
        """
        finite = values[np.isfinite(values)]
        if not finite.size:
            return cls(np.empty(0), 0.0)
        inner = np.quantile(finite, np.linspace(0, 1, most - 1)[:-1], method="inverted_cdf")
        with np.errstate(over="ignore", invalid="ignore"):
            edges = np.unique(np.append(inner, np.nextafter(finite.max(), np.inf)))
            if edges.size <= 3:
                edges = np.unique(np.append(edges, _around(finite, float(inner[inner.size // 2]))))
            center = float(finite.mean())
        return cls(edges, center if np.isfinite(center) else float(edges[edges.size // 2]))

    @property
    def size(self) -> int:
        """Count the bins, the two outside the reference's range included."""
        return self.edges.size + 1

    def codes(self, values: Floats) -> Codes:
        """Give the bin of each value, shape (n,). NaN must have been taken out before.

        A uniform grid answers most values; only where several edges share a cell is a search needed. The cell of x
        never falls as x grows, rounding included, so an edge in an earlier cell is ≤ x and one in a later cell is > x.
        """
        grid = self._grid
        if grid is None:
            return np.searchsorted(self.edges, values, side="right")
        cells = grid.cells(values)
        codes = grid.below[cells] + (values >= grid.edge[cells])
        crowded = grid.crowded[cells]
        if crowded.any():
            codes[crowded] = np.searchsorted(self.edges, values[crowded], side="right")
        return codes

    def described(self) -> dict[str, Any]:
        """Give it as JSON, of which `bins_of` makes it again."""
        return {"edges": self.edges.tolist(), "center": self.center}

    @cached_property
    def _grid(self) -> "_Grid | None":
        return _Grid.of(self.edges)


def _around(values: Floats, usual: float) -> Floats:
    """Give where the bin of a value begins, and where the next larger one begins that occurs, if any does."""
    above = values[values > usual]
    return np.append(usual, above.min()) if above.size else np.array([usual])


@dataclass(frozen=True, eq=False)
class _Grid:
    origin: float
    scale: float
    below: Codes
    edge: Floats
    crowded: NDArray[np.bool_]

    @classmethod
    def of(cls, edges: Floats) -> "_Grid | None":
        if edges.size < 2:
            return None
        with np.errstate(over="ignore", divide="ignore"):
            scale = (GRID_CELLS - 2) / (edges[-1] - edges[0])
        if not (np.isfinite(scale) and scale > 0):
            return None
        empty = cls(float(edges[0]), float(scale), np.empty(0, np.intp), np.empty(0), np.empty(0, np.bool_))
        cells = empty.cells(edges)
        held = np.bincount(cells, minlength=GRID_CELLS)
        edge = np.full(GRID_CELLS, np.nan)
        edge[cells[::-1]] = edges[::-1]
        return cls(empty.origin, empty.scale, np.cumsum(held) - held, edge, held > 1)

    def cells(self, values: Floats) -> Codes:
        with np.errstate(over="ignore", invalid="ignore"):
            scaled = (values - self.origin) * self.scale + 1
        return np.clip(scaled, 0, GRID_CELLS - 1, out=scaled).astype(np.intp)


@dataclass(frozen=True)
class CategoryBins:
    """The reference's most frequent categories, then `other` (rarer reference values), then `unseen`.

    `tail` lists the rarer reference values. It is None when there were too many to keep: then nothing can be
    called unseen, and every unlisted value counts as other. `once`, `twice`: so many of the reference's values, the
    last ones, one row holds and no other, and two. `rarer_rows`: how many rows the rarer values have together.

    >>> bins = CategoryBins.of(["a", "b"], [5, 2])
    >>> bins.codes(["b", "a", "zebra"]).tolist()
    [1, 0, 3]
    """

    values: tuple[str, ...]
    tail: tuple[str, ...] | None = ()
    once: int = 0
    twice: int = 0
    rarer_rows: int = 0

    @classmethod
    def of(cls, values: Sequence[str], counts: Sequence[int]) -> "CategoryBins":
        """Keep the 256 most frequent values; ties go by the value itself."""
        ranked = [v for _, v in sorted(zip((-c for c in counts), values, strict=True))]
        tail = tuple(ranked[MAX_CATEGORIES:])
        held = sorted(counts, reverse=True)
        kept = tail if len(tail) <= MAX_TAIL else None
        seldom = held.count(1), held.count(2), int(sum(held[MAX_CATEGORIES:]))
        return cls(tuple(ranked[:MAX_CATEGORIES]), kept, *seldom)

    @property
    def size(self) -> int:
        """Count the bins, `other` and `unseen` included."""
        return len(self.values) + 2

    @property
    def other(self) -> int:
        """Give the bin of rarer reference values."""
        return len(self.values)

    @property
    def unseen(self) -> int:
        """Give the bin of values that the reference does not hold."""
        return len(self.values) + 1

    def codes(self, values: Sequence[str]) -> Codes:
        """Give the bin of each value, shape (n,); call it on distinct values, not on rows."""
        unlisted = self.other if self.tail is None else self.unseen
        lookup = self._lookup
        return np.array([lookup.get(v, unlisted) for v in values], dtype=np.intp)

    def described(self) -> dict[str, Any]:
        """Give it as JSON, of which `bins_of` makes it again."""
        tail = None if self.tail is None else list(self.tail)
        return {"values": list(self.values), "tail": tail} | {name: getattr(self, name) for name in SELDOM}

    @cached_property
    def _lookup(self) -> dict[str, int]:
        return dict.fromkeys(self.tail or (), self.other) | {v: i for i, v in enumerate(self.values)}


Bins = NumericBins | CategoryBins


def bins_of(described: Mapping[str, Any]) -> Bins:
    """Make bins of their description; what else stands there is passed over."""
    if described.get("edges") is not None:
        return NumericBins(np.asarray(described["edges"], dtype=np.float64), float(described["center"]))
    tail = None if described["tail"] is None else tuple(described["tail"])
    return CategoryBins(tuple(described["values"]), tail, *(described[name] for name in SELDOM))
