"""A profile as bytes, one row a column, for the store. The bins are kept once, with the reference, and not in here."""

import json
from collections.abc import Mapping
from typing import Any

import numpy as np
import pyarrow as pa

from monitor.profiles.bins import Bins
from monitor.profiles.profile import ColumnProfile, Profile

SCHEMA = pa.schema(
    [
        ("name", pa.string()),
        ("counts", pa.list_(pa.int64())),
        ("missing", pa.int64()),
        ("invalid", pa.int64()),
        ("infinite", pa.int64()),
        ("sum", pa.float64()),
        ("sum_sq", pa.float64()),
        ("low", pa.float64()),
        ("high", pa.float64()),
        ("unseen", pa.string()),
    ]
)
PLAIN = ("missing", "invalid", "infinite", "sum", "sum_sq", "low", "high")


def packed(profile: Profile) -> bytes:
    """Give a profile as a compressed Arrow stream."""
    rows = [
        {
            "name": name,
            "counts": column.counts,
            "unseen": json.dumps(column.unseen),
            **{field: getattr(column, field) for field in PLAIN},
        }
        for name, column in profile.columns.items()
    ]
    table = pa.Table.from_pylist(rows, schema=SCHEMA.with_metadata({"rows": str(profile.rows)}))
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema, options=pa.ipc.IpcWriteOptions(compression="zstd")) as writer:
        writer.write_table(table)
    return bytes(sink.getvalue())


def unpacked(data: bytes, bins: Mapping[str, Bins]) -> Profile:
    """Give back the profile that was packed; `bins` are those it was made with.

    Raises ValueError when a column has other bins than the profile was made with.
    """
    with pa.ipc.open_stream(data) as reader:
        table = reader.read_all()
    columns = {row["name"]: _column(row, bins) for row in table.to_pylist()}
    return Profile(int(table.schema.metadata[b"rows"]), columns)


def _column(row: dict[str, Any], bins: Mapping[str, Bins]) -> ColumnProfile:
    name = str(row["name"])
    counts = np.asarray(row["counts"], dtype=np.int64)
    if name not in bins or bins[name].size != counts.size:
        raise ValueError(f"column {name!r} was profiled in other bins ({counts.size}); profile its records again")
    plain = {field: row[field] for field in PLAIN}
    return ColumnProfile(bins=bins[name], counts=counts, unseen=json.loads(str(row["unseen"])), **plain)
