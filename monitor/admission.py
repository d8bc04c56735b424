"""Decide which rows of a batch are taken: times made alike, unusable rows turned away, a changed source stopped."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import islice

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from monitor.errors import SourceStopped
from monitor.names import Fault, named, with_short_names, without_nul, without_views
from monitor.profiles.reading import type_of
from monitor.timestamps import decoded, flags, microseconds, times_of
from monitor.types import KEPT_CHARS, Batch, Rejected, Roles

AHEAD = timedelta(hours=1)
STOP_ROWS, STOP_SHARE = 200, 0.05
VALUE_CHARS = 80

_MEND = "mend the source or the configured columns"


def admit(
    batch: Batch, roles: Roles, *, now: datetime, types: Mapping[str, str | None] | None = None, stops: bool = True
) -> Batch:
    """Give the batch with aware UTC times in microseconds, the unusable rows moved to `rejected`; `read` stays.

    A time may be written in any way that `times_of` reads. A row is turned away when its time is missing, unreadable,
    not after the first moment of 1970 or more than an hour after `now`, when its id is missing, when a text is not
    UTF-8, and when its id, client, version, a segment or a group is no name (see `named`).
    `types` is the class of the type of each column the source is known to have ("number", "text", ...), None where only
    its name is known; it only names what changed, and may be missing. stops: whether many unusable rows stop the
    source; where not, they are turned away however many they are, as where nobody could mend what was sent.

    Raises SourceStopped, with nothing taken, when the column of times or of ids is gone, and when more than 5 % of the
    rows read, and more than 10 of them, are unusable, the source's own rejections included; of rows that come apart
    from the good ones, from 200 on.
    """
    rows, types = batch.rows, types or {}
    if not rows.num_rows:
        if stops:
            _stop_if_many(batch, (), types)
        return batch
    for name in filter(None, (roles.timestamp, roles.id)):
        if not stops and name not in rows.column_names:
            rows = rows.append_column(name, pa.nulls(rows.num_rows))
        if rows.column_names.count(name) != 1:
            raise _gone(batch, name, types)
    rows = without_views(rows)
    batch = replace(batch, rows=rows)
    times = times_of(rows[roles.timestamp], roles.zone)
    faults = [*_text_faults(rows), *_time_faults(rows, times, roles.timestamp, now=now)]
    rows, nameless = named(rows, roles)
    faults += [*nameless, *_id_faults(rows, roles.id)]
    if stops:
        _stop_if_many(batch, faults, types)
    rows = rows.set_column(rows.column_names.index(roles.timestamp), roles.timestamp, times)
    after = _parted(batch, rows, faults)
    return replace(after, rows=with_short_names(without_nul(after.rows), roles))


def admit_labels(batch: Batch, roles: Roles) -> Batch:
    """Give a batch of labels, which need no time, without the rows whose id or contributor names nothing.

    Those are moved to `rejected`.
    """
    batch = replace(batch, rows=without_views(batch.rows))
    ids = replace(roles, client=None, version=None, segments=(), sensitive=())
    rows, faults = named(batch.rows, ids)
    after = _parted(batch, rows, [*_text_faults(batch.rows), *faults])
    return replace(after, rows=with_short_names(without_nul(after.rows), ids))


def _parted(batch: Batch, rows: pa.Table, faults: Sequence[Fault]) -> Batch:
    """Give a batch's rows as they are taken, those without faults; the others are told as they came."""
    if not faults:
        return replace(batch, rows=rows)
    kept = np.ones(rows.num_rows, dtype=bool)
    kept[_bad_rows(faults)] = False
    rows = without_words(rows.filter(pa.array(kept)), {fault.column for fault in faults})
    return replace(batch, rows=rows, rejected=(*batch.rejected, *_rejections(batch, faults)))


def bad_text(column: pa.ChunkedArray) -> NDArray[np.int64]:
    """Give the rows of a text column that are not UTF-8, counted from 0; none for a column of any other type."""
    kind = column.type.value_type if pa.types.is_dictionary(column.type) else column.type
    if type_of(kind) != "text" or _is_valid(column):
        return np.empty(0, dtype=np.int64)
    values = column.cast(pa.large_binary()).to_pylist()
    return np.flatnonzero([value is not None and not _is_utf8(value) for value in values])


def without_words(rows: pa.Table, names: Iterable[str]) -> pa.Table:
    """Give the rows with these columns without a dictionary, which keeps its words whichever rows are left."""
    for name in names:
        place = rows.column_names.index(name)
        rows = rows.set_column(place, name, decoded(rows[name]))
    return rows


def _is_valid(column: pa.ChunkedArray) -> bool:
    try:
        column.validate(full=True)
        for chunk in column.chunks if pa.types.is_dictionary(column.type) else ():
            chunk.dictionary.validate(full=True)
    except pa.ArrowInvalid:
        return False
    return True


def _is_utf8(value: bytes) -> bool:
    try:
        value.decode()
    except UnicodeDecodeError:
        return False
    return True


def _text_faults(rows: pa.Table) -> Iterator[Fault]:
    for name, column in zip(rows.column_names, rows.columns, strict=True):
        if (bad := bad_text(column)).size:
            yield Fault(name, bad, "is not UTF-8; send text as UTF-8")


def _time_faults(rows: pa.Table, times: pa.ChunkedArray, name: str, *, now: datetime) -> Iterator[Fault]:
    span = pc.min_max(times.cast(pa.int64())).as_py()
    latest = microseconds(now + AHEAD)
    if times.null_count:
        missing = flags(rows[name].is_null())
        yield Fault(name, np.flatnonzero(missing), "is missing; every record needs its time")
        unread = flags(times.is_null()) & ~missing
        yield Fault(name, np.flatnonzero(unread), "is no time; write ISO 8601 or the seconds since 1970")
    if span["max"] is None or (span["min"] > 0 and span["max"] <= latest):
        return
    values = times.cast(pa.int64()).fill_null(1).to_numpy()
    ahead = f"is more than 1 h after {now:%Y-%m-%dT%H:%M:%S%z}; check the sender's clock, zone and unit"
    yield Fault(name, np.flatnonzero(values > latest), ahead)
    yield Fault(name, np.flatnonzero(values < 0), "is before 1970; check the unit")
    unset = "is 1970-01-01T00:00:00, the zero of clocks, which stands for no time; send when the record was made"
    yield Fault(name, np.flatnonzero(values == 0), unset)


def _id_faults(rows: pa.Table, name: str | None) -> Iterator[Fault]:
    if name is None:
        return
    column = decoded(rows[name])
    bad = flags(column.is_null(nan_is_null=True)) if column.null_count or pa.types.is_floating(column.type) else None
    if type_of(column.type) == "text" and pc.min(pc.binary_length(column)).as_py() == 0:
        empty = flags(pc.equal(pc.binary_length(column), 0))
        bad = empty if bad is None else bad | empty
    if bad is not None and bad.any():
        yield Fault(name, np.flatnonzero(bad), "is missing; every record needs its id")


def _bad_rows(faults: Sequence[Fault]) -> NDArray[np.int64]:
    return np.unique(np.concatenate([fault.rows for fault in faults])) if faults else np.empty(0, dtype=np.int64)


def too_many(bad: int, read: int) -> bool:
    """Say whether so many bad rows of those read are no accident: more than 5 %, and more than 10."""
    # A twentieth of a small batch is no row or two, which may be bad anywhere; all rows of a small file are not.
    return bad > STOP_SHARE * max(read, STOP_ROWS)


def _stop_if_many(batch: Batch, faults: Sequence[Fault], types: Mapping[str, str | None]) -> None:
    bad = len(batch.rejected) + _bad_rows(faults).size
    if not too_many(bad, batch.read) or (batch.apart and batch.read < STOP_ROWS):
        return
    example = next(iter(batch.rejected), None) or next(_rejections(batch, faults))
    changes = _changes(batch.rows, types) if batch.rows.num_rows else {}
    columns = tuple(dict.fromkeys((*changes, *(fault.column for fault in faults if fault.rows.size))))
    raise SourceStopped(
        f"{batch.shard}: {bad} of {batch.read} rows cannot be taken, for example {example.position}: {example.reason}"
        f"{_told(changes)}; nothing of the batch was taken, the cursor stays; {_MEND}",
        columns=columns,
    )


def _gone(batch: Batch, name: str, types: Mapping[str, str | None]) -> SourceStopped:
    problem = "is there twice" if name in batch.rows.column_names else "is gone"
    changes = {name: problem, **_changes(batch.rows, types)}
    return SourceStopped(
        f"{batch.shard}: column {name!r}, which every record needs, {problem}; the batch has "
        f"{', '.join(map(repr, batch.rows.column_names)) or 'no columns'}{_told(changes)}; nothing of the batch was "
        f"taken, the cursor stays; {_MEND}",
        columns=tuple(changes),
    )


def _changes(rows: pa.Table, types: Mapping[str, str | None]) -> dict[str, str]:
    found = dict(zip(rows.column_names, map(type_of, rows.schema.types), strict=True))
    changes = {name: "is gone" for name, known in types.items() if known and name not in found}
    for name, kind in found.items():
        if rows.column_names.count(name) > 1:
            changes[name] = "is there twice"
        elif rows[name].null_count == rows.num_rows:
            changes[name] = "has no value"
        elif types and name not in types:
            changes[name] = "is new"
        elif types and types[name] not in (None, kind):
            changes[name] = f"was {types[name]}, is {kind}"
    return changes


def _told(changes: Mapping[str, str]) -> str:
    return f"; changed: {', '.join(f'{name!r} {change}' for name, change in changes.items())}" if changes else ""


def _rejections(batch: Batch, faults: Sequence[Fault]) -> Iterator[Rejected]:
    first: dict[int, Fault] = {}
    for fault in faults:
        for row in fault.rows.tolist():
            first.setdefault(row, fault)
    for row, fault in sorted(first.items(), key=lambda pair: pair[0]):
        shown = _shown(batch.rows[fault.column][row])
        value = "" if shown is None or shown == "" else f" {str(shown)[:VALUE_CHARS]!r}"
        position = f"{batch.shard} row {row + 1} of the batch"
        yield Rejected(position, f"{fault.column!r}{value} {fault.reason}", excerpt(batch.rows, row))


def excerpt(rows: pa.Table, row: int) -> str:
    """Give a row as JSON, as much of it as is kept in quarantine."""
    # No row needs more columns than characters to fill what is kept.
    cells = islice(zip(rows.column_names, rows.columns, strict=True), KEPT_CHARS)
    return json.dumps({name: _shown(column[row]) for name, column in cells}, ensure_ascii=False)[:KEPT_CHARS]


def _shown(cell: pa.Scalar) -> object:
    """Give a value as JSON can hold it, whatever it is: a time beyond Python's years, text that is not UTF-8."""
    if isinstance(cell, pa.DictionaryScalar):
        cell = cell.value
    if not cell.is_valid:
        return None
    if type_of(cell.type) == "text":
        return cell.as_buffer().to_pybytes().decode(errors="replace").replace("\0", "\ufffd")[:KEPT_CHARS]
    try:
        value = cell.as_py()
    except (ValueError, OverflowError):
        return str(getattr(cell, "value", None))
    return value if isinstance(value, int | float) else str(value)[:KEPT_CHARS]
