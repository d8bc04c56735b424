"""Read the Arrow stream of a pushed body, and refuse what would take far more memory than it took to send."""

import struct
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from monitor.admission import bad_text, without_words
from monitor.sources.textlines import MOST_NAMES, unique_names
from monitor.types import Rejected

MOST_ROWS = 2**20
MOST_BYTES = 2**28

_DICTIONARY_BATCH, _RECORD_BATCH = 2, 3
_PREFIX = 8


def parse_arrow(body: bytes) -> tuple[pa.Table, tuple[Rejected, ...]]:
    """Give the table of a stream without the rows whose text is not UTF-8, and these rows.

    Raises ValueError, with a sentence for the sender, when the body is no such stream, and when it holds more than
    `MOST_ROWS` rows, `MOST_NAMES` columns or, with nothing compressed or said once for many rows, `MOST_BYTES` bytes.
    """
    try:
        _check_declared(body)
        with pa.ipc.open_stream(body) as reader:
            table = reader.read_all()
        _as_bytes(table).validate(full=True)
    except (pa.ArrowException, OSError, ValueError, struct.error) as error:
        raise ValueError(f"the body is no Arrow stream that is taken: {str(error)[:200]}") from error
    _check_size(sum(_weight(chunk) for column in table.columns for chunk in column.chunks))
    return _without_bad_text(table.rename_columns(unique_names(table.column_names)))


def _without_bad_text(table: pa.Table) -> tuple[pa.Table, tuple[Rejected, ...]]:
    bad = {row: name for name, column in _columns(table) for row in bad_text(column).tolist()}
    if not bad:
        return table, ()
    kept = np.ones(table.num_rows, dtype=bool)
    kept[list(bad)] = False
    reasons = (Rejected(f"record {row + 1}", f"{name!r} is not UTF-8", "") for row, name in sorted(bad.items()))
    return without_words(table.filter(pa.array(kept)), set(bad.values())), tuple(reasons)


def _columns(table: pa.Table) -> Iterator[tuple[str, Any]]:
    return zip(table.column_names, table.columns, strict=True)


def _as_bytes(table: pa.Table) -> pa.Table:
    # What is wrong with single texts is told row by row; what is wrong beside them spoils the whole body.
    bytes_of = {pa.string(): pa.binary(), pa.large_string(): pa.large_binary(), pa.string_view(): pa.binary_view()}
    views = [
        pa.chunked_array([chunk.view(bytes_of[kind]) for chunk in column.chunks], bytes_of[kind])
        if (kind := column.type) in bytes_of
        else column
        for column in table.columns
    ]
    return pa.table(views, names=[str(i) for i in range(table.num_columns)])


def _check_declared(body: bytes) -> None:
    """Refuse a stream by what its messages say of themselves, before any of it is unpacked."""
    rows = size = 0
    for message in pa.ipc.MessageReader.open_stream(body):
        if message.type == "schema":
            columns = len(pa.ipc.read_schema(message))
            if columns > MOST_NAMES:
                raise ValueError(f"{columns} columns are too many; send at most {MOST_NAMES}")
        else:
            more, unpacked = _declared(memoryview(message.metadata), memoryview(message.body or b""))
            rows, size = rows + more, size + unpacked
    if rows > MOST_ROWS:
        raise ValueError(f"{rows} records are too many; send at most {MOST_ROWS} at a time")
    _check_size(size)


def _check_size(size: int) -> None:
    if size > MOST_BYTES:
        raise ValueError(f"unpacked it has {size} bytes; send at most {MOST_BYTES} at a time")


def _declared(metadata: memoryview, body: memoryview) -> tuple[int, int]:
    """Give how many rows a message holds for the table, and how many bytes its buffers have when they are unpacked.

    The message is a flatbuffer (Message.fbs of the Arrow format), which was verified when it was opened.
    """
    root = _number(metadata, 0, "I")
    kind, batch = _number(metadata, _field(metadata, root, 1), "B"), _inner(metadata, root, 2)
    if kind not in (_DICTIONARY_BATCH, _RECORD_BATCH):
        return 0, 0
    if kind == _DICTIONARY_BATCH:
        batch = _inner(metadata, batch, 1)
    length = _field(metadata, batch, 0)
    rows = _number(metadata, length, "q") if length and kind == _RECORD_BATCH else 0
    if not _field(metadata, batch, 3):
        return rows, len(body)
    buffers = _inner(metadata, batch, 2)
    places = struct.iter_unpack("<qq", metadata[buffers + 4 :][: 16 * _number(metadata, buffers, "I")])
    return rows, sum(_unpacked_size(body, start, size) for start, size in places)


def _unpacked_size(body: memoryview, start: int, size: int) -> int:
    """Read the number in front of a compressed buffer; -1 says that it is not compressed after all."""
    if size < _PREFIX or not 0 <= start <= len(body) - size:
        return 0
    return max(_number(body, start, "q"), size)


def _field(metadata: memoryview, table: int, number: int) -> int:
    """Give where a field of a flatbuffer's table stands; 0 where it is not there."""
    fields = table - _number(metadata, table, "i")
    place = 4 + 2 * number
    offset = _number(metadata, fields + place, "H") if place < _number(metadata, fields, "H") else 0
    return table + offset if offset else 0


def _inner(metadata: memoryview, table: int, number: int) -> int:
    """Give where the table or vector stands that a field points to; 0 where there is none."""
    at = _field(metadata, table, number)
    return at + _number(metadata, at, "I") if at else 0


def _number(data: memoryview, at: int, kind: str) -> int:
    return int(struct.unpack_from(f"<{kind}", data, at)[0])


def _weight(array: Any) -> int:  # noqa: ANN401 (an array of any type)
    """Count the bytes of an array of which every value is written out; ValueError for a type without an end to that."""
    array = array.storage if isinstance(array.type, pa.BaseExtensionType) else array
    if pa.types.is_null(array.type):
        return len(array)
    if pa.types.is_dictionary(array.type):
        return _weight_of_words(array)
    if pa.types.is_string_view(array.type) or pa.types.is_binary_view(array.type):
        return int(_lengths(array).sum())
    if pa.types.is_nested(array.type) or pa.types.is_run_end_encoded(array.type):
        return sum(map(_weight, _parts(array)))
    return int(array.nbytes)


def _parts(array: Any) -> Sequence[Any]:  # noqa: ANN401 (an array of any nested type)
    kind = array.type
    if pa.types.is_struct(kind):
        return [array.field(place) for place in range(kind.num_fields)]
    if pa.types.is_map(kind):
        return array.keys, array.items
    if pa.types.is_list(kind) or pa.types.is_large_list(kind) or pa.types.is_fixed_size_list(kind):
        return (array.values,)
    raise ValueError(f"the body has a column of type {str(kind)[:80]}, which is not taken; send plain values")


def _weight_of_words(array: Any) -> int:  # noqa: ANN401 (an array of any dictionary)
    words = array.dictionary
    if pa.types.is_nested(words.type) or pa.types.is_dictionary(words.type):
        raise ValueError(f"the body has a dictionary of {str(words.type)[:80]}, which is not taken; send plain values")
    codes = array.indices.drop_null().to_numpy(zero_copy_only=False)
    if pa.types.is_primitive(words.type) or pa.types.is_null(words.type):
        return int(_PREFIX * codes.size)
    return int(_lengths(words)[codes].sum())


def _lengths(texts: Any) -> NDArray[np.int64]:  # noqa: ANN401 (an array of texts or bytes)
    if pa.types.is_fixed_size_binary(texts.type):
        return np.full(len(texts), texts.type.byte_width)
    if pa.types.is_string_view(texts.type) or pa.types.is_binary_view(texts.type):
        # A view is 16 bytes, and its length the first four of them.
        views = np.frombuffer(texts.buffers()[1], "<i4").reshape(-1, 4)[texts.offset :][: len(texts)]
        return np.where(texts.is_valid().to_numpy(zero_copy_only=False), views[:, 0], 0).astype(np.int64)
    return np.asarray(pc.binary_length(texts).fill_null(0).to_numpy(zero_copy_only=False), np.int64)
