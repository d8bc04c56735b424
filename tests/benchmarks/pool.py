"""Profiles of windows drawn from the rows of a table, without counting a row twice: many windows in little time."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from scipy import sparse

from monitor.profiles.groups import Groups, profile_groups
from monitor.profiles.layout import Layout
from monitor.profiles.profile import Profile, most_frequent

AT_ONCE = 1_000
Weights = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Pool:
    """What each of `size` rows adds to a profile: profiles add up, and a window is the sum of its rows'.

    counts: sparse, shape (size, layout.slots). sums: shape (size, layout.sums). low, high: shape (size, columns).
    unseen: by row, the values that the reference does not hold.
    """

    layout: Layout
    counts: sparse.csr_matrix
    sums: NDArray[np.float64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]
    unseen: dict[int, dict[str, dict[str, int]]]

    @classmethod
    def of(cls, rows: pa.Table, layout: Layout) -> "Pool":
        """Profile every row of a table by itself."""
        parts, made = [], []
        for first in range(0, rows.num_rows, AT_ONCE):
            part = rows.slice(first, AT_ONCE)
            ones = profile_groups(part, layout, Groups(np.arange(part.num_rows), part.num_rows))
            parts.append(sparse.csr_matrix(np.stack([one.counts for one in ones])))
            made += [(one.sums, one.low, one.high, one.unseen) for one in ones]
        sums, low, high = (np.stack([row[place] for row in made]) for place in range(3))
        strange = {at: dict(row[3]) for at, row in enumerate(made) if row[3]}
        return cls(layout, sparse.vstack(parts).tocsr(), sums, low, high, strange)

    @property
    def size(self) -> int:
        """Count the rows."""
        return int(self.counts.shape[0])

    def drawn(self, windows: int, rows: int, rng: np.random.Generator) -> Iterator[Profile]:
        """Give the profiles of windows of so many rows, drawn with replacement."""
        for _ in range(windows):
            yield self.profile(rng.integers(self.size, size=rows))

    def profile(self, rows: NDArray[np.integer]) -> Profile:
        """Give the profile of these rows, each as often as it is named."""
        held, often = np.unique(rows, return_counts=True)
        weights = sparse.csr_matrix((often, (np.zeros_like(held), held)), shape=(1, self.size))
        counts = np.asarray((weights @ self.counts).todense(), np.int64).ravel()
        sums = np.asarray(weights @ self.sums).ravel()
        low, high = self.low[held].min(axis=0), self.high[held].max(axis=0)
        unseen = self._unseen(held, often) if self.unseen else {}
        return Profile(self.layout, int(often.sum()), counts, sums, low, high, unseen)

    def _unseen(self, held: NDArray[np.integer], often: Weights) -> dict[str, dict[str, int]]:
        found: dict[str, Counter[str]] = {}
        for row, times in zip(held.tolist(), often.tolist(), strict=True):
            for column, values in self.unseen.get(row, {}).items():
                found.setdefault(column, Counter()).update(dict.fromkeys(values, times))
        return {column: most_frequent(values) for column, values in sorted(found.items())}
