"""What a column of vectors holds instead, where its values count as invalid: how long most of its lists are."""

from collections.abc import Sequence
from dataclasses import replace

import pyarrow as pa
from sqlalchemy import Connection

from monitor.alerts.finding import Finding
from monitor.detectors.quality import invalid_share
from monitor.profiles.layout import Layout
from monitor.profiles.reading import vectors, width_of
from monitor.profiles.tables import joined
from monitor.store.database import Database
from monitor.store.records import read_records
from monitor.types import Window


def with_lengths(
    database: Database, model: str, stepped: Sequence[Finding], layout: Layout, window: Window
) -> list[Finding]:
    """Give a window's findings, those about invalid vectors with the length of most of these, where it is another one.

    Nothing is added where the records are not kept any more.
    """
    vectors_of = {one.name: one.width for one in layout.columns if one.kind == "vector"}
    asked = {f.column for f in stepped if f.detector == invalid_share.NAME and f.breaches} & vectors_of.keys()
    if not asked:
        return list(stepped)
    with database.read() as connection:
        held = {name: _length(connection, model, name, window, layout) for name in asked}
    shown = {name: {"length": held[name], "usual_length": vectors_of[name]} for name in asked if held[name]}
    return [
        replace(f, evidence={**f.evidence, **shown[f.column]})
        if f.detector == invalid_share.NAME and f.column in shown
        else f
        for f in stepped
    ]


def _length(connection: Connection, model: str, name: str, window: Window, layout: Layout) -> int:
    """Give the length of most of a column's invalid lists; 0 where it is the reference's, or where there is none."""
    width = layout.by_name[name].width
    read = read_records(connection, model, window, timestamp=layout.roles.timestamp, columns=[name])
    parts = [rows.select([name]) for rows in read if rows.num_rows and name in rows.column_names]
    if not parts:
        return 0
    column = joined(parts)[name]
    found = width_of(column.filter(pa.array(vectors(column, width)[1])))
    return 0 if found == width else found
