"""Rows that a client asks beside one shortly before with few values changed, as people do who ask "what if".

Such rows are often unlike any honest one, and always for the same reason: an odd row that is varied is one odd row.
A form that is sent whenever a field of it is filled is one row, too.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from monitor.detectors.attack.ordering import ordered
from monitor.detectors.attack.space import Rows
from monitor.detectors.attack.templates import Templates

Array = NDArray[Any]
Flags = NDArray[np.bool_]

COLUMNS, LAST, MOST = 32, 4, 2**16 - 1
WHAT_IF_COLUMNS, WHAT_IF_SHARE = 3, 3
"""People who ask "what if" vary few columns: at most three, and a third of them."""


class Chained(NamedTuple):
    """What rows are beside those that their clients sent just before, each of shape (rows,).

    length: how long the chain of variations is that a row ends; 0 for a row that varies none. fills: whether it varies
    one only by having values where that had none. said: whether it differs from one in nothing but its texts.
    """

    length: NDArray[np.int64]
    fills: Flags
    said: Flags


def few_of(columns: int) -> int:
    """Say how many of so many columns are few.

    >>> [few_of(columns) for columns in (2, 7, 20)]
    [1, 2, 3]
    """
    return max(1, min(WHAT_IF_COLUMNS, columns // WHAT_IF_SHARE))


def empty_last(clients: int, columns: int, *, texts: bool = False) -> dict[str, Array]:
    """Give room for the last four rows of so many clients: marks of at most 32 columns, 0 for none, and lengths.

    texts: whether there is a mark of their texts, too.
    """
    marks = np.zeros((clients, LAST, min(columns, COLUMNS) + texts), np.uint16)
    return {"marks": marks, "length": np.zeros((clients, LAST), np.uint16)}


def chained(
    last: Mapping[str, Array],
    rows: Rows,
    places: NDArray[np.intp],
    fresh: Flags,
    templates: Templates | None = None,
) -> Chained:
    """Say of each row whether it varies one of its client's, and whether it fills it.

    A row varies the latest of the four that its client sent before from which it differs in few columns, or none, and
    in texts by their numbers alone; what the texts tell of is not looked at then.
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
    columns, few = min(rows.width, COLUMNS), few_of(rows.width if templates is None else int((~templates.told).sum()))
    lengths = np.zeros(len(marks), np.int64)
    marks[kept], marks[spot], lengths[kept] = (
        last["marks"][clients],
        _marks(rows, columns, templates)[order],
        last["length"][clients],
    )
    lag, lacking = np.zeros(order.size, np.int64), _lacking(rows, templates)
    filling, said = np.zeros((2, order.size), np.bool_)
    for back in range(LAST, 0, -1):
        before = marks[spot - back]
        differ = marks[spot] != before
        near = (differ[:, :columns].sum(axis=1) <= few) & before.any(axis=1)
        if templates is not None:
            said |= ~differ[:, :columns].any(axis=1) & before[:, :columns].any(axis=1)
            near &= ~differ[:, -1] | (before[:, -1] == lacking[:, -1])
        lag[near] = back
        filling[near] = (differ.any(axis=1) & ~(differ & (before != lacking)).any(axis=1))[near]
    for i in np.flatnonzero(lag).tolist():
        lengths[spot[i]] = lengths[spot[i] - lag[i]] + bool(fresh[order[i]])
    tail = ends[:, None] - LAST + np.arange(LAST)
    last["marks"][clients], last["length"][clients] = marks[tail], np.minimum(lengths[tail], MOST)
    found = Chained(np.zeros(len(rows), np.int64), *np.zeros((2, len(rows)), np.bool_))
    found.length[order], found.fills[order] = np.where(lag > 0, np.maximum(lengths[spot], 1), 0), filling
    found.said[order] = said
    return found


def _lacking(rows: Rows, templates: Templates | None) -> NDArray[np.uint16]:
    """Give the marks of a row that has no value at all."""
    numbers, codes = rows.numbers.shape[1], rows.codes.shape[1]
    none = Rows(np.full((1, numbers), np.nan), np.full((1, codes), -1, np.int64))
    silent = templates and Templates(np.ones(1, np.uint16), np.zeros(1, np.bool_), templates.told)
    return _marks(none, min(rows.width, COLUMNS), silent)


def _marks(rows: Rows, columns: int, templates: Templates | None) -> NDArray[np.uint16]:
    """Give a number from 1 on for each value, shape (rows, columns); of many columns, some that lie evenly apart.

    Where there are texts the last is theirs, and what they tell of has none.
    """
    chosen = np.linspace(0, max(rows.width - 1, 0), columns).astype(np.intp)
    marks = (rows.cells[:, chosen] >> np.uint64(48)).astype(np.uint16) | np.uint16(1)
    if templates is None:
        return marks
    return np.concatenate([np.where(templates.told[chosen], np.uint16(0), marks), templates.marks[:, None]], axis=1)
