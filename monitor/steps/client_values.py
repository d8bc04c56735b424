"""What the values of one client are, beside those of all others of the same time: rounded, or made up."""

from collections.abc import Collection, Iterable, Mapping, Sequence

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from monitor.detectors.suspicion.coarse import coarsest, multiples
from monitor.detectors.suspicion.faulty import MOST, ROUNDED, USUALLY_COARSE
from monitor.profiles.profile import Profile
from monitor.profiles.reading import floats
from monitor.stats.ties import strongest_tie

SAME = 0.5
"""So few of a client's rows differ in what it does not break."""
ENOUGH = 4_000
"""So many rows of others say how their columns go together."""
TIED, LEFT = 0.3, 0.5
"""From that rank correlation on columns go together; of rows of a feed that breaks them that part is left."""


def rounded_columns(rows: pa.Table, others: Sequence[pa.Table], reference: Profile) -> dict[str, tuple[str, float]]:
    """Name the numbers that a client rounds and hardly anybody else does, with what it makes of them, and the share.

    rows: the client's. others: those of all others, of the same time.
    """
    found: dict[str, tuple[str, float]] = {}
    for name in _features(rows, reference):
        told = coarsest(_numbers([rows], name), least=MOST)
        if told and multiples(_numbers(others, name), told[0]) <= USUALLY_COARSE:
            found[name] = ROUNDED + ("whole numbers" if told[0] == 1 else f"multiples of {told[0]:,g}"), told[1]
    return found


def made_up(rows: pa.Table, others: Sequence[pa.Table], broken: Mapping[str, str], reference: Profile) -> bool:
    """Say whether values of several columns that a client breaks have nothing to do with the rest of their rows.

    A feed that sends another unit, one column in another's place, or rounds, leaves some of how columns go together.
    Not told of one column, nor where no value varies, or others' columns hardly go together.
    """
    names = _features(rows, reference)
    varied = [name for name in names if name in broken and np.unique(_held(rows, name)).size > 1]
    rest = [name for name in names if name not in broken]
    if len(varied) < 2 or not rest:
        return False
    usual = strongest_tie(_table(others, varied), _table(others, rest))
    return usual >= TIED and strongest_tie(_table([rows], varied), _table([rows], rest)) < LEFT * usual


def tries_values(rows: pa.Table, broken: Collection[str], reference: Profile) -> bool:
    """Say whether most rows of a client are the same but for several columns that it breaks, in which they differ.

    A feed breaks the rows that it has, which differ otherwise, too. Vectors are not compared.
    """
    kinds = {one.name: one.kind for one in reference.layout.columns if one.role in ("feature", "sensitive")}
    names = [name for name in rows.column_names if kinds.get(name, "vector") != "vector"]
    rest = [name for name in names if name not in broken]
    if len(broken) < 2 or not rest:
        return False
    left = _distinct(rows, rest)
    return left <= SAME * rows.num_rows and _distinct(rows, names) >= 2 * left


def _distinct(rows: pa.Table, names: Sequence[str]) -> int:
    return int(rows.group_by(list(names)).aggregate([]).num_rows)


def _features(rows: pa.Table, reference: Profile) -> list[str]:
    """Name the features of numbers that rows have."""
    numbers = (one.name for one in reference.layout.columns if one.role == "feature" and one.kind == "numeric")
    return [name for name in numbers if name in rows.column_names]


def _held(rows: pa.Table, name: str) -> NDArray[np.float64]:
    values = floats(rows[name])
    return values[np.isfinite(values)]


def _numbers(tables: Iterable[pa.Table], name: str) -> NDArray[np.float64]:
    return np.concatenate([np.empty(0), *(floats(table[name]) for table in tables if name in table.column_names)])


def _table(tables: Sequence[pa.Table], names: Sequence[str]) -> NDArray[np.float64]:
    """Give columns of rows that have all of them, shape (rows, columns); of many rows a few thousand, evenly."""
    held = [table for table in tables if set(names) <= set(table.column_names)]
    every = 1 + sum(table.num_rows for table in held) // ENOUGH
    return np.stack([_numbers(held, name)[::every] for name in names], axis=1)
