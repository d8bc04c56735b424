"""Pull labels that come by themselves: find their records, join them, add them to the windows they belong to."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial
from math import isnan

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from sqlalchemy import Connection

from monitor.admission import admit_labels, excerpt
from monitor.errors import SourceError
from monitor.profiles.groups import label_groupings
from monitor.profiles.layout import Layout
from monitor.profiles.tables import as_listed, joined
from monitor.steps.arrivals import Looked, labels_clock, note_arrivals
from monitor.steps.gather import Gathered
from monitor.steps.pull import OnRows, drained, profiled, with_column
from monitor.store.cursors import count_rows, note_known, read_source, write_cursors
from monitor.store.database import Database
from monitor.store.labels import WAITING, Key, Place, add_labels, find_records, keys_of, read_labels, record_days
from monitor.store.profiles import add_profiles
from monitor.store.records import quarantine_rows, read_segment
from monitor.timestamps import microseconds, times_of
from monitor.types import Batch, Rejected
from monitor.watch import Watch

_NO_LABEL = "no label"
_WRITTEN = "\0written"


@dataclass(frozen=True)
class _Arrived:
    """Labels: for each row its id, label, key and who gave it; for keys of known records, their day and segment."""

    batches: Gathered
    ids: pa.ChunkedArray
    values: pa.ChunkedArray
    keys: list[Key]
    places: Mapping[Key, Place]
    contributors: Sequence[str | None] = ()

    def day(self, key: Key) -> int:
        """Give the day of a label's record."""
        return self.places[key][0] if key in self.places else WAITING

    def given_by(self, fresh: Mapping[Key, int]) -> dict[Key, str]:
        """Give who gave the new labels, where that is known."""
        named = {key: self.contributors[at] for key, at in fresh.items()} if self.contributors else {}
        return {key: name for key, name in named.items() if name is not None}


@dataclass
class _Sorted:
    """Which rows are new labels, by key, and those that cannot be taken; the others are repeats."""

    fresh: dict[Key, int] = field(default_factory=dict)
    rejected: list[Rejected] = field(default_factory=list)


def pull_labels(database: Database, watch: Watch, layout: Layout, *, now: datetime, on_rows: OnRows) -> str:
    """Take every new label of a model; give why its source stands still, or the empty text."""
    if watch.labels is None:
        return ""

    with database.read() as connection:
        days = list(record_days(connection, watch.name))
        clock = labels_clock(connection, watch.name, watch.period)
        looked = Looked(clock or now, read_source(connection, watch.labels_source).known_until)

    def take(batches: Gathered) -> None:
        nearest = take_labels(database, watch, layout, batches, days, now=now, looked=looked)
        days.sort(key=lambda day: abs(day - nearest))
        on_rows(batches.read)

    admitted = partial(_with_columns, watch)
    problem = drained(database, watch.labels_source, watch.labels, take, now=now, admitted=admitted)
    if not problem and clock is not None and clock != looked.before:
        with database.write() as connection:
            note_known(connection, watch.labels_source, until=clock)
    return problem


def take_labels(
    database: Database,
    watch: Watch,
    layout: Layout,
    batches: Gathered,
    days: Sequence[int],
    *,
    now: datetime,
    looked: Looked,
) -> int:
    """Store labels, and add those whose record is known to its window, in one transaction.

    days: those that have records, in the order in which records are looked for. Gives the day near which most of the
    records were found, because the next labels' records will be near it too. looked: when, by the records' clock.
    """
    name, source = watch.name, watch.labels_source
    ids, values = _columns(batches.rows, watch)
    keys = keys_of(ids)
    with database.read() as connection:
        places, whose = find_records(connection, name, keys, days), _contributors(batches.rows, watch)
        arrived = _Arrived(batches, ids, values, keys, places, whose)
        absent = watch.settings.labels.absent if watch.settings.labels else None
        found = _sorted(connection, name, arrived, absent=absent)
        rows = _joined(connection, watch, arrived, found.fresh)
    profiles = profiled(watch, layout, rows, label_groupings)
    rejected = [*batches.rejected, *found.rejected]
    labels = [(arrived.day(key), key, values[at].as_py()) for key, at in found.fresh.items()]
    with database.write() as connection:
        add_labels(connection, name, labels, at=now, given_by=arrived.given_by(found.fresh))
        add_profiles(connection, name, profiles)
        if rows.num_rows:
            _came(connection, watch, rows, looked)
        repeats = watch.labels is not None and watch.labels.repeats
        kept = quarantine_rows(connection, source, rejected, now=now, repeats=repeats)
        count_rows(
            connection,
            source,
            stored=len(labels),
            quarantined=len(kept),
            repeated=batches.read - len(labels) - len(kept),
            # a label may be written before it is known
            blameless=sum(one.reason == _NO_LABEL for one in kept),
        )
        write_cursors(connection, source, batches.cursors)
    found_on = sorted(day for day, _ in arrived.places.values())
    return found_on[len(found_on) // 2] if found_on else next(iter(days), 0)


def _with_columns(watch: Watch, batch: Batch) -> Batch:
    """Give a batch that has ids and labels, or no rows. Raises SourceError where one of the columns is not there."""
    listed = watch.settings.labels.present if watch.settings.labels else None
    batch = replace(batch, rows=as_listed(batch.rows, watch.roles.label, listed))
    names = batch.rows.column_names
    absent = [name for name in (watch.roles.id, watch.roles.label) if name not in names]
    if "labels" in watch.pushed and batch.rows.num_rows:
        # What was pushed cannot be mended any more.
        for name in absent:
            batch = replace(batch, rows=batch.rows.append_column(str(name), pa.nulls(batch.rows.num_rows)))
        return admit_labels(batch, watch.roles)
    if absent and batch.rows.num_rows:
        raise SourceError(f"{batch.shard}: labels have no column {absent[0]!r}, only {', '.join(names)}")
    return replace(batch, rows=pa.table({})) if absent else admit_labels(batch, watch.roles)


def _columns(rows: pa.Table, watch: Watch) -> tuple[pa.ChunkedArray, pa.ChunkedArray]:
    if not rows.num_columns:
        return pa.chunked_array([], pa.string()), pa.chunked_array([], pa.null())
    return rows[watch.roles.id].cast(pa.string()), rows[watch.roles.label]


def _contributors(rows: pa.Table, watch: Watch) -> list[str | None]:
    role = watch.roles.contributor
    return rows[role].cast(pa.string()).to_pylist() if role in rows.column_names else []


def _sorted(connection: Connection, name: str, arrived: _Arrived, *, absent: object = None) -> _Sorted:
    kept = read_labels(connection, name, {(arrived.day(key), key) for key in arrived.keys})
    known = {key: value for (_, key), value in kept.items()}
    found, labels, nameless = _Sorted(), arrived.values.to_pylist(), arrived.ids.is_null().to_pylist()
    for at, (key, value) in enumerate(zip(arrived.keys, labels, strict=True)):
        first = known.get(key, as_kept(labels[found.fresh[key]]) if key in found.fresh else None)
        if nameless[at]:
            found.rejected.append(_rejected(arrived.batches, at, "no id"))
        elif value is None or (isinstance(value, float) and isnan(value)):
            found.rejected.append(_rejected(arrived.batches, at, _NO_LABEL))
        elif first is None:
            found.fresh[key] = at
        elif as_kept(value) != first:
            stood = absent is not None and first == as_kept(absent)
            came = f"{first!r}, as of a record whose label is absent after max_delay," if stood else f"{first!r}"
            reason = f"the label was {came} before; the first one counts"
            found.rejected.append(_rejected(arrived.batches, at, reason))
    return found


def as_kept(value: object) -> object:
    """Give a label as it comes back from the store."""
    return value if isinstance(value, str | bool | int) else json.loads(json.dumps(value, default=str))


def _joined(connection: Connection, watch: Watch, arrived: _Arrived, fresh: Mapping[Key, int]) -> pa.Table:
    """Give the records of new labels with these, and with when they were written where the source says so."""
    known = {key: at for key, at in fresh.items() if key in arrived.places}
    at = pa.array(known.values(), pa.int64())
    ids, values, written = arrived.ids.take(at), arrived.values.take(at), _written(watch, arrived.batches.rows)
    tables = []
    for segment in sorted({arrived.places[key][1] for key in known}):
        rows = read_segment(connection, segment, columns=needed(watch))
        where = pc.index_in(rows[str(watch.roles.id)].cast(pa.string()), value_set=ids.combine_chunks())
        rows, where = rows.filter(pc.is_valid(where)), where.drop_null()
        rows = with_column(rows, str(watch.roles.label), values.take(where))
        tables.append(rows if written is None else with_column(rows, _WRITTEN, written.take(at).take(where)))
    return joined(tables) if tables else pa.table({})


def _written(watch: Watch, rows: pa.Table) -> pa.ChunkedArray | None:
    """Give when labels were written, in microseconds; None where their source has no time in its order."""
    order = watch.settings.labels.cursor if watch.settings.labels else ()
    if len(order) < 2 or order[0] not in rows.column_names:
        return None
    return times_of(rows[order[0]], watch.roles.zone).cast(pa.int64())


def _came(connection: Connection, watch: Watch, rows: pa.Table, looked: Looked) -> None:
    """Count when the labels of these records came."""
    records = times_of(rows[watch.roles.timestamp]).cast(pa.int64()).to_numpy()
    unknown = microseconds(looked.clock)
    written = rows[_WRITTEN].fill_null(unknown).to_numpy() if _WRITTEN in rows.column_names else np.empty(0, np.int64)
    note_arrivals(connection, watch.name, watch.base, looked, records=records, written=written)


def needed(watch: Watch) -> set[str]:
    """Name the columns of a record that its label is joined with."""
    roles = watch.roles
    one = {roles.timestamp, roles.id, roles.prediction, roles.version} - {None}
    return {*map(str, one), *roles.scores, *roles.segments, *roles.sensitive}


def _rejected(batches: Gathered, at: int, reason: str) -> Rejected:
    return Rejected(batches.place(at), reason, excerpt(batches.rows, at))
