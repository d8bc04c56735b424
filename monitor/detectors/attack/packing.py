"""Arrays by name: a part of them, and all as bytes and back, a compressed Arrow stream with one row an array."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

SCHEMA = pa.schema(
    [("name", pa.string()), ("type", pa.string()), ("shape", pa.list_(pa.int64())), ("data", pa.large_binary())]
)


def part_of(arrays: Mapping[str, NDArray[Any]], prefix: str) -> dict[str, NDArray[Any]]:
    """Give the arrays whose names begin so, without that beginning."""
    return {name.removeprefix(prefix): array for name, array in arrays.items() if name.startswith(prefix)}


def packed(arrays: Mapping[str, NDArray[Any]]) -> bytes:
    """Give plain arrays as bytes.

    >>> unpacked(packed({"a": np.arange(3)}))["a"].tolist()
    [0, 1, 2]
    """
    rows = [
        {"name": name, "type": a.dtype.str, "shape": list(a.shape), "data": np.ascontiguousarray(a).tobytes()}
        for name, a in arrays.items()
    ]
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, SCHEMA, options=pa.ipc.IpcWriteOptions(compression="zstd")) as writer:
        writer.write_table(pa.Table.from_pylist(rows, schema=SCHEMA))
    return bytes(sink.getvalue())


def unpacked(data: bytes) -> dict[str, NDArray[Any]]:
    """Give back what was packed."""
    rows = pa.ipc.open_stream(pa.BufferReader(data)).read_all().to_pylist()
    return {row["name"]: np.frombuffer(row["data"], row["type"]).reshape(row["shape"]) for row in rows}
