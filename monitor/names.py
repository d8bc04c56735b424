"""Ids, clients, versions, segments and groups as they are stored: numbers, times, or text any database can hold."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from monitor.profiles.reading import type_of
from monitor.timestamps import decoded, flags
from monitor.types import Roles

NAME_LENGTH = 200
"""The characters of the longest name that is kept; a longer one of any but an id is shortened."""

NUL_MARK = "␀"

_TEXT = "is {}, which names nothing; send text or a number"


@dataclass(frozen=True, eq=False)
class Fault:
    """Rows of one column with the same fault; `reason` stands behind the column and the value."""

    column: str
    rows: NDArray[np.int64]
    reason: str


def named(rows: pa.Table, roles: Roles) -> tuple[pa.Table, list[Fault]]:
    """Give the rows with every name a number, a truth value, a time or text, and what cannot be a name.

    Bytes become text where they are UTF-8. What is no name is null in its column and told: lists, structs and other
    bytes, and an id with NUL in it. Text has to be UTF-8 already where its faults are to be right.
    """
    faults = list[Fault]()
    for name in dict.fromkeys(filter(None, (roles.id, *_parts(roles)))):
        if rows.column_names.count(name) == 1:
            column, found = _named(rows[name], name, is_id=name == roles.id)
            faults += found
            rows = rows if column is rows[name] else rows.set_column(rows.column_names.index(name), name, column)
    return rows, faults


def with_short_names(rows: pa.Table, roles: Roles) -> pa.Table:
    """Give the rows with each name of a client, version, segment or group as `short_name` gives it, alike everywhere.

    Tokens and user agents serve as names, and no database index holds every one of them. Ids stay whole.
    """
    for name in _parts(roles):
        if name != roles.id and rows.column_names.count(name) == 1 and type_of(rows[name].type) == "text":
            column = _shortened(rows[name])
            rows = rows if column is rows[name] else rows.set_column(rows.column_names.index(name), name, column)
    return rows


def with_names(rows: pa.Table, roles: Roles) -> pa.Table:
    """Give the rows with names and texts as they are stored; a name is null where a value is none."""
    return with_short_names(without_nul(named(without_views(rows), roles)[0]), roles)


def short_name(name: str) -> str:
    """Give a name of at most 200 characters that any database can hold; a longer one ends in a mark of its own.

    >>> short_name("carol"), len(short_name("c" * 1000)), short_name(short_name("c" * 1000)) == short_name("c" * 1000)
    ('carol', 200, True)
    """
    plain = name.replace("\0", NUL_MARK)
    if len(plain) <= NAME_LENGTH:
        return plain
    digest = hashlib.sha256(name.encode(errors="replace")).hexdigest()[:8]
    return f"{plain[: NAME_LENGTH - len(digest) - 1]}…{digest}"


def without_nul(rows: pa.Table) -> pa.Table:
    """Give the rows with every NUL of a text as the mark that shows it, since any text may be told as a name."""
    for place, field in enumerate(rows.schema):
        if type_of(field.type) == "text" and pc.any(pc.match_substring(_words(rows.column(place)), "\0")).as_py():
            told = pc.replace_substring(decoded(rows.column(place)), "\0", NUL_MARK)
            rows = rows.set_column(place, field.name, told)
    return rows


def without_views(rows: pa.Table) -> pa.Table:
    """Give the rows with every text of the type that all functions of Arrow can read; no byte is looked at."""
    for place, field in enumerate(rows.schema):
        kind = field.type.value_type if pa.types.is_dictionary(field.type) else field.type
        if pa.types.is_string_view(kind):
            rows = rows.set_column(place, field.name, _without_views(rows.column(place)))
    return rows


def _without_views(column: pa.ChunkedArray) -> pa.ChunkedArray:
    def plain(texts: pa.Array) -> pa.Array:
        return texts.cast(pa.large_binary()).view(pa.large_string())

    if not pa.types.is_dictionary(column.type):
        return pa.chunked_array(map(plain, column.chunks), pa.large_string())
    coded = [pa.DictionaryArray.from_arrays(chunk.indices, plain(chunk.dictionary)) for chunk in column.chunks]
    return pa.chunked_array(coded, pa.dictionary(column.type.index_type, pa.large_string()))


def _named(column: pa.ChunkedArray, name: str, *, is_id: bool) -> tuple[pa.ChunkedArray, list[Fault]]:
    texts = column if _is_plain(column.type) else _as_text(column)
    faults = []
    if texts is not column:
        lost = flags(pc.and_(column.is_valid(), texts.is_null()))
        faults.append(Fault(name, np.flatnonzero(lost), _TEXT.format(f"a value of type {column.type}")))
    if is_id and type_of(texts.type) == "text" and pc.any(pc.match_substring(_words(texts), "\0")).as_py():
        held = flags(pc.match_substring(decoded(texts), "\0"))
        faults.append(Fault(name, np.flatnonzero(held), "holds a NUL character; leave it out"))
    faults = [fault for fault in faults if fault.rows.size]
    return _without(texts, faults), faults


def _without(column: pa.ChunkedArray, faults: Iterable[Fault]) -> pa.ChunkedArray:
    for fault in faults:
        kept = np.ones(len(column), bool)
        kept[fault.rows] = False
        column = decoded(column)
        column = pc.if_else(pa.array(kept), column, pa.scalar(None, column.type))
    return column


def _is_plain(kind: pa.DataType) -> bool:
    """Say whether values of a type are names as they are: text, numbers, truth values, times."""
    kind = kind.value_type if pa.types.is_dictionary(kind) else kind
    return pa.types.is_null(kind) or (type_of(kind) != "other" and not pa.types.is_interval(kind))


def _as_text(column: pa.ChunkedArray) -> pa.ChunkedArray:
    try:
        return column.cast(pa.string())
    except (pa.ArrowNotImplementedError, pa.ArrowInvalid):
        kind = column.type.value_type if pa.types.is_dictionary(column.type) else column.type
        if not (kind == pa.uuid() or _is_bytes(kind)):
            return pa.chunked_array([pa.nulls(len(column), pa.string())])
        return pa.chunked_array([pa.array(map(_text, column.to_pylist()), pa.string())])


def _is_bytes(kind: pa.DataType) -> bool:
    binary = pa.types.is_binary(kind) or pa.types.is_large_binary(kind) or pa.types.is_binary_view(kind)
    return bool(binary or pa.types.is_fixed_size_binary(kind))


def _text(value: object) -> str | None:
    if not isinstance(value, bytes):
        return None if value is None else str(value)
    try:
        return value.decode()
    except UnicodeDecodeError:
        return None


def _words(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Give every text of a column at least once."""
    if not pa.types.is_dictionary(column.type):
        return column
    return pa.chunked_array([chunk.dictionary for chunk in column.chunks], column.type.value_type)


def _is_longer(words: pa.ChunkedArray, characters: int) -> bool:
    """Say whether a text may have more characters; its bytes are as many at least."""
    return (pc.max(pc.binary_length(words)).as_py() or 0) > characters


def _parts(roles: Roles) -> tuple[str, ...]:
    """Name the columns whose values are names of parts of the traffic."""
    splitting = sorted(filter(None, {roles.version, *roles.segments, *roles.sensitive}))
    return tuple(dict.fromkeys(filter(None, (roles.client, roles.contributor, *splitting))))


def _shortened(column: pa.ChunkedArray) -> pa.ChunkedArray:
    if not _is_longer(_words(column), NAME_LENGTH):
        return column
    coded = decoded(column).dictionary_encode().combine_chunks()
    coded = coded if isinstance(coded, pa.Array) else pa.concat_arrays(coded.chunks)
    short = pa.array(map(short_name, coded.dictionary.to_pylist()), pa.string())
    return pa.chunked_array([short.take(coded.indices)])
