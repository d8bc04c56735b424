"""Rows that lie near the one that their client sent before, as a sensor's do and those of whoever feels his way."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from monitor.detectors.attack.ordering import ordered
from monitor.detectors.attack.sketches import TABLES

Array = NDArray[Any]


def empty_buckets(clients: int) -> Array:
    """Give room for marks of the buckets of so many clients' last rows, 0 for none."""
    return np.zeros((clients, TABLES), np.uint8)


def shared_with_last(last: Array, buckets: NDArray[np.uint64], places: NDArray[np.intp]) -> NDArray[np.int64]:
    """Count for each row the tables in which it shares its bucket with the row that its client sent before.

    buckets: shape (rows, tables). places: of each row's client, -1 for none, whose rows share nothing. last: the marks
    of the clients' last rows, which these rows replace.
    """
    order = ordered(places)
    order = order[places[order] >= 0]
    who, marks = places[order], (buckets[order] >> np.uint64(56)).astype(np.uint8) | np.uint8(1)
    before = np.roll(marks, 1, axis=0)
    first = np.ones(order.size, np.bool_)
    first[1:] = who[1:] != who[:-1]
    before[first] = last[who[first]]
    found = np.zeros(places.size, np.int64)
    found[order] = (marks == before).sum(axis=1)
    ends = np.roll(first, -1)
    last[who[ends]] = marks[ends]
    return found
