"""What fixes derived columns: how they are made, of which columns, and what was fitted on reference rows for it."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

Array = NDArray[Any]

FITTED_ROWS = 50_000
RUN, SPREAD_OVER = 64, 32
"""Rows of a run at most, and runs at least that are fitted on."""


@dataclass(frozen=True, eq=False)
class Derivation:
    """Columns `names`, made row by row from `columns` by a method of `profiles.derivations`.

    arrays, texts: what the method fitted on the reference's rows, by name; empty where it fits nothing.
    """

    method: str
    names: tuple[str, ...]
    columns: tuple[str, ...]
    arrays: Mapping[str, Array] = field(default_factory=dict)
    texts: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def fitted(self) -> bool:
        """Say whether it was fitted, so that it has no value of the rows that it was fitted on."""
        return bool(self.arrays)

    def described(self) -> dict[str, Any]:
        """Give all but the arrays, as JSON has it."""
        texts = {name: list(values) for name, values in self.texts.items()}
        return {"method": self.method, "names": list(self.names), "columns": list(self.columns), "texts": texts}


def fitting_rows(rows: int) -> NDArray[np.bool_]:
    """Say which rows of a reference derivations are fitted on: half of them, or fewer where that is over 50,000.

    What is fitted describes its own rows better than any others. The reference is therefore counted in the columns
    derived from it without them, so that a window of rows like the reference's looks like the reference. They are runs
    of rows: of every second row, those that come in pairs, such as couples, would no longer look alike.
    """
    return _in_turn(rows, max(2, -(-rows // FITTED_ROWS)))


def first_half(rows: int) -> NDArray[np.bool_]:
    """Say which rows of a reference are in the first of the halves by which derivations are fitted crosswise.

    What is fitted on either half tells of the other's rows, so that all teach and all are judged; runs of rows, too.
    """
    return _in_turn(rows, 2)


def crosswise(known: NDArray[np.bool_], *, most: int) -> tuple[NDArray[np.intp], NDArray[np.bool_]]:
    """Give the places of known rows, evenly spaced where a half has more than `most`, and which are in the first."""
    first = first_half(known.size)
    places = [np.flatnonzero(known & half) for half in (first, ~first)]
    kept = np.sort(np.concatenate([place[:: max(1, -(-place.size // most))] for place in places]))
    return kept, first[kept]


def _in_turn(rows: int, turns: int) -> NDArray[np.bool_]:
    run = min(max(rows // (SPREAD_OVER * turns), 1), RUN)
    return np.asarray(np.arange(rows) // run % turns == 0)


def digest_of(derivations: Sequence[Derivation]) -> str:
    """Name the meaning of the derived columns; empty without any."""
    if not derivations:
        return ""
    found = hashlib.sha256()
    for one in derivations:
        found.update(json.dumps(one.described()).encode())
        for name, array in sorted(one.arrays.items()):
            found.update(f"{name}{array.dtype.str}{array.shape}".encode() + np.ascontiguousarray(array).tobytes())
    return found.hexdigest()[:16]


def packed_arrays(derivations: Sequence[Derivation]) -> pa.Table:
    """Give all arrays as a table, one a row."""
    rows = [
        {
            "derivation": place,
            "name": name,
            "type": array.dtype.str,
            "shape": list(array.shape),
            "data": np.ascontiguousarray(array).tobytes(),
        }
        for place, one in enumerate(derivations)
        for name, array in one.arrays.items()
    ]
    return pa.Table.from_pylist(rows, schema=ARRAYS)


def unpacked_derivations(described: Sequence[Mapping[str, Any]], arrays: pa.Table) -> tuple[Derivation, ...]:
    """Give back what `described` and `packed_arrays` gave, every number as it was."""
    held: list[dict[str, Array]] = [{} for _ in described]
    for row in arrays.to_pylist():
        held[row["derivation"]][row["name"]] = np.frombuffer(row["data"], row["type"]).reshape(row["shape"])
    return tuple(
        Derivation(
            one["method"],
            tuple(one["names"]),
            tuple(one["columns"]),
            mine,
            {name: tuple(texts) for name, texts in one["texts"].items()},
        )
        for one, mine in zip(described, held, strict=True)
    )


HALVES = ("first", "second")
ARRAYS = pa.schema(
    [
        ("derivation", pa.int32()),
        ("name", pa.string()),
        ("type", pa.string()),
        ("shape", pa.list_(pa.int64())),
        ("data", pa.large_binary()),
    ]
)
