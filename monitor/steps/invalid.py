"""What a column of vectors or texts holds instead, where its values count as invalid."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pyarrow as pa
from sqlalchemy import Connection

from monitor.alerts.finding import Finding
from monitor.detectors.quality import invalid_share
from monitor.profiles.characters import garbled
from monitor.profiles.layout import Column, Layout
from monitor.profiles.reading import type_of, vectors, width_of, zeros
from monitor.profiles.tables import joined
from monitor.store.database import Database
from monitor.store.records import read_records
from monitor.types import Window

MOST = 0.5
"""What so large a share of the invalid values are is told of them."""


def with_invalid(
    database: Database, model: str, stepped: Sequence[Finding], layout: Layout, window: Window
) -> list[Finding]:
    """Give a window's findings, those about invalid vectors and texts with what most of these are.

    That is the length of most lists where it is another one, zeros alone, or text in another encoding. Nothing is added
    where the records are not kept any more.
    """
    read = {one.name: one for one in layout.columns if one.kind in ("vector", "text")}
    asked = {f.column for f in stepped if f.detector == invalid_share.NAME and f.breaches} & read.keys()
    if not asked:
        return list(stepped)
    with database.read() as connection:
        shown = {name: _holds(connection, model, read[name], window, layout) for name in asked}
    return [
        replace(f, evidence={**f.evidence, **shown[f.column]})
        if f.detector == invalid_share.NAME and f.column in shown
        else f
        for f in stepped
    ]


def _holds(connection: Connection, model: str, column: Column, window: Window, layout: Layout) -> Mapping[str, Any]:
    """Give what most of a column's invalid values are; nothing where that is not known."""
    name = column.name
    rows = read_records(connection, model, window, timestamp=layout.roles.timestamp, columns=[name])
    parts = [part.select([name]) for part in rows if part.num_rows and name in part.column_names]
    if not parts:
        return {}
    values = joined(parts)[name]
    if column.kind == "text":
        return {"holds": "garbled"} if type_of(values.type) == "text" and garbled(values).any() else {}
    invalid = vectors(values, column.width)[1]
    if np.mean(zeros(values, column.width)[invalid]) >= MOST:
        return {"holds": "zeros"}
    found = width_of(values.filter(pa.array(invalid)))
    return {"length": found, "usual_length": column.width} if found and found != column.width else {}
