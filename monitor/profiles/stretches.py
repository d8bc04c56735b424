"""Slices of rows in which every group is one stretch, so that a group's rows are summed in one go."""

from dataclasses import dataclass
from functools import cached_property
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

SLICE = 65_536
"""Rows a slice: temporaries stay in the cache, and memory stays flat."""

FEW_GROUPS = 8

Counts = NDArray[np.int64]
Positions = NDArray[np.intp]
Kind = TypeVar("Kind", bound=np.generic)


@dataclass(frozen=True, eq=False)
class Run:
    """A slice of rows, brought into the order of their groups so that each group is one stretch.

    order: positions within the slice; None when the rows are in order as they are.
    starts: where each stretch begins; present: its group.
    """

    start: int
    stop: int
    order: Positions | None
    starts: Positions
    present: Positions
    size: int

    @cached_property
    def local(self) -> Positions:
        """Give each row's stretch, in order."""
        return np.repeat(np.arange(self.present.size), np.diff(self.starts, append=self.size))

    def ordered(self, values: NDArray[Kind]) -> NDArray[Kind]:
        """Bring a slice's values into the order of the groups."""
        return values if self.order is None else values[self.order]

    def added(self, codes: Positions, width: int) -> Counts:
        """Count by (stretch, code), shape (stretches, width)."""
        if self.present.size > FEW_GROUPS:
            places = self.local * width + codes
            return np.bincount(places, minlength=self.present.size * width).reshape(-1, width)
        ends = [*self.starts[1:].tolist(), self.size]
        parts = [codes[a:b] for a, b in zip(self.starts.tolist(), ends, strict=True)]
        return np.stack([np.bincount(part, minlength=width) for part in parts])


def runs_of(index: Positions, size: int) -> list[Run]:
    """Cut rows into slices; `index` is the group of each, below 0 for rows of none.

    Raises ValueError when a group is none of `size`.
    """
    if index.max(initial=-1) >= size:
        raise ValueError(f"group {index.max()} is none of {size}")
    made = (_run(index[start : start + SLICE], start) for start in range(0, index.size, SLICE))
    return [run for run in made if run.size]


def _run(index: Positions, start: int) -> Run:
    stop, order = start + index.size, None
    if (index[1:] < index[:-1]).any() or index[0] < 0:
        order = np.argsort(index, kind="stable")
        order = order[np.searchsorted(index[order], 0) :]
        index = index[order]
    starts = np.flatnonzero(np.diff(index, prepend=-1))
    return Run(start, stop, order, starts, index[starts].astype(np.intp), index.size)
