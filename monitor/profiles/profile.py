"""What is kept of one window, as flat vectors in the places of its layout, and how two of them become one.

`merge(profile(a), profile(b)) == profile(a + b)`: counts add up exactly, sums to rounding.
"""

import math
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from monitor.profiles.bins import Bins, CategoryBins
from monitor.profiles.joint import outcome_of
from monitor.profiles.layout import Column, Layout, Role
from monitor.profiles.mean_vector import MeanVector
from monitor.profiles.outcome import Outcome
from monitor.profiles.packing import packed, unpacked
from monitor.types import ColumnKind, Window

MAX_UNSEEN = 64
ROUNDING = 1e-12

Counts = NDArray[np.int64]
Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class ColumnProfile:
    """One column of one window.

    counts: rows per bin, shape (bins.size,); the rows that are missing, invalid (not of the column's kind) or
        infinite are counted apart, and only infinite ones are in a bin too.
    absent: rows of tables that lack the column; they are missing too. Rows without a label yet are neither.
    retyped: rows with a value whose type is of another class than the reference's.
    sum, sum_sq: about the reference's mean, over finite values; 0 for categories.
    low, high: extremes of the finite values; None where there are none.
    unseen: the most frequent values that the reference does not hold; complete up to 64 values, then a lower bound.
    """

    bins: Bins
    counts: Counts
    missing: int = 0
    invalid: int = 0
    infinite: int = 0
    absent: int = 0
    retyped: int = 0
    sum: float = 0.0
    sum_sq: float = 0.0
    low: float | None = None
    high: float | None = None
    unseen: Mapping[str, int] = field(default_factory=dict)
    role: Role = "feature"
    kind: ColumnKind = "numeric"
    correlation: float = 0.0
    steepest: float = 0.0
    lacking: float = 0.0
    offset: float = 0.0

    @cached_property
    def n(self) -> int:
        """Count the rows that have a value."""
        return int(self.counts.sum())

    @property
    def rows(self) -> int:
        """Count all rows, those without a value included."""
        return self.n + self.missing + self.invalid

    @property
    def moments(self) -> tuple[int, float, float] | None:
        """Give (n, mean, variance) of the finite values; None for categories, below two values, beyond floats."""
        finite = self.n - self.infinite
        if isinstance(self.bins, CategoryBins) or finite < 2:
            return None
        variance = (self.sum_sq - self.sum * (self.sum / finite)) / (finite - 1)
        if not math.isfinite(variance):
            return None
        mean = self.bins.center + self.sum / finite
        # what rounding leaves of two numbers that cancel is 0
        return finite, mean if abs(mean) > ROUNDING * abs(self.bins.center) else 0.0, max(variance, 0.0)


@dataclass(frozen=True, eq=False)
class Profile:
    """All columns of one window.

    counts: shape (layout.slots,); per column its bins, then missing, invalid, infinite, absent, retyped; then the
        outcome's.
    sums: shape (layout.sums,); per column sum and sum of squares, then the outcome's, then those of means of vectors.
    low, high: shape (columns,); +inf and -inf where there is no finite value.
    unseen: per column, rows per value that the reference does not hold.
    added: rows per column of the table that the layout does not know; complete up to 64 columns, then those of the
        most rows, which may be counted too low, and the other names are forgotten.
    span: the time that its rows are of, where what is usual depends on that; it is neither kept nor merged.
    """

    layout: Layout
    rows: int
    counts: Counts
    sums: Floats
    low: Floats
    high: Floats
    unseen: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    added: Mapping[str, int] = field(default_factory=dict)
    span: Window | None = None

    @cached_property
    def columns(self) -> Mapping[str, ColumnProfile]:
        """Give the columns by name, as views."""
        return {column.name: self._view(i, column) for i, column in enumerate(self.layout.columns)}

    @cached_property
    def outcome(self) -> Outcome | None:
        """Give how predictions met their labels; None when the layout has no outcome."""
        if self.layout.outcome is None:
            return None
        counts = self.counts[self.layout.offsets[-1] :]
        return outcome_of(self.layout.outcome, counts, self.sums[2 * len(self.layout.columns) : self.layout.first_mean])

    @cached_property
    def means(self) -> Mapping[str, MeanVector]:
        """Give what is known of the mean of each column of vectors."""
        held = {name: self.sums[place] for name, place in self.layout.means.items()}
        return {name: MeanVector(round(one[0]), one[2:], float(one[1])) for name, one in held.items()}

    def packed(self) -> bytes:
        """Give the profile as bytes, without its layout."""
        counts = self.counts.astype(np.min_scalar_type(self.counts.max(initial=0)))
        said = {"rows": self.rows, "layout": self.layout.digest, "unseen": self.unseen, "added": self.added}
        return packed(said, [counts, self.sums, self.low, self.high])

    @classmethod
    def unpacked(cls, data: bytes, layout: Layout) -> "Profile":
        """Give back the profile that was packed; `layout` is the one it was made with.

        Raises ValueError when the profile was made with other columns or bins.
        """
        said, (counts, sums, low, high) = unpacked(data)
        if said["layout"] != layout.digest:
            raise ValueError("the profile was made with other columns or bins; profile its records again")
        return cls(layout, said["rows"], counts.astype(np.int64), sums, low, high, said["unseen"], said["added"])

    def _view(self, i: int, column: Column) -> ColumnProfile:
        start = self.layout.offsets[i]
        counts = self.counts[start : start + column.bins.size]
        missing, invalid, infinite, absent, retyped = self.counts[start + column.bins.size :][:5].tolist()
        low, high = float(self.low[i]), float(self.high[i])
        return ColumnProfile(
            column.bins,
            counts,
            missing,
            invalid,
            infinite,
            absent,
            retyped,
            float(self.sums[2 * i]),
            float(self.sums[2 * i + 1]),
            low if low < math.inf else None,
            high if high > -math.inf else None,
            self.unseen.get(column.name, {}),
            column.role,
            column.kind,
            column.correlation,
            column.steepest,
            column.lacking,
            column.offset,
        )


def merge(a: Profile, b: Profile) -> Profile:
    """Add two profiles made with the same layout.

    Raises ValueError when the columns or their bins differ.
    """
    if a.layout is not b.layout and a.layout.digest != b.layout.digest:
        odd = ", ".join(sorted(a.layout.by_name.keys() ^ b.layout.by_name.keys())) or "the same names"
        raise ValueError(f"profiles of different columns or bins cannot be merged: {odd}")
    with np.errstate(over="ignore", invalid="ignore"):
        sums = a.sums + b.sums
    return Profile(
        a.layout,
        a.rows + b.rows,
        a.counts + b.counts,
        sums,
        np.minimum(a.low, b.low),
        np.maximum(a.high, b.high),
        {name: most_frequent(_added(a.unseen, b.unseen, name)) for name in sorted(a.unseen.keys() | b.unseen.keys())},
        dict(sorted(most_frequent(Counter(a.added) + Counter(b.added)).items())),
    )


def most_frequent(counts: Mapping[str, int]) -> dict[str, int]:
    """Keep the 64 most frequent values or columns; ties go by the value itself."""
    return dict(sorted(counts.items(), key=lambda item: (-item[1], item[0]))[:MAX_UNSEEN])


def _added(a: Mapping[str, Mapping[str, int]], b: Mapping[str, Mapping[str, int]], name: str) -> Counter[str]:
    return Counter(a.get(name, {})) + Counter(b.get(name, {}))
