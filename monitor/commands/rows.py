"""Stored records with their labels: those that came with them, and those that came by themselves."""

from collections.abc import Iterable, Iterator
from datetime import datetime

import pyarrow as pa
from sqlalchemy import Connection

from monitor.errors import MonitorError
from monitor.profiles.tables import as_text
from monitor.schedule import window_of
from monitor.steps.labelled import with_labels
from monitor.store.database import Database
from monitor.store.measurements import read_filled
from monitor.store.records import read_records, read_segment, segment_numbers
from monitor.types import Source, Window
from monitor.watch import Watch

READ_ROWS = 2_000_000


def stored_records(connection: Connection, watch: Watch) -> Iterator[pa.Table]:
    """Give all of a model's records in the order of arrival, segment by segment, with their labels."""
    for number in segment_numbers(connection, watch.name):
        yield with_labels(connection, watch, read_segment(connection, number))


def asked_window(database: Database, watch: Watch, at: datetime | None) -> Window:
    """Give the window that holds a time, the newest that was judged where none is named; MonitorError before one is."""
    if at is not None:
        return window_of(at, watch.period)
    with database.read() as connection:
        newest = read_filled(connection, watch.name, most=1)
    if not newest:
        raise MonitorError(f"{watch.name}: no window has been judged yet; `monitor once` makes a pass")
    return newest[0].window


def window_rows(database: Database, watch: Watch, window: Window) -> pa.Table:
    """Give the records of a window that are still kept, with their labels."""
    with database.read() as connection:
        found = read_records(connection, watch.name, window, timestamp=watch.roles.timestamp)
        return _joined([with_labels(connection, watch, rows) for rows in found])


def reference_rows(source: Source) -> pa.Table:
    """Give the first two million rows of a reference, read from its source again."""
    tables, rows = list[pa.Table](), 0
    for batch in source.pull({}):
        tables.append(batch.rows)
        rows += batch.rows.num_rows
        if rows >= READ_ROWS:
            break
    return _joined(tables)


def _joined(tables: list[pa.Table]) -> pa.Table:
    filled = [table for table in tables if table.num_rows]
    schema = common_schema(table.schema for table in filled)
    return pa.concat_tables([fitted(table, schema) for table in filled]) if filled else pa.table({})


def common_schema(schemas: Iterable[pa.Schema]) -> pa.Schema:
    """Give the schema that tables of a model all fit: a column is as wide as it ever was, and text where it changed."""
    types: dict[str, pa.DataType] = {}
    for schema in schemas:
        for field in schema:
            found = _plain(field.type)
            types[field.name] = _wider(types[field.name], found) if field.name in types else found
    return pa.schema(list(types.items()))


def fitted(rows: pa.Table, schema: pa.Schema) -> pa.Table:
    """Give rows in a schema that `common_schema` made; null where they lack a column."""
    columns = [
        _fitted(rows[field.name], field.type) if field.name in rows.column_names else pa.nulls(len(rows), field.type)
        for field in schema
    ]
    return pa.table(columns, schema=schema)


def _plain(kind: pa.DataType) -> pa.DataType:
    return kind.value_type if pa.types.is_dictionary(kind) else kind


def _wider(one: pa.DataType, other: pa.DataType) -> pa.DataType:
    try:
        fields = [pa.schema([("column", kind)]) for kind in (one, other)]
        return pa.unify_schemas(fields, promote_options="permissive").field(0).type
    except (pa.ArrowInvalid, pa.ArrowTypeError):
        return pa.string()


def _fitted(column: pa.ChunkedArray, kind: pa.DataType) -> pa.ChunkedArray:
    try:
        return column.cast(kind)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
        if kind != pa.string():
            raise
        return pa.chunked_array([pa.array([as_text(value) for value in column.to_pylist()], pa.string())])
