"""Reading Arrow columns as numbers or as categories. A value is looked at once per distinct value, never per row."""

import json
import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from monitor.profiles.characters import garbled
from monitor.profiles.layout import ValueType
from monitor.profiles.sparing import spare_pandas
from monitor.types import ColumnKind

spare_pandas()

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

WHOLE = re.compile(r"[+-]?\d+\.0*")
NUMBER = re.compile(r"-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?")
NO_VALUE = re.compile(
    r"[^a-z0-9]*|#?n[./]?[ad]\.?|nan|nil|none|null|missing|unknown|undefined|inf(inity)?", re.IGNORECASE
)
"""How people write that there is no number."""
STRAY, FIRST = 0.005, 500
"""A column of numbers may hold so large a share of other values; whether it can be one shows in its first values."""


def type_of(kind: pa.DataType) -> ValueType:
    """Give the class of an Arrow type; a dictionary is of its values' class."""
    if pa.types.is_dictionary(kind):
        return type_of(kind.value_type)
    if pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind):
        return "number"
    if pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind):
        return "text"
    if pa.types.is_boolean(kind):
        return "boolean"
    return "time" if pa.types.is_temporal(kind) else "other"


def stray_values(column: pa.ChunkedArray) -> list[str]:
    """Give the values of a column of texts that are no numbers, where hardly any row holds one; else none.

    Then it is a column of numbers into which they strayed: one "n/a" makes texts of all numbers of a JSON Lines file.
    That is so where at most one row in two hundred holds them, and numbers are fractional, or what strayed is how
    people write that there is none: else they may be codes.

    >>> stray_values(pa.chunked_array([["0.5", "n/a", *map(str, range(500))]]))
    ['n/a']
    >>> stray_values(pa.chunked_array([["A7", *map(str, range(500))]]))
    []
    """
    if type_of(column.type) != "text":
        return []
    first = column.drop_null().slice(0, FIRST).to_pylist()
    if sum(map(_is_number, first)) < 0.9 * len(first):
        return []
    held = counted(column)
    stray = [text for text in held if not _is_number(text)]
    fractional = any("." in text for text in held if _is_number(text))
    if sum(held[text] for text in stray) > STRAY * sum(held.values()):
        return []
    return stray if fractional or all(map(NO_VALUE.fullmatch, stray)) else []


def _is_number(text: str) -> bool:
    return NUMBER.fullmatch(text) is not None


def canonical(text: str) -> str:
    """Write a class alike whatever type it came as.

    >>> [canonical(text) for text in ("1.0", "True", "false", "-0", "yes", "0.5")]
    ['1', '1', '0', '0', 'yes', '0.5']
    """
    lowered = text.lower()
    if lowered in {"true", "false"}:
        return "1" if lowered == "true" else "0"
    whole = text.partition(".")[0] if WHOLE.fullmatch(text) else text
    return "0" if whole == "-0" else whole


@dataclass(frozen=True, eq=False)
class Categories:
    """A column as positions in its distinct values; the position behind the last one is that of rows without a value.

    `texts` are None for distinct values that are none, as NaN; `known` is False when the type has no text.
    """

    positions: NDArray[np.integer]
    texts: Sequence[str | None]
    known: bool = True


def categories(column: pa.ChunkedArray, *, classes: bool = False) -> Categories:
    """Read a column by its distinct values; `classes` are written alike whatever type they came as."""
    try:
        coded = column if pa.types.is_dictionary(column.type) else column.dictionary_encode()
        coded = coded.unify_dictionaries() if coded.num_chunks > 1 else coded
    except (pa.ArrowNotImplementedError, pa.ArrowInvalid):
        return Categories(np.asarray(column.is_null().to_numpy(), np.int8), [""], known=False)
    if not coded.num_chunks:
        return Categories(np.empty(0, np.int8), [])
    distinct = coded.chunk(0).dictionary
    texts = _texts(distinct, classes=classes)
    parts = [_filled(chunk.indices, len(distinct)) for chunk in coded.chunks]
    return Categories(parts[0] if len(parts) == 1 else np.concatenate(parts), texts)


def counted(column: pa.ChunkedArray, *, classes: bool = False) -> Counter[str]:
    """Count the rows of each distinct text; `classes` are written alike whatever type they came as."""
    read = categories(column, classes=classes)
    found: Counter[str] = Counter()
    if read.known:
        rows = np.bincount(read.positions, minlength=len(read.texts) + 1)
        for text, n in zip(read.texts, rows.tolist(), strict=False):
            if text is not None and n:
                found[text] += n
    return found


def _filled(indices: pa.Array, fill: int) -> NDArray[np.integer]:
    if indices.null_count:
        wide = indices.cast(pa.int64()) if fill > 127 else indices.cast(pa.int16())
        indices = wide.fill_null(fill)
    return np.asarray(indices.to_numpy())


def _texts(distinct: pa.Array, *, classes: bool) -> list[str | None]:
    number = type_of(distinct.type) == "number"
    if pa.types.is_floating(distinct.type):
        distinct = pc.if_else(pc.is_nan(distinct), pa.scalar(None, distinct.type), distinct)
    try:
        texts = distinct.cast(pa.string()).to_pylist()
    except (pa.ArrowNotImplementedError, pa.ArrowInvalid):
        texts = [None if value is None else str(value) for value in distinct.to_pylist()]
    return [t if t is None or not (number or classes) else canonical(t) for t in texts]


@dataclass(frozen=True, eq=False)
class Numbers:
    """A column of Arrow numbers; `invalid` marks the rows whose value is no number, None when there are none."""

    column: pa.ChunkedArray
    invalid: Flags | None = None

    def values(self, start: int, stop: int) -> Floats:
        """Give the rows from start to stop; missing and invalid ones are NaN."""
        part = self.column.slice(start, stop - start)
        array = part.chunk(0) if part.num_chunks == 1 else part
        plain = array.to_numpy(zero_copy_only=False) if isinstance(array, pa.Array) else array.to_numpy()
        return np.asarray(plain, dtype=np.float64)


def numbers(column: pa.ChunkedArray, kind: ColumnKind = "numeric", width: int = 0) -> Numbers:
    """Read a column as numbers; a boolean is 0 or 1, a vector of `width` its norm.

    A text is its length in characters; one without any is missing, and one that is `garbled` is invalid.
    """
    if kind == "vector":
        held, invalid = vectors(column, width)
        with np.errstate(over="ignore"):
            norms = np.sqrt((held**2).sum(axis=1))
        return Numbers(pa.chunked_array([pa.array(norms)]), invalid if invalid.any() else None)
    if kind == "text":
        return _lengths(column) if type_of(column.type) == "text" else _parsed(column, _length)
    if pa.types.is_integer(column.type) or pa.types.is_floating(column.type):
        return Numbers(column)
    if pa.types.is_null(column.type) or pa.types.is_decimal(column.type):
        return Numbers(column.cast(pa.float64()))
    if pa.types.is_boolean(column.type):
        return Numbers(column.cast(pa.int8()))
    return _parsed(column, _float if type_of(column.type) in {"text", "number", "boolean"} else _nothing)


def _lengths(column: pa.ChunkedArray) -> Numbers:
    lengths, invalid = pc.utf8_length(column.cast(pa.large_string())), garbled(column)
    without = pc.or_(pc.equal(lengths, 0), pa.chunked_array([pa.array(invalid)]))
    return Numbers(pc.if_else(without, None, lengths), invalid if invalid.any() else None)


def floats(column: pa.ChunkedArray, kind: ColumnKind = "numeric", width: int = 0) -> Floats:
    """Give a whole column as floats; what is no number is NaN, and a text is its length."""
    return numbers(column, kind, width).values(0, len(column))


def counts_rows(name: str) -> bool:
    """Say whether a column is pandas' own index, which it writes beside the data and which counts the rows.

    >>> counts_rows("__index_level_0__"), counts_rows("Unnamed: 0"), counts_rows("index")
    (True, True, False)
    """
    return name.startswith(("__index_level_", "Unnamed: "))


def holding(column: pa.ChunkedArray, text: str) -> NDArray[np.bool_]:
    """Mark the rows whose value, as `categories` writes it, is this one, shape (rows,).

    >>> holding(pa.chunked_array([["a", None, "b"]]), "a").tolist()
    [True, False, False]
    """
    read = categories(column)
    return np.asarray(np.array([*(one == text for one in read.texts), False], np.bool_)[read.positions])


def is_vector(kind: pa.DataType) -> bool:
    """Say whether an Arrow type is that of lists of fractional numbers."""
    lists = pa.types.is_list(kind) or pa.types.is_large_list(kind) or pa.types.is_fixed_size_list(kind)
    return bool(lists and pa.types.is_floating(kind.value_type))


def holds_vectors(column: pa.ChunkedArray) -> bool:
    """Say whether a column holds lists of fractional numbers, or text that is written like them, as JSON gives it."""
    if type_of(column.type) != "text":
        return is_vector(column.type)
    first = column.drop_null().slice(0, 20).to_pylist()
    return bool(first) and all(len(_vector(text) or ()) > 1 for text in first)


def _vector(text: str | None) -> list[float] | None:
    """Read a list of numbers from text; None where it is none."""
    if text is None or not text.startswith("["):
        return None
    try:
        values = json.loads(text)
        return [float("nan") if value is None else float(value) for value in values]
    except (ValueError, TypeError, RecursionError, OverflowError):
        return None


def _listed(column: pa.ChunkedArray) -> pa.ChunkedArray:
    if type_of(column.type) != "text":
        return column
    return pa.chunked_array([pa.array(map(_vector, column.to_pylist()), pa.large_list(pa.float64()))])


def width_of(column: pa.ChunkedArray) -> int:
    """Give the most frequent length of a column's lists; 0 where it holds none."""
    column = _listed(column)
    nested = pa.types.is_list(column.type) or pa.types.is_large_list(column.type)
    if not (nested or pa.types.is_fixed_size_list(column.type)):
        return 0
    lengths = pc.list_value_length(column).drop_null().to_numpy()
    return int(np.bincount(lengths).argmax()) if lengths.size else 0


def vectors(column: pa.ChunkedArray, width: int) -> tuple[Floats, Flags]:
    """Read a column of lists as (rows, width), NaN where there is no vector of this width, and mark what is none.

    A vector that holds what is no number is none, and so is one of zeros alone, as what failed to make one gives.
    """
    held, present = _of_width(column, width)
    odd = np.asarray(~np.isfinite(held).all(axis=1) | ~held.any(axis=1), np.bool_)
    return np.where(odd[:, None], np.nan, held) if odd.any() else held, present & odd


def zeros(column: pa.ChunkedArray, width: int) -> Flags:
    """Say which vectors of a width hold zeros alone."""
    return np.asarray(~_of_width(column, width)[0].any(axis=1), np.bool_)


def _of_width(column: pa.ChunkedArray, width: int) -> tuple[Floats, Flags]:
    """Read a column of lists as (rows, width), NaN where there is none of this width, and say which rows hold any."""
    present = np.asarray(column.is_valid().to_numpy(), np.bool_)
    column = _listed(column)
    if not (width and width_of(column)):
        return np.full((len(column), width), np.nan), present
    lists = column.cast(pa.large_list(pa.float64())).combine_chunks()
    lists = lists if isinstance(lists, pa.Array) else pa.concat_arrays(lists.chunks)
    lengths = np.asarray(pc.fill_null(pc.list_value_length(lists), 0).to_numpy(zero_copy_only=False))
    fits = present & (lengths == width)
    values = np.asarray(lists.flatten().to_numpy(zero_copy_only=False), dtype=np.float64)
    if fits.all():
        return values.reshape(-1, width), present
    held = np.full((len(column), width), np.nan)
    first = (np.cumsum(lengths) - lengths)[fits]
    held[fits] = values[first[:, None] + np.arange(width)]
    return held, present


def _parsed(column: pa.ChunkedArray, parse: Callable[[str], float]) -> Numbers:
    read = categories(column)
    values = np.array([np.nan if t is None else parse(t) for t in read.texts] + [np.nan])
    wrong = np.array([t is not None and np.isnan(v) for t, v in zip(read.texts, values[:-1], strict=True)] + [False])
    if not read.known:
        values[:], wrong[:-1] = np.nan, True
    invalid = wrong[read.positions] if wrong.any() else None
    return Numbers(pa.chunked_array([pa.array(values[read.positions])]), invalid)


def _length(text: str) -> float:
    return float(len(text) or "nan")


def _nothing(_: str) -> float:
    return float("nan")


def _float(text: str) -> float:
    try:
        return float({"true": "1", "false": "0"}.get(text, text))
    except ValueError:
        return float("nan")
