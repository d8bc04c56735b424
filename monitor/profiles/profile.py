"""What is kept of one window's column, and how two of them become one.

`merge(profile(a), profile(b)) == profile(a + b)`: counts add up exactly, sums to rounding.
"""

import math
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from monitor.profiles.bins import Bins, CategoryBins

MAX_UNSEEN = 64

Counts = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class ColumnProfile:
    """One column of one window.

    counts: rows per bin, shape (bins.size,); the rows that are missing, invalid (not of the column's kind) or
        infinite are counted apart, and only infinite ones are in a bin too.
    sum, sum_sq: about the reference's mean, over finite values; 0 for categories.
    low, high: extremes of the finite values; None where there are none.
    unseen: the most frequent values that the reference does not hold; complete up to 64 values, then a lower bound.
    """

    bins: Bins
    counts: Counts
    missing: int = 0
    invalid: int = 0
    infinite: int = 0
    sum: float = 0.0
    sum_sq: float = 0.0
    low: float | None = None
    high: float | None = None
    unseen: Mapping[str, int] = field(default_factory=dict)

    @property
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
        return finite, self.bins.center + self.sum / finite, max(variance, 0.0)


@dataclass(frozen=True)
class Profile:
    """All columns of one window, by name."""

    rows: int
    columns: Mapping[str, ColumnProfile]


def merge(a: Profile, b: Profile) -> Profile:
    """Add two profiles made with the same bins.

    Raises ValueError when the columns differ.
    """
    if a.columns.keys() != b.columns.keys():
        odd = sorted(a.columns.keys() ^ b.columns.keys())
        raise ValueError(f"profiles of different columns cannot be merged: {', '.join(odd)}")
    return Profile(a.rows + b.rows, {name: merge_columns(a.columns[name], b.columns[name]) for name in a.columns})


def merge_columns(a: ColumnProfile, b: ColumnProfile) -> ColumnProfile:
    """Add two profiles of one column."""
    return ColumnProfile(
        bins=a.bins,
        counts=a.counts + b.counts,
        missing=a.missing + b.missing,
        invalid=a.invalid + b.invalid,
        infinite=a.infinite + b.infinite,
        sum=a.sum + b.sum,
        sum_sq=a.sum_sq + b.sum_sq,
        low=min((x for x in (a.low, b.low) if x is not None), default=None),
        high=max((x for x in (a.high, b.high) if x is not None), default=None),
        unseen=most_frequent(Counter(a.unseen) + Counter(b.unseen)),
    )


def most_frequent(counts: Mapping[str, int]) -> dict[str, int]:
    """Keep the 64 most frequent values; ties go by the value itself."""
    return dict(sorted(counts.items(), key=lambda item: (-item[1], item[0]))[:MAX_UNSEEN])
