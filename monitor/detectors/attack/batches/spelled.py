"""Texts and vectors spelled out as numbers, for what reads numbers and categories only."""

from collections.abc import Iterable, Sequence

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from monitor.profiles import texts, vectors
from monitor.profiles.bins import NumericBins
from monitor.profiles.derivation import Derivation
from monitor.profiles.layout import Column
from monitor.profiles.reading import type_of, width_of
from monitor.types import ColumnKind, Roles

COLUMN_BITS = 44
READ = ("numeric", "categorical")
UNTOLD = "unseen_words"
"""All words of the rows that a vocabulary is learned of are known."""
_METHODS = {"text": texts, "vector": vectors}


def spelling(rows: pa.Table, columns: Iterable[tuple[str, ColumnKind]]) -> tuple[Derivation, ...]:
    """Learn how texts and vectors are spelled out: shares of characters and topics, and principal components."""
    found = list[Derivation]()
    for name, kind in columns:
        if kind in _METHODS:
            width = width_of(rows[name]) if kind == "vector" else 0
            column = Column(name, kind, "feature", type_of(rows[name].type), NumericBins(np.empty(0), 0.0), width=width)
            found += _METHODS[kind].fit(rows, [column], Roles(timestamp=""))
    return tuple(found)


def names_of(spelled: Sequence[Derivation]) -> list[str]:
    """Name the numbers that texts and vectors are spelled out as."""
    return [name for one in spelled for name in one.names if not name.startswith(UNTOLD)]


def words_of(rows: pa.Table, spelled: Sequence[Derivation]) -> NDArray[np.object_]:
    """Give the distinct words of each row's texts as hashes, which tell columns apart; shape (rows,) of arrays."""
    text, hashes = [np.empty(0, np.intp)], [np.empty(0, np.int64)]
    for number, name in enumerate(texts_of(spelled)):
        places, found = texts.words_of(texts.texts_of(rows.column(name)))
        text.append(places)
        hashes.append(found.astype(np.int64) | np.int64(number << COLUMN_BITS))
    pairs = np.unique(np.column_stack([np.concatenate(text), np.concatenate(hashes)]), axis=0)
    held = np.empty(rows.num_rows, object)
    counts = np.bincount(pairs[:, 0], minlength=rows.num_rows)
    held[:] = np.split(pairs[:, 1], np.cumsum(counts)[:-1]) if rows.num_rows else []
    return held


def word_of(spelled: Sequence[Derivation], code: int) -> tuple[str, int]:
    """Give the column and the hash of a word."""
    return texts_of(spelled)[code >> COLUMN_BITS], code & ((1 << COLUMN_BITS) - 1)


def texts_of(spelled: Sequence[Derivation]) -> list[str]:
    """Name the columns of texts."""
    return [name for one in spelled if one.method == "text" for name in one.columns]


def with_numbers(rows: pa.Table, spelled: Sequence[Derivation]) -> pa.Table:
    """Give the rows with these numbers beside the texts and vectors, NaN where there is none."""
    for one in spelled:
        made = _METHODS[one.method].make(one, rows)
        for name in names_of([one]):
            if name not in rows.column_names:
                rows = rows.append_column(name, pa.array(made[name]))
    return rows
