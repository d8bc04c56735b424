"""Stored records with their labels: those that came with them, and those that came by themselves."""

import pyarrow as pa
from sqlalchemy import Connection

from monitor.steps.pull import keys_with_days, with_column
from monitor.steps.tables import as_text
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


def array_of(values: list[object]) -> pa.Array:
    """Give values as an array; as text when they are of several kinds."""
    try:
        return pa.array(values)
    except (pa.ArrowInvalid, pa.ArrowTypeError):
        return pa.array([as_text(value) for value in values])
