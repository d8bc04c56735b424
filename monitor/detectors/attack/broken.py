"""Columns that are broken for everybody, so that rows are odd, or alike, by no doing of their clients.

Their broken values are not looked at while that lasts: what is left of a row must do.
"""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from monitor.detectors.attack.baseline import Baseline
from monitor.detectors.attack.contract import Faults, most_by_accident
from monitor.detectors.attack.ordering import ranks
from monitor.detectors.attack.space import Rows

Array = NDArray[Any]
Flags = NDArray[np.bool_]
Marks = NDArray[np.uint16]

WITHIN = 512
CLIENTS, ROWS = 8, 256
ODD, SAME, CHANCE = 0.1, 0.5, 1e-9


def empty_broken(columns: int) -> dict[str, Array]:
    """Give a memory of rows that has seen none, and no broken column.

    client, odd, mark: of the last rows, whose they are, which values are odd, and a number for each value. columns:
    which are broken; value: the number of the value that all hold, 0 for none.
    """
    return {
        "client": np.zeros(WITHIN, np.uint32),
        "odd": np.zeros((WITHIN, columns), np.bool_),
        "mark": np.zeros((WITHIN, columns), np.uint16),
        "columns": np.zeros(columns, np.bool_),
        "value": np.zeros(columns, np.uint16),
    }


def broken_values(
    memory: Mapping[str, Array],
    baseline: Baseline,
    rows: Rows,
    faults: Faults,
    *,
    client: NDArray[np.uint32],
    at: NDArray[np.int64],
) -> Flags:
    """Say which values are broken in a column that is broken for everybody, shape (rows, columns).

    Every 512 rows of the stream it is told anew from these which columns are broken: where values are missing that
    never were, unheard of, or beyond the range of the reference in a tenth of the rows; or where half of them hold one
    value, and the reference's most frequent one does not explain it. Eight clients at least must do so, or all of
    them, and no client counts with more rows than others. New values of a column to which such come with time never
    are looked at. Changes the memory. Blind to the first rows of a fault, and
    to faults of values that could be right.
    """
    found = baseline.space.new_values(rows)
    odd, marks = faults.odd, (rows.cells >> np.uint64(48)).astype(np.uint16) | np.uint16(1)
    first = 0
    while first < len(rows):
        size = min(WITHIN - int(at[first]) % WITHIN, len(rows) - first)
        part, kept = slice(first, first + size), slice(int(at[first]) % WITHIN, int(at[first]) % WITHIN + size)
        if memory["columns"].any():
            found[part] |= memory["columns"] & (odd[part] | (marks[part] == memory["value"]))
        for name, values in (("client", client), ("odd", odd), ("mark", marks)):
            memory[name][kept] = values[part]
        if kept.stop == WITHIN:
            _tell(memory, baseline.modal)
        first += size
    return found


def _tell(memory: Mapping[str, Array], modal: NDArray[np.float64]) -> None:
    """Tell from the rows in memory which columns are broken."""
    # rows that name no client are each their own, where none does
    client = memory["client"] if memory["client"].any() else np.arange(1, WITHIN + 1, dtype=np.uint32)
    named = np.flatnonzero(client)
    clients = np.unique(client[named]).size
    from_last = ranks(client[named][::-1].astype(np.intp))[::-1]
    latest = named[from_last < max(1, ROWS // clients)]
    odd, marks = memory["odd"][latest], memory["mark"][latest]
    half = latest.size // 2
    value = np.partition(marks, half, axis=0)[half]
    same = marks == value
    told = np.stack([odd.sum(axis=0) >= ODD * latest.size, same.sum(axis=0) >= _too_many(latest.size, modal)])
    for kind, column in np.argwhere(told).tolist():
        theirs = client[latest][(odd, same)[kind][:, column]]
        told[kind, column] = np.unique(theirs).size >= min(clients, CLIENTS)
    columns = told.any(axis=0)
    memory["columns"][:] = columns & (columns.sum() <= most_by_accident(columns.size))
    memory["value"][:] = np.where(told[1], value, 0)


def _too_many(rows: int, modal: NDArray[np.float64]) -> NDArray[np.float64]:
    """Give how many equal values in so many rows the reference does not explain: half of them at least.

    modal: the share of the most frequent value of each column, taken half as large again. (Bernstein 1946)
    """
    expected, rare = np.minimum(1.5 * modal + 0.01, 1.0) * rows, -math.log(CHANCE)
    unlikely = expected + np.sqrt(2 * expected * rare) + 2 * rare / 3
    return np.maximum(unlikely, SAME * rows)
