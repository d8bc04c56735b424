"""Stored records with their labels: those that came with them, and those that came by themselves."""

from collections.abc import Sequence

import pyarrow as pa
from sqlalchemy import Connection

from monitor.profiles.tables import as_text
from monitor.steps.pull import column_of, keys_with_days, with_column
from monitor.store.labels import Key, read_contributors, read_labels
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


def labelled_rows(connection: Connection, watch: Watch, rows: pa.Table, *, signed: bool = False) -> pa.Table:
    """Give those of the records whose labels have come by themselves, with these; the model has ids and labels.

    signed: where a contributor is named, with who gave each, as far as it came with the label or stands in the record.
    """
    keys = keys_with_days(rows, watch)
    known = read_labels(connection, watch.name, keys)
    places = [place for place, key in enumerate(keys) if key in known]
    values = column_of([known[keys[place]] for place in places])
    found = with_column(rows.take(pa.array(places, pa.int64())), str(watch.roles.label), values)
    role = watch.roles.contributor if signed else None
    return found if role is None else _with_contributors(connection, watch, found, role, [keys[one] for one in places])


def _with_contributors(
    connection: Connection, watch: Watch, rows: pa.Table, role: str, keys: Sequence[tuple[int, Key]]
) -> pa.Table:
    told = read_contributors(connection, watch.name, keys)
    stands = rows[role].cast(pa.string()).to_pylist() if role in rows.column_names else [None] * rows.num_rows
    names = [told.get(key, before) for key, before in zip(keys, stands, strict=True)]
    return with_column(rows, role, pa.chunked_array([pa.array(names, pa.string())]))


def array_of(values: list[object]) -> pa.Array:
    """Give values as an array; as text when they are of several kinds."""
    try:
        return pa.array(values)
    except (pa.ArrowInvalid, pa.ArrowTypeError):
        return pa.array([as_text(value) for value in values])
