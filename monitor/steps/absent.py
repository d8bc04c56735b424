"""Labels that stay out because they mean something: a payment that nobody reports as fraud is none."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pyarrow as pa
from sqlalchemy import Connection

from monitor.profiles.groups import label_groupings
from monitor.profiles.layout import Layout
from monitor.profiles.tables import joined
from monitor.schedule import window_of, windows_between
from monitor.steps.arrivals import slot_hours
from monitor.steps.labels import needed
from monitor.steps.pull import keys_with_days, profiled, with_column
from monitor.store.arrivals import newest_arrival
from monitor.store.cursors import read_cursors, write_cursors
from monitor.store.database import Database
from monitor.store.labels import add_labels, labelled_keys, newest_day
from monitor.store.profiles import add_profiles
from monitor.store.records import read_records, record_span
from monitor.types import Window
from monitor.watch import Watch

UNTIL = "until"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def fill_absent(database: Database, watch: Watch, layout: Layout, *, now: datetime) -> None:
    """Give records the label that stands for none, `max_delay` after their window, as far as labels still come.

    Labels are known up to when the last one came, and to the last record that has another one: once they come no more,
    nothing is said of records since. A label that comes later still and differs goes into quarantine, and a record that
    does gets none.
    """
    value = watch.settings.labels.absent if watch.settings.labels else None
    if value is None or watch.labels is None or watch.roles.id is None:
        return
    for window in _known_to_stay_out(database, watch, value):
        with database.read() as connection:
            rows = _unlabelled(connection, watch, window)
        labels = [(day, key, value) for day, key in keys_with_days(rows, watch)] if rows.num_rows else []
        values = pa.chunked_array([pa.array([value] * rows.num_rows)])
        filled = with_column(rows, str(watch.roles.label), values) if rows.num_rows else rows
        profiles = profiled(watch, layout, filled, label_groupings)
        with database.write() as connection:
            add_labels(connection, watch.name, labels, at=now)
            add_profiles(connection, watch.name, profiles)
            write_cursors(connection, _source(watch), {"": {UNTIL: window.end.isoformat()}})


def _source(watch: Watch) -> str:
    return f"{watch.labels_source}/absent"


def _known_to_stay_out(database: Database, watch: Watch, value: object) -> Iterator[Window]:
    """Give the windows of which no more labels will come, from where it was done before."""
    delay = watch.settings.labels.max_delay if watch.settings.labels else None
    with database.read() as connection:
        span = record_span(connection, watch.name)
        came = newest_arrival(connection, watch.name, slot_hours(watch.base))
        newest = newest_day(connection, watch.name, other_than=value)
        before = read_cursors(connection, _source(watch)).get("")
    if span is None or came is None or delay is None or newest is None:
        return
    # what was found together after a stop does not say when it came: behind the last label none stands for anything
    known = min(came - delay, _EPOCH + timedelta(days=newest + 1))
    first, last = span[0], window_of(known, watch.period).start
    if before is not None:
        first = max(first, datetime.fromisoformat(str(before[UNTIL])))
    if first < last:
        yield from windows_between(first, last, watch.period)


def _unlabelled(connection: Connection, watch: Watch, window: Window) -> pa.Table:
    """Give the records of a window that have an id and no label."""
    days = range((window.start - _EPOCH).days, (window.end - _EPOCH).days + 1)
    known, columns = labelled_keys(connection, watch.name, days), sorted(needed(watch))
    found = []
    for rows in read_records(connection, watch.name, window, timestamp=watch.roles.timestamp, columns=columns):
        named = rows.filter(rows[str(watch.roles.id)].is_valid())
        fresh = [key not in known for key in keys_with_days(named, watch)]
        found.append(named.filter(pa.array(fresh, pa.bool_())))
    return joined(kept) if (kept := [rows for rows in found if rows.num_rows]) else pa.table({})
