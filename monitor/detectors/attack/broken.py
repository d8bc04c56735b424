"""Columns that are broken for everybody, or for all of a part, so that rows are odd, or alike, by no client's doing.

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
PARTS, ROWS_OF_PART, CLIENTS_OF_PART, NEARLY_ALL, HINT = 4, 12, 3, 0.9, 1e-3
"""Parts at most that a column is broken in, what each must have sent, and when it is worth looking for them."""


def empty_broken(columns: int) -> dict[str, Array]:
    """Give a memory of rows that has seen none, and no broken column.

    client, odd, mark: of the last rows, whose they are, which values are odd, and a number for each value. columns:
    which are broken; value: the number of the value that all hold, 0 for none. within: the column of the parts that
    each is broken in, -1 for all traffic; parts: the numbers of their values in it, 0 for none.
    """
    return {
        "client": np.zeros(WITHIN, np.uint32),
        "odd": np.zeros((WITHIN, columns), np.bool_),
        "mark": np.zeros((WITHIN, columns), np.uint16),
        "columns": np.zeros(columns, np.bool_),
        "value": np.zeros(columns, np.uint16),
        "within": np.full(columns, -1, np.int16),
        "parts": np.zeros((columns, PARTS), np.uint16),
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
    them, and no client counts with more rows than others. Where clients are named, so are columns that are broken like
    that in all rows of some category, of three clients at least. New values of a column to which such come with time
    never are looked at. Changes the memory. Blind to the first rows of a fault, and to faults of values that could be
    right.
    """
    found = baseline.space.new_values(rows)
    odd, marks = faults.odd, (rows.cells >> np.uint64(48)).astype(np.uint16) | np.uint16(1)
    first = 0
    while first < len(rows):
        size = min(WITHIN - int(at[first]) % WITHIN, len(rows) - first)
        part, kept = slice(first, first + size), slice(int(at[first]) % WITHIN, int(at[first]) % WITHIN + size)
        if memory["columns"].any():
            broken = memory["columns"] & (odd[part] | (marks[part] == memory["value"]))
            found[part] |= broken & _inside(memory, marks[part])
        for name, values in (("client", client), ("odd", odd), ("mark", marks)):
            memory[name][kept] = values[part]
        if kept.stop == WITHIN:
            _tell(memory, baseline.modal, categories=slice(rows.numbers.shape[1], None))
        first += size
    return found


def _inside(memory: Mapping[str, Array], marks: Marks) -> Flags:
    """Say which values are of a part that their column is broken in, shape (rows, columns)."""
    inside = np.ones(marks.shape, np.bool_)
    for column in np.flatnonzero(memory["within"] >= 0).tolist():
        inside[:, column] = np.isin(marks[:, memory["within"][column]], memory["parts"][column])
    return inside


def _tell(memory: Mapping[str, Array], modal: NDArray[np.float64], *, categories: slice) -> None:
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
    memory["columns"][:], memory["value"][:] = told.any(axis=0), np.where(told[1], value, 0)
    memory["within"][:] = -1
    if memory["client"].any():
        _tell_parts(memory, modal, named, categories)
    memory["columns"] &= memory["columns"].sum() <= most_by_accident(modal.size)


def _tell_parts(memory: Mapping[str, Array], modal: NDArray[np.float64], named: NDArray[np.intp], where: slice) -> None:
    """Tell which further columns are broken in parts of the traffic: in all rows of some values of one category."""
    client, odd, marks = (memory[name][named] for name in ("client", "odd", "mark"))
    places = range(*where.indices(modal.size))
    for column, (value, hits) in _suspicious(odd, marks, modal).items():
        if memory["columns"][column]:
            continue
        found = {other: _parts(marks[:, other], hits, client) for other in places if other != column}
        within = max(found, key=lambda other: int(hits[np.isin(marks[:, other], found[other])].sum()), default=-1)
        if within >= 0 and 2 * hits[np.isin(marks[:, within], found[within])].sum() >= hits.sum():
            memory["columns"][column], memory["value"][column], memory["within"][column] = True, value, within
            memory["parts"][column] = np.pad(found[within], (0, PARTS - found[within].size))


def _suspicious(odd: Flags, marks: Marks, modal: NDArray[np.float64]) -> dict[int, tuple[int, Flags]]:
    """Give columns that hold odd values or one value too often, with that value, 0 for none, and where they do."""
    found = {column: (0, odd[:, column]) for column in np.flatnonzero(odd.sum(axis=0) >= ROWS_OF_PART).tolist()}
    ordered, least = np.sort(marks, axis=0), np.ceil(_unlikely(len(marks), 1.5 * modal, HINT)).astype(np.intp)
    for column in range(modal.size):
        runs = ordered[least[column] - 1 :, column] == ordered[: max(0, len(marks) - least[column] + 1), column]
        if column not in found and runs.any():
            values, counts = np.unique(ordered[:, column], return_counts=True)
            value = int(values[counts.argmax()])
            found[column] = value, marks[:, column] == value
    return found


def _parts(marks: NDArray[np.uint16], hits: Flags, client: NDArray[np.uint32]) -> NDArray[np.uint16]:
    """Give the values of a category nearly all rows and clients of which are hit, four at most, the largest first."""
    values, back = np.unique(marks, return_inverse=True)
    rows, hit = np.bincount(back, minlength=values.size), np.bincount(back[hits], minlength=values.size)
    found = []
    for part in np.argsort(-hit).tolist():
        if hit[part] < max(ROWS_OF_PART, NEARLY_ALL * rows[part]):
            continue
        all_of, hit_of = (np.unique(client[chosen]).size for chosen in (back == part, (back == part) & hits))
        if hit_of >= max(CLIENTS_OF_PART, NEARLY_ALL * all_of):
            found.append(values[part])
    return np.array(found[:PARTS], np.uint16)


def _too_many(rows: int, modal: NDArray[np.float64]) -> NDArray[np.float64]:
    """Give how many equal values in so many rows the reference does not explain: half of them at least.

    modal: the share of the most frequent value of each column, taken half as large again. (Bernstein 1946)
    """
    return np.maximum(_unlikely(rows, np.minimum(1.5 * modal + 0.01, 1.0), CHANCE), SAME * rows)


def _unlikely(rows: int, share: NDArray[np.float64], chance: float) -> NDArray[np.float64]:
    """Give how many of so many rows, of which each counts with some share, come to pass by less than a chance."""
    expected, rare = share * rows, -math.log(chance)
    return expected + np.sqrt(2 * expected * rare) + 2 * rare / 3
