"""Records, kept as compressed columnar segments; rows that could not be taken, kept with their reason."""

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime

import pyarrow as pa
import pyarrow.compute as pc
from sqlalchemy import Connection, insert, select

from monitor.errors import MonitorError
from monitor.store.schema import model, quarantine, segment
from monitor.types import Rejected, Window


def register_model(connection: Connection, name: str, *, now: datetime) -> None:
    """Make a model known; once is enough and twice does no harm."""
    if connection.execute(select(model.c.name).where(model.c.name == name)).first() is None:
        connection.execute(insert(model).values(name=name, created_at=now))


def append_records(connection: Connection, name: str, rows: pa.Table, *, timestamp: str) -> None:
    """Store a model's rows as one segment; `timestamp` names a column of aware times without nulls.

    No rows, no segment.
    """
    if not rows.num_rows:
        return
    span = pc.min_max(rows[timestamp]).as_py()
    data = _packed(rows)
    connection.execute(
        insert(segment).values(
            model=name,
            start=span["min"],
            end=span["max"],
            rows=rows.num_rows,
            schema_hash=hashlib.sha256(str(rows.schema).encode()).hexdigest(),
            sha256=hashlib.sha256(data).hexdigest(),
            data=data,
        )
    )


def read_records(
    connection: Connection, name: str, window: Window, *, timestamp: str, columns: Sequence[str] | None = None
) -> Iterator[pa.Table]:
    """Give a model's rows of a window, segment by segment in the order of arrival, only the columns asked for.

    Raises MonitorError when a segment is not what was stored.
    """
    overlapping = (segment.c.model == name, segment.c.start < window.end, segment.c.end >= window.start)
    for number, digest, data in connection.execute(
        select(segment.c.id, segment.c.sha256, segment.c.data).where(*overlapping).order_by(segment.c.id)
    ):
        if hashlib.sha256(data).hexdigest() != digest:
            raise MonitorError(f"segment {number} of {name} is damaged: its checksum differs; restore the database")
        rows = _unpacked(data)
        inside = pc.and_(pc.greater_equal(rows[timestamp], window.start), pc.less(rows[timestamp], window.end))
        yield rows.filter(inside).select(list(columns) if columns is not None else rows.column_names)


def quarantine_rows(connection: Connection, source: str, rejected: Iterable[Rejected], *, now: datetime) -> None:
    """Keep rows that could not be taken, with where they stood and why."""
    rows = [
        {"source": source, "position": r.position, "reason": r.reason, "excerpt": r.excerpt, "at": now}
        for r in rejected
    ]
    if rows:
        connection.execute(insert(quarantine), rows)


def _packed(rows: pa.Table) -> bytes:
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, rows.schema, options=pa.ipc.IpcWriteOptions(compression="zstd")) as writer:
        writer.write_table(rows)
    return bytes(sink.getvalue())


def _unpacked(data: bytes) -> pa.Table:
    with pa.ipc.open_stream(data) as reader:
        return reader.read_all()
