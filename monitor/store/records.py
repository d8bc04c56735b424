"""Records, kept as compressed columnar segments; rows that could not be taken, kept with their reason."""

import hashlib
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pyarrow as pa
import pyarrow.compute as pc
from sqlalchemy import ColumnElement, Connection, delete, func, insert, select

from monitor.errors import MonitorError
from monitor.store.database import insert_new
from monitor.store.schema import label, model, quarantine, row_key, segment
from monitor.types import Rejected, Window

_CHUNK = 500
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Packed:
    """A segment's rows as bytes, made before the transaction that stores them; times are of its first and last row."""

    start: datetime
    end: datetime
    rows: int
    schema_hash: str
    data: bytes


def register_model(connection: Connection, name: str, *, now: datetime) -> None:
    """Make a model known; once is enough and twice does no harm."""
    insert_new(connection, model, name=name, created_at=now)


def pack_records(rows: pa.Table, *, timestamp: str) -> Packed:
    """Compress at least one row; `timestamp` names a column of aware times without nulls."""
    span = pc.min_max(rows[timestamp]).as_py()
    schema_hash = hashlib.sha256(str(rows.schema).encode()).hexdigest()
    return Packed(span["min"], span["max"], rows.num_rows, schema_hash, _packed(rows))


def append_records(connection: Connection, name: str, packed: Packed) -> int:
    """Store a model's rows as one segment and give its number."""
    stored = connection.execute(
        insert(segment).values(
            model=name,
            start=packed.start,
            end=packed.end,
            rows=packed.rows,
            schema_hash=packed.schema_hash,
            sha256=hashlib.sha256(packed.data).hexdigest(),
            data=packed.data,
        )
    )
    return int(stored.inserted_primary_key[0])  # type: ignore[index]  # one row was inserted


def read_records(
    connection: Connection, name: str, window: Window, *, timestamp: str, columns: Sequence[str] | None = None
) -> Iterator[pa.Table]:
    """Give a model's rows of a window, segment by segment in the order of arrival, only the columns asked for.

    Raises MonitorError when a segment is not what was stored.
    """
    overlapping = (segment.c.model == name, segment.c.start < window.end, segment.c.end >= window.start)
    numbers = connection.scalars(select(segment.c.id).where(*overlapping).order_by(segment.c.id)).all()
    for number in numbers:
        rows = read_segment(connection, number, columns=None if columns is None else {*columns, timestamp})
        inside = pc.and_(pc.greater_equal(rows[timestamp], window.start), pc.less(rows[timestamp], window.end))
        wanted = rows.column_names if columns is None else [name for name in columns if name in rows.column_names]
        yield rows.filter(inside).select(wanted)


def read_segment(connection: Connection, number: int, *, columns: Collection[str] | None = None) -> pa.Table:
    """Give the rows of one segment, with those of `columns` that it has; MonitorError when it is damaged."""
    digest, data = connection.execute(select(segment.c.sha256, segment.c.data).where(segment.c.id == number)).one()
    if hashlib.sha256(data).hexdigest() != digest:
        raise MonitorError(f"segment {number} is damaged: its checksum differs; restore the database")
    return _unpacked(data, columns)


def segment_numbers(connection: Connection, name: str) -> list[int]:
    """Give the numbers of a model's segments in the order of arrival."""
    return list(connection.scalars(select(segment.c.id).where(segment.c.model == name).order_by(segment.c.id)))


def count_records(connection: Connection, name: str) -> int:
    """Count a model's records that are still kept."""
    rows = select(func.coalesce(func.sum(segment.c.rows), 0)).where(segment.c.model == name)
    return int(connection.scalar(rows) or 0)


def record_span(connection: Connection, name: str) -> tuple[datetime, datetime] | None:
    """Give the times of a model's oldest and newest stored record; None without any."""
    oldest, newest = connection.execute(
        select(func.min(segment.c.start), func.max(segment.c.end)).where(segment.c.model == name)
    ).one()
    return None if oldest is None else (oldest, newest)


def forget_records(connection: Connection, name: str, *, older_than: timedelta) -> int:
    """Delete the segments that lie wholly `older_than` before the model's newest record, and their keys and labels.

    Gives how many segments went. Profiles stay, and labels that wait for their record or belong to rows that are kept.
    """
    span = record_span(connection, name)
    if span is None:
        return 0
    before = span[1] - older_than
    old = (segment.c.model == name, segment.c.end < before)
    _forget_keys(connection, name, *old)
    gone = connection.execute(delete(segment).where(*old)).rowcount
    left = record_span(connection, name)
    day = _day(min(before, left[0] if left else before))
    for table in (row_key, label):
        connection.execute(delete(table).where(table.c.model == name, table.c.day >= 0, table.c.day < day))
    return gone


def _forget_keys(connection: Connection, name: str, *old: ColumnElement[bool]) -> None:
    """Delete keys and labels of the old segments' records, which may lie on days of which other segments are kept."""
    first, last = connection.execute(select(func.min(segment.c.start), func.max(segment.c.end)).where(*old)).one()
    if first is None:
        return
    of_old = row_key.c.segment.in_(select(segment.c.id).where(*old))
    same = (row_key.c.model == label.c.model, row_key.c.day == label.c.day, row_key.c.key == label.c.key)
    days = _day(first), _day(last)
    labels = delete(label).where(label.c.model == name, label.c.day.between(*days))
    connection.execute(labels.where(select(row_key.c.key).where(*same, of_old).exists()))
    connection.execute(delete(row_key).where(row_key.c.model == name, row_key.c.day.between(*days), of_old))


def _day(time: datetime) -> int:
    return (time - _EPOCH) // timedelta(days=1)


def quarantine_rows(
    connection: Connection, source: str, rejected: Sequence[Rejected], *, now: datetime, repeats: bool = False
) -> Sequence[Rejected]:
    """Keep rows that could not be taken, with where they stood and why; give those that are kept.

    repeats: the source brings rows again, so that those which lie in quarantine already are left out.
    """
    if repeats:
        rejected = _newly(connection, source, rejected)
    rows = [
        {"source": source, "position": r.position, "reason": r.reason, "excerpt": r.excerpt, "at": now}
        | {"digest": _digest(r.excerpt)}
        for r in rejected
    ]
    if rows:
        connection.execute(insert(quarantine), rows)
    return rejected


def _newly(connection: Connection, source: str, rejected: Sequence[Rejected]) -> list[Rejected]:
    """Give those that do not lie in quarantine yet, by the rows themselves."""
    known = set[str]()
    digests = sorted({_digest(one.excerpt) for one in rejected if one.excerpt})
    for start in range(0, len(digests), _CHUNK):
        here = (quarantine.c.source == source, quarantine.c.digest.in_(digests[start : start + _CHUNK]))
        known |= set(connection.scalars(select(quarantine.c.digest).where(*here)))
    return [one for one in rejected if _digest(one.excerpt) not in known]


def _digest(excerpt: str) -> str:
    return hashlib.blake2b(excerpt.encode(errors="replace"), digest_size=16).hexdigest()


def forget_quarantine(connection: Connection, source: str, *, older_than: timedelta) -> int:
    """Delete the rows of a source that were turned away `older_than` before the last one was; gives how many."""
    newest: datetime | None = connection.scalar(select(func.max(quarantine.c.at)).where(quarantine.c.source == source))
    if newest is None:
        return 0
    old = (quarantine.c.source == source, quarantine.c.at < newest - older_than)
    return connection.execute(delete(quarantine).where(*old)).rowcount


def newest_quarantined(connection: Connection, source: str) -> tuple[Rejected, datetime] | None:
    """Give the row of a source that could not be taken last, without the row itself, and when; None without any."""
    columns = (quarantine.c.position, quarantine.c.reason, quarantine.c.at)
    ordered = select(*columns).where(quarantine.c.source == source).order_by(quarantine.c.at.desc())
    row = connection.execute(ordered.limit(1)).first()
    return None if row is None else (Rejected(row.position, row.reason, ""), row.at)


def _packed(rows: pa.Table) -> bytes:
    sink = pa.BufferOutputStream()
    options = pa.ipc.IpcWriteOptions(compression="zstd", unify_dictionaries=True)
    with pa.ipc.new_stream(sink, rows.schema, options=options) as writer:
        writer.write_table(rows)
    return bytes(sink.getvalue())


def _unpacked(data: bytes, columns: Collection[str] | None) -> pa.Table:
    with pa.ipc.open_stream(data) as reader:
        if columns is None:
            return reader.read_all()
        fields = [place for place, name in enumerate(reader.schema.names) if name in columns]
    with pa.ipc.open_stream(data, options=pa.ipc.IpcReadOptions(included_fields=fields)) as reader:
        return reader.read_all()
