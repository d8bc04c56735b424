"""The order of rows by whom they belong to, each one's in the order in which they came; and how far rows lie apart."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

PAIRINGS = 8
"""By chance a row is laid beside fewer others than so many."""
Places = NDArray[np.intp]
Number = int | np.integer | NDArray[np.integer]


def ordered(groups: Places) -> Places:
    """Give the places that sort groups, equal ones as they stand.

    groups: numbers from -1 on, such that the largest times their count stays below 2**60. Sorting numbers that hold
    group and place takes a third of the time of a stable argsort.

    >>> ordered(np.array([7, -1, 3, 7, 3])).tolist()
    [1, 2, 4, 0, 3]
    """
    bits = groups.size.bit_length()
    both = ((groups.astype(np.int64) + 1) << bits) | np.arange(groups.size)
    both.sort()
    return np.asarray(both & ((1 << bits) - 1), np.intp)


def begins(groups: NDArray[np.integer]) -> NDArray[np.bool_]:
    """Say of each element whether it is another one's than that before it.

    >>> begins(np.array([7, 7, 3])).tolist()
    [True, False, True]
    """
    found = np.ones(groups.size, np.bool_)
    found[1:] = groups[1:] != groups[:-1]
    return found


def ranks(groups: Places) -> NDArray[np.int64]:
    """Count for each element those of its group before it.

    >>> ranks(np.array([7, 7, 3, 7, 3])).tolist()
    [0, 1, 0, 2, 1]
    """
    order = ordered(groups)
    new = begins(groups[order])
    starts = np.flatnonzero(new)
    found = np.empty(groups.size, np.int64)
    found[order] = np.arange(groups.size) - starts[np.cumsum(new) - 1]
    return found


def previous(groups: Places) -> Places:
    """Give for each element the place of the one of its group before it, -1 for a group's first.

    >>> previous(np.array([7, 7, 3, 7, 3])).tolist()
    [-1, 0, -1, 1, 2]
    """
    order = ordered(groups)
    found = np.empty_like(order)
    found[order] = np.where(begins(groups[order]), -1, np.roll(order, 1))
    return found


def rows_since(then: Number, now: Number) -> NDArray[np.int64]:
    """Count the rows from one to a later one by their numbers in the stream, of which four bytes are remembered.

    >>> rows_since(np.array([4_294_967_295, 3], np.uint32), 4_294_967_300).tolist()
    [5, 1]
    """
    return np.asarray((np.asarray(now, np.int64) - np.asarray(then, np.int64)) & 0xFFFF_FFFF)


def shared_by_chance(values: NDArray[Any]) -> NDArray[np.intp]:
    """Count what rows share with some that lie far from them, of so many pairs; values: shape (rows, columns)."""
    turns = [len(values) * turn // PAIRINGS for turn in range(1, PAIRINGS)]
    return np.concatenate([(values == np.roll(values, turn, axis=0)).sum(axis=1) for turn in turns])
