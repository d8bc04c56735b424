"""Stored records with their labels: those that came with them, and those that came by themselves."""

import pyarrow as pa
from sqlalchemy import Connection

from monitor.profiles.tables import as_text
from monitor.steps.pull import column_of, keys_with_days, with_column
from monitor.store.labels import read_labels
from monitor.watch import Watch


def with_labels(connection: Connection, watch: Watch, rows: pa.Table) -> pa.Table:
    """Give records with the labels that came by themselves; null where none has come yet."""
    label = watch.roles.label
    if watch.labels is None or watch.roles.id is None or label is None or not rows.num_rows:
        return rows
    keys = keys_with_days(rows, watch)
    known = read_labels(connection, watch.name, keys)
    before = rows[label].to_pylist() if label in rows.column_names else [None] * rows.num_rows
    values = [known.get(key, value) for key, value in zip(keys, before, strict=True)]
    return with_column(rows, label, pa.chunked_array([array_of(values)]))


def labelled_rows(connection: Connection, watch: Watch, rows: pa.Table) -> pa.Table:
    """Give those of the records whose labels have come by themselves, with these; the model has ids and labels."""
    keys = keys_with_days(rows, watch)
    known = read_labels(connection, watch.name, keys)
    places = [place for place, key in enumerate(keys) if key in known]
    values = column_of([known[keys[place]] for place in places])
    return with_column(rows.take(pa.array(places, pa.int64())), str(watch.roles.label), values)


def array_of(values: list[object]) -> pa.Array:
    """Give values as an array; as text when they are of several kinds."""
    try:
        return pa.array(values)
    except (pa.ArrowInvalid, pa.ArrowTypeError):
        return pa.array([as_text(value) for value in values])
