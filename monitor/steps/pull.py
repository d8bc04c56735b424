"""Pull records: fetch, admit, drop repeats, profile; then one transaction stores rows, profiles and cursor."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial

import numpy as np
import pyarrow as pa

from monitor.admission import admit
from monitor.errors import SourceEmpty, SourceError
from monitor.profiles.groups import label_groupings, profile_groupings
from monitor.profiles.layout import Layout
from monitor.profiles.profile import Profile
from monitor.steps.arrivals import count_settled
from monitor.steps.gather import Gathered, gathered
from monitor.steps.slices import Summing, sliced
from monitor.steps.tracking import Tracking
from monitor.store.cursors import count_rows, note_drained, note_empty, note_problem, read_cursors, write_cursors
from monitor.store.database import Database
from monitor.store.labels import Key, add_keys, keys_of, known_keys, settle_labels, waiting_labels
from monitor.store.profiles import Slice, add_profiles
from monitor.store.records import append_records, pack_records, quarantine_rows
from monitor.types import Batch, Source
from monitor.watch import Watch

OnRows = Callable[[int], None]
_DAY = 86_400_000_000


@dataclass(frozen=True)
class Fresh:
    """Rows that were read without those that are stored already; `keys` are empty where records have none."""

    rows: pa.Table
    keys: list[tuple[int, Key]]
    repeated: int = 0


def pull_records(database: Database, watch: Watch, layout: Layout | None, *, now: datetime, on_rows: OnRows) -> str:
    """Take everything new from a model's source; give why it stands still, or the empty text."""
    tracking = Tracking(database, watch)

    def take(batches: Gathered) -> None:
        take_records(database, watch, layout, batches, now=now, tracking=tracking)
        on_rows(batches.read)

    admitted = partial(admitted_by, watch, now=now, types=known_types(layout) if layout else None)
    return drained(database, watch.records_source, watch.source, take, now=now, admitted=admitted)


def admitted_by(watch: Watch, batch: Batch, *, now: datetime, types: Mapping[str, str | None] | None = None) -> Batch:
    """Admit a batch of a model's records; types: of the reference's columns, to name what changed."""
    # What was pushed cannot be mended any more: whoever sent too many bad rows was refused at the door.
    return admit(batch, watch.roles, now=now, types=types, stops=not watch.settings.source.push)


def known_types(layout: Layout) -> dict[str, str | None]:
    """Give the columns that records are known to have and the classes of their types, None where these are not known.

    Of labels only the name is known, since they may come by themselves.
    """
    derived = {name for one in layout.derivations for name in one.names}
    typed = {one.name: one.type for one in layout.columns if one.role != "label"}
    return {name: typed.get(name) for name in sorted(layout.known - derived)}


def drained(
    database: Database,
    name: str,
    source: Source,
    take: Callable[[Gathered], None],
    *,
    now: datetime,
    admitted: Callable[[Batch], Batch],
) -> str:
    """Pull a source to its end and note it, or why it could not be; what was taken until then stays taken."""
    with database.read() as connection:
        cursors = read_cursors(connection, name)
    try:
        for batches in gathered(source.pull(cursors), admitted=admitted):
            take(batches)
    except SourceEmpty:
        with database.write() as connection:
            note_empty(connection, name, at=now)
        return ""
    except SourceError as error:
        with database.write() as connection:
            note_problem(connection, name, str(error))
        return str(error)
    with database.write() as connection:
        note_drained(connection, name, at=now)
    return ""


def take_records(
    database: Database,
    watch: Watch,
    layout: Layout | None,
    batches: Gathered,
    *,
    now: datetime,
    tracking: Tracking | None = None,
) -> None:
    """Store admitted batches, with all that follows from them, in one transaction.

    Without a layout, before there is a reference, records are only stored, and profiled and followed when there is one.
    tracking: how far queries have been followed in this pass; read from the store where it is not given.
    """
    fresh, rejected = _fresh(database, watch, batches.rows), batches.rejected
    profiles = profiled(watch, layout, fresh.rows, profile_groupings)
    tracking = tracking or Tracking(database, watch)
    tracked = None if layout is None else tracking.follow(fresh.rows)
    packed = pack_records(fresh.rows, timestamp=watch.roles.timestamp) if fresh.rows.num_rows else None
    name, source = watch.name, watch.records_source
    with database.write() as connection:
        if packed:
            segment = append_records(connection, name, packed)
            add_keys(connection, name, fresh.keys, segment)
            add_profiles(connection, name, profiles)
        if tracked:
            tracked.write(connection, name)
        if watch.labels and fresh.keys:
            waited = waiting_labels(connection, name, [key for _, key in fresh.keys])
            rows = _labelled(fresh, waited, str(watch.roles.label))
            add_profiles(connection, name, profiled(watch, layout, rows, label_groupings))
            if rows.num_rows:
                count_settled(connection, name, watch.base, watch.period, rows[watch.roles.timestamp])
            settle_labels(connection, name, {key: day for day, key in fresh.keys if key in waited})
        kept = quarantine_rows(connection, source, rejected, now=now, repeats=watch.source.repeats)
        count_rows(
            connection,
            source,
            stored=fresh.rows.num_rows,
            quarantined=len(kept),
            repeated=fresh.repeated + len(rejected) - len(kept),
        )
        write_cursors(connection, source, batches.cursors)
    tracking.accept(tracked)


def _fresh(database: Database, watch: Watch, rows: pa.Table) -> Fresh:
    if not watch.keyed or not rows.num_rows:
        return Fresh(rows, [])
    keys = keys_with_days(rows, watch)
    with database.read() as connection:
        seen = known_keys(connection, watch.name, keys)
    first = {key: place for place, key in reversed(list(enumerate(keys))) if key not in seen}
    places = sorted(first.values())
    if len(places) == len(keys):
        return Fresh(rows, keys)
    return Fresh(rows.take(pa.array(places, pa.int64())), [keys[place] for place in places], len(keys) - len(places))


def keys_with_days(rows: pa.Table, watch: Watch) -> list[tuple[int, Key]]:
    """Give (day since 1970, key) of every record of a model that has ids."""
    micros = rows[watch.roles.timestamp].cast(pa.timestamp("us", "UTC")).cast(pa.int64())
    days = np.asarray(micros.to_numpy()) // _DAY
    return list(zip(days.tolist(), keys_of(rows[str(watch.roles.id)]), strict=True))


def profiled(watch: Watch, layout: Layout | None, rows: pa.Table, summing: Summing) -> dict[Slice, Profile]:
    """Sum rows up by the windows and parts of the traffic that they belong to; nothing without a layout."""
    if layout is None or not rows.num_rows:
        return {}
    return sliced(rows, layout, summing, base=watch.base, segment_values=watch.settings.segment_values)


def _labelled(fresh: Fresh, waited: Mapping[Key, object], label: str) -> pa.Table:
    places = [place for place, (_, key) in enumerate(fresh.keys) if key in waited]
    labels = [waited[fresh.keys[place][1]] for place in places]
    return with_column(fresh.rows.take(pa.array(places, pa.int64())), label, column_of(labels))


def column_of(labels: Sequence[object]) -> pa.ChunkedArray:
    """Give stored labels as a column; as text where they came with several types."""
    try:
        return pa.chunked_array([pa.array(labels)])
    except (pa.ArrowInvalid, pa.ArrowTypeError):
        return pa.chunked_array([pa.array(map(str, labels), pa.string())])


def with_column(rows: pa.Table, name: str, values: pa.ChunkedArray) -> pa.Table:
    """Give the rows with a column put in, in the place of one of the same name if there is one."""
    kept = [column for column in rows.column_names if column != name]
    return rows.select(kept).append_column(name, values)
