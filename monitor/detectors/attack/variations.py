"""Rows that a client asks beside one shortly before with few values changed, as people do who ask "what if".

Such rows are often unlike any honest one, and always for the same reason: an odd row that is varied is one odd row.
A form that is sent whenever a field of it is filled is one row, too.
"""

import math
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from monitor.detectors.attack.ordering import PAIRINGS, ordered, shared_by_chance
from monitor.detectors.attack.space import Rows
from monitor.detectors.attack.templates import Templates

Array = NDArray[Any]
Flags = NDArray[np.bool_]

COLUMNS, LAST, MOST = 32, 4, 2**8 - 1
WHAT_IF_COLUMNS, WHAT_IF_SHARE = 3, 3
"""People who ask "what if" vary few columns: at most three, and a third of them."""
BITS = np.uint16(1) << (np.arange(COLUMNS) % 16).astype(np.uint16)
"""A bit for each column that a chain varies; of many columns some share one."""
BY_CHANCE = 0.002
"""So large a share of pairs of rows may keep as many values, by chance."""
SOME, CROWD = 2_048, 0.001
"""By so many rows of the reference it is known whether more than so large a share of it is as much alike."""


class Chained(NamedTuple):
    """What rows are beside those that their clients sent just before, each of shape (rows,).

    length: how long the chain of variations is that a row ends; 0 for a row that varies none. widely: whether steps led
    to it that changed one column each, and by now more than few columns. fills: whether the row varies one only by
    having values where that had none. said: whether it differs from one in nothing but its texts. stayed: which values
    are those of the row just before, shape (rows, columns); none where the columns are too many.
    """

    length: NDArray[np.int64]
    widely: Flags
    fills: Flags
    said: Flags
    stayed: Flags


def few_of(columns: int) -> int:
    """Say how many of so many columns are few.

    >>> [few_of(columns) for columns in (2, 7, 20)]
    [1, 2, 3]
    """
    return max(1, min(WHAT_IF_COLUMNS, columns // WHAT_IF_SHARE))


def empty_last(clients: int, columns: int, *, texts: bool = False) -> dict[str, Array]:
    """Give room for the last four rows of so many clients: marks of at most 32 columns, 0 for none, and their chains.

    Of these the lengths, and which columns they vary. texts: whether there is a mark of their texts, too.
    """
    marks = np.zeros((clients, LAST, min(columns, COLUMNS) + texts), np.uint16)
    return {
        "marks": marks,
        "length": np.zeros((clients, LAST), np.uint8),
        "varied": np.zeros((clients, LAST), np.uint16),
    }


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
    columns, few = min(rows.width, COLUMNS), few_in(rows, templates)
    lengths, varied = np.zeros(len(marks), np.int64), np.zeros(len(marks), np.uint16)
    for array, name in ((marks, "marks"), (lengths, "length"), (varied, "varied")):
        array[kept] = last[name][clients]
    marks[spot] = marks_of(rows, templates)[order]
    (lag, step), lacking = np.zeros((2, order.size), np.int64), _lacking(rows, templates)
    filling, said = np.zeros((2, order.size), np.bool_)
    for back in range(LAST, 0, -1):
        before = marks[spot - back]
        differ = marks[spot] != before
        # every row has a last mark
        changed = np.where(before[:, -1] > 0, differ[:, :columns].sum(axis=1), columns + 1)
        near, by_one = changed <= few, changed <= 1
        if templates is not None:
            said |= ~differ[:, :columns].any(axis=1) & before[:, :columns].any(axis=1)
            same = ~differ[:, -1] | (before[:, -1] == lacking[:, -1])
            near, by_one = near & same, by_one & same
        lag[near], step[by_one] = back, back
        varied[spot[by_one]] = (differ[by_one, :columns] * BITS[:columns]).sum(axis=1, dtype=np.uint16)
        filling[near] = differ[near].any(axis=1) & ~(differ[near] & (before[near] != lacking)).any(axis=1)
    for i in np.flatnonzero(lag).tolist():
        lengths[spot[i]] = lengths[spot[i] - lag[i]] + bool(fresh[order[i]])
    for i in np.flatnonzero(step).tolist():
        varied[spot[i]] |= varied[spot[i] - step[i]]
    tail = ends[:, None] - LAST + np.arange(LAST)
    for array, name in ((marks, "marks"), (np.minimum(lengths, MOST), "length"), (varied, "varied")):
        last[name][clients] = array[tail]
    flags, stayed = np.zeros((3, len(rows)), np.bool_), np.zeros((len(rows), rows.width), np.bool_)
    found = Chained(np.zeros(len(rows), np.int64), flags[0], flags[1], flags[2], stayed)
    if columns == rows.width:
        just_before = marks[spot - 1, :columns]
        found.stayed[order] = (marks[spot, :columns] == just_before) & (just_before > 0)
    found.length[order], found.fills[order] = np.where(lag > 0, np.maximum(lengths[spot], 1), 0), filling
    found.widely[order], found.said[order] = np.bitwise_count(varied[spot]) > few, said
    return found


def crowd_of(rows: Rows, templates: Templates | None = None) -> NDArray[np.uint16]:
    """Give the marks of rows that are spread over the reference, by which `crowded` tells; shape (rows, marks)."""
    spread = np.linspace(0, len(rows) - 1, min(len(rows), SOME)).astype(np.intp)
    return marks_of(rows.take(spread), templates and templates.part(spread))


def kept_by_chance(crowd: NDArray[np.uint16]) -> int:
    """Give how many values, at least half, hardly any two rows share; more than there are of too few rows.

    crowd: as `crowd_of` gave it; each row is paired with some that lie far from it.
    """
    width = int(crowd.shape[1])
    if len(crowd) < 2 * PAIRINGS:
        return width + 1
    most = float(np.quantile(shared_by_chance(crowd), 1 - BY_CHANCE, method="higher"))
    return max(int(most) + 1, math.ceil(width / 2))


def crowded(crowd: NDArray[np.uint16], marks: NDArray[np.uint16], *, few: int) -> Flags:
    """Say of each row whether so many of the reference differ from it in few columns that others do by chance.

    crowd: as `crowd_of` gave it; marks: of the rows, shape (rows, marks).
    """
    least, most = marks.shape[1] - few, CROWD * len(crowd)
    return np.array([((crowd == row).sum(axis=1) >= least).sum() > most for row in marks], np.bool_)


def few_in(rows: Rows, templates: Templates | None) -> int:
    """Say how many of the columns of rows are few, of those that their texts do not tell of."""
    return few_of(rows.width if templates is None else int((~templates.told).sum()))


def _lacking(rows: Rows, templates: Templates | None) -> NDArray[np.uint16]:
    """Give the marks of a row that has no value at all."""
    numbers, codes = rows.numbers.shape[1], rows.codes.shape[1]
    none = Rows(np.full((1, numbers), np.nan), np.full((1, codes), -1, np.int64))
    silent = templates and Templates(np.ones(1, np.uint16), np.zeros(1, np.bool_), templates.told)
    return marks_of(none, silent)


def marks_of(rows: Rows, templates: Templates | None) -> NDArray[np.uint16]:
    """Give a number from 1 on for each value, shape (rows, columns); of many columns, some that lie evenly apart.

    Where there are texts the last is theirs, and what they tell of has none.
    """
    chosen = np.linspace(0, max(rows.width - 1, 0), min(rows.width, COLUMNS)).astype(np.intp)
    marks = (rows.cells[:, chosen] >> np.uint64(48)).astype(np.uint16) | np.uint16(1)
    if templates is None:
        return marks
    return np.concatenate([np.where(templates.told[chosen], np.uint16(0), marks), templates.marks[:, None]], axis=1)
