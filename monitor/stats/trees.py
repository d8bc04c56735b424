"""Sums of shallow trees over coded columns, kept as plain arrays.

Every tree asks the same few questions of every row, so that a row's answers are the number of its leaf: a tree is
`depth` columns with a limit each, and a value per leaf. (Symmetric trees: Prokhorenkova et al. 2018)
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Codes = NDArray[np.uint8]
Floats = NDArray[np.float64]

FEW = 64
"""So many rows are answered by all trees at once, more by one tree after the other."""


@dataclass(frozen=True, eq=False)
class Trees:
    """What is added to a row's start: the value of its leaf in every tree.

    columns, limits: shape (trees, depth), the questions: is the code of this column above this limit?
    values: shape (trees, 2 ** depth), by the answers read as a binary number, the first as its highest place.
    """

    columns: NDArray[np.int16]
    limits: Codes
    values: Floats

    @classmethod
    def none(cls, depth: int) -> "Trees":
        """Give no tree."""
        return cls(np.empty((0, depth), np.int16), np.empty((0, depth), np.uint8), np.empty((0, 2**depth)))

    def arrays(self, prefix: str = "") -> dict[str, NDArray[Any]]:
        """Give what `from_arrays` makes them from, by names that begin so."""
        return {f"{prefix}{name}": getattr(self, name) for name in self.__dataclass_fields__}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[Any]], prefix: str = "") -> "Trees":
        """Make them from their arrays, whose names begin so."""
        return cls(*(arrays[f"{prefix}{name}"] for name in cls.__dataclass_fields__))

    def at(self, codes: Codes) -> Floats:
        """Give the sum for each row; codes have shape (columns, rows)."""
        if codes.shape[1] <= FEW:
            places = 1 << np.arange(self.columns.shape[1])[::-1]
            leaves = ((codes[self.columns] > self.limits[:, :, None]) * places[:, None]).sum(axis=1)
            return np.asarray(np.take_along_axis(self.values, leaves, axis=1).sum(axis=0))
        return sums_together([self], codes)[0]

    def leaves(self, codes: Codes) -> Iterator[NDArray[np.uint8]]:
        """Give each row's leaf in one tree after the other."""
        above = np.empty(codes.shape[1], np.bool_)
        for columns, limits in zip(self.columns.tolist(), self.limits.tolist(), strict=True):
            leaf = np.zeros(codes.shape[1], np.uint8)
            for column, limit in zip(columns, limits, strict=True):
                np.add(leaf, leaf, out=leaf)
                np.greater(codes[column], limit, out=above)
                np.bitwise_or(leaf, above.view(np.uint8), out=leaf)
            yield leaf


def sums_together(those: Sequence[Trees], codes: Codes) -> list[Floats]:
    """Give the sums of several that were grown together: they ask the same questions, some fewer of them."""
    totals = [np.zeros(codes.shape[1]) for _ in those]
    longest = max(those, key=lambda one: len(one.values))
    for place, leaf in enumerate(longest.leaves(codes)):
        for total, one in zip(totals, those, strict=True):
            if place < len(one.values):
                np.add(total, one.values[place].take(leaf, mode="clip"), out=total)
    return totals
