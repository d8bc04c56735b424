"""Rows that a client asks beside one shortly before with few values changed, as people do who ask "what if".

Such rows are often unlike any honest one, and always for the same reason: an odd row that is varied is one odd row.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from monitor.detectors.attack.ordering import ordered
from monitor.detectors.attack.space import Rows

Array = NDArray[Any]
Flags = NDArray[np.bool_]

COLUMNS, LAST, MOST = 32, 4, 2**16 - 1
WHAT_IF_COLUMNS, WHAT_IF_SHARE = 3, 3
"""People who ask "what if" vary few columns: at most three, and a third of them."""


def few_of(columns: int) -> int:
    """Say how many of so many columns are few.

    >>> [few_of(columns) for columns in (2, 7, 20)]
    [1, 2, 3]
    """
    return max(1, min(WHAT_IF_COLUMNS, columns // WHAT_IF_SHARE))


def empty_last(clients: int, columns: int) -> dict[str, Array]:
    """Give room for the last four rows of so many clients: marks of at most 32 columns, 0 for none, and lengths."""
    marks = np.zeros((clients, LAST, min(columns, COLUMNS)), np.uint16)
    return {"marks": marks, "length": np.zeros((clients, LAST), np.uint16)}


def chained(last: Mapping[str, Array], rows: Rows, places: NDArray[np.intp], fresh: Flags) -> NDArray[np.int64]:
    """Give for each row how long the chain of variations is that it ends; 0 for a row that varies none.

    A row varies the latest of the four that its client sent before from which it differs in few columns, or none.
    places: of each row's client, -1 for none. fresh: rows that count, since they repeat none. Changes what is
    remembered.
    """
    order = ordered(places)
    order = order[places[order] >= 0]
    clients, count = np.unique(places[order], return_counts=True)
    # each client's rows stand behind those that are remembered of it
    ends = np.cumsum(count + LAST)
    spot = np.arange(order.size) + LAST * (1 + np.repeat(np.arange(clients.size), count))
    kept = ends[:, None] - count[:, None] - LAST + np.arange(LAST)
    marks = np.zeros((order.size + kept.size, last["marks"].shape[2]), np.uint16)
    lengths = np.zeros(len(marks), np.int64)
    marks[kept], marks[spot], lengths[kept] = (
        last["marks"][clients],
        _marks(rows, marks.shape[1])[order],
        last["length"][clients],
    )
    lag = np.zeros(order.size, np.int64)
    for back in range(LAST, 0, -1):
        before = marks[spot - back]
        lag[((marks[spot] != before).sum(axis=1) <= few_of(rows.width)) & before.any(axis=1)] = back
    for i in np.flatnonzero(lag).tolist():
        lengths[spot[i]] = lengths[spot[i] - lag[i]] + bool(fresh[order[i]])
    tail = ends[:, None] - LAST + np.arange(LAST)
    last["marks"][clients], last["length"][clients] = marks[tail], np.minimum(lengths[tail], MOST)
    found = np.zeros(len(rows), np.int64)
    found[order] = np.where(lag > 0, np.maximum(lengths[spot], 1), 0)
    return found


def _marks(rows: Rows, columns: int) -> NDArray[np.uint16]:
    """Give a number from 1 on for each value, shape (rows, columns); of many columns, some that lie evenly apart."""
    chosen = np.linspace(0, max(rows.width - 1, 0), columns).astype(np.intp)
    return (rows.cells[:, chosen] >> np.uint64(48)).astype(np.uint16) | np.uint16(1)
