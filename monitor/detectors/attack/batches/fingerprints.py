"""Fingerprints of rows that near copies share: some columns of each, numbers in cells of one deviation."""

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from monitor.detectors.attack.batches.encoders import Encoder
from monitor.detectors.attack.batches.rows import Floats, Places

TABLES, COLUMNS_SHARE = 8, 0.6
_PRIME = np.int64(1_000_003)

Tables = tuple[tuple[Places, Floats], ...]
"""Of each table the columns that it looks at, and by how much the numbers of each are shifted."""
Frequent = tuple[tuple[NDArray[np.int64], Floats], ...]
"""Of each table the reference's fingerprints in order, with the share of each."""


def tables_of(columns: int, rng: np.random.Generator) -> Tables:
    """Draw the columns that each table looks at, and by how much their numbers are shifted."""
    taken = min(columns, max(3, round(COLUMNS_SHARE * columns)))
    return tuple(
        (np.sort(rng.permutation(columns)[:taken]).astype(np.intp), rng.random(columns)) for _ in range(TABLES)
    )


def prints_of(encoders: Sequence[Encoder], rows: pa.Table, tables: Tables) -> NDArray[np.int64]:
    """Give the fingerprints of rows, which near copies share; shape (rows, tables)."""
    plain = [
        one.encoded(rows)[:, 0] if one.kind == "numeric" and one.number is not None else one.cells(rows)
        for one in encoders
    ]
    numeric = [one.kind == "numeric" and one.number is not None for one in encoders]
    found = np.zeros((rows.num_rows, TABLES), np.int64)
    for table, (chosen, offsets) in enumerate(tables):
        for place in chosen.tolist():
            shifted = plain[place] + (offsets[place] if numeric[place] else 0.0)
            with np.errstate(over="ignore"):
                found[:, table] = found[:, table] * _PRIME + np.floor(shifted).astype(np.int64) + 7
    return found


def frequencies(prints: NDArray[np.int64]) -> tuple[NDArray[np.int64], Floats]:
    """Give the fingerprints of a table in order, with the share of each."""
    values, counts = np.unique(prints, return_counts=True)
    return values, counts / prints.size


def usual_of(prints: NDArray[np.int64], frequent: Frequent) -> Floats:
    """Give how often the reference has each row's fingerprints; shape (rows, tables)."""
    found = np.zeros(prints.shape)
    for table, (values, shares) in enumerate(frequent):
        at = np.minimum(np.searchsorted(values, prints[:, table]), values.size - 1)
        found[:, table] = np.where(values[at] == prints[:, table], shares[at], 0.0)
    return found
