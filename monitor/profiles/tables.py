"""Tables as they come: columns of different types made one, rows chosen by what a column says as text."""

import json
from collections.abc import Collection, Sequence

import pyarrow as pa
import pyarrow.compute as pc


def joined(tables: Sequence[pa.Table]) -> pa.Table:
    """Put tables below each other; a column whose types do not go together becomes text, and none is lost."""
    try:
        return pa.concat_tables(tables, promote_options="permissive")
    except (pa.ArrowInvalid, pa.ArrowTypeError):
        odd = {name for table in tables for name in table.column_names if not _agree(tables, name)}
        return pa.concat_tables([_with_texts(table, odd) for table in tables], promote_options="permissive")


def rows_with(table: pa.Table, column: str, text: str) -> pa.Table:
    """Give the rows in which a column, written as text, is this one."""
    return table.filter(pc.equal(table[column].cast(pa.string()), text))


def rows_without(table: pa.Table, column: str, texts: Collection[str]) -> pa.Table:
    """Give the rows in which a column, written as text, is none of these."""
    return table.filter(pc.invert(pc.is_in(table[column].cast(pa.string()), pa.array(sorted(texts), pa.string()))))


def as_listed(rows: pa.Table, label: str | None, value: object) -> pa.Table:
    """Give the rows of a table that lists records of one class with that as their label, where it has no such column.

    >>> as_listed(pa.table({"id": ["a", "b"]}), "fraud", 1)["fraud"].to_pylist()
    [1, 1]
    """
    if value is None or label is None or label in rows.column_names or not rows.num_columns:
        return rows
    return rows.append_column(label, pa.array([value] * rows.num_rows))


def _agree(tables: Sequence[pa.Table], name: str) -> bool:
    held = [pa.schema([table.schema.field(name)]) for table in tables if name in table.column_names]
    try:
        pa.unify_schemas(held, promote_options="permissive")
    except (pa.ArrowInvalid, pa.ArrowTypeError):
        return False
    return True


def _with_texts(table: pa.Table, names: set[str]) -> pa.Table:
    for name in names & set(table.column_names):
        texts = pa.array([as_text(value) for value in table[name].to_pylist()], pa.string())
        table = table.set_column(table.column_names.index(name), name, texts)
    return table


def as_text(value: object) -> str | None:
    """Write a value as text, as JSON unless it is one; None stays."""
    return value if value is None or isinstance(value, str) else json.dumps(value, default=str)
