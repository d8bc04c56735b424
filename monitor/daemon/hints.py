"""What is odd in rows that were pushed and taken: values that will count as invalid, types, times without a zone."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import numpy as np
import pyarrow as pa

from monitor.profiles.layout import Column, Layout
from monitor.profiles.reading import numbers, type_of
from monitor.store.database import Database
from monitor.store.references import read_layout
from monitor.timestamps import decoded
from monitor.types import Roles

KEPT = timedelta(seconds=10)
SHOWN_CHARS, LOOKED_AT = 40, 100
_ZONE = re.compile(r"(Z|[+-]\d\d(:?\d\d)?)\s*$", re.IGNORECASE)


@dataclass(frozen=True)
class Hints:
    """Gives hints to who pushes rows; the references' layouts that it lays them beside are at most ten seconds old."""

    database: Database
    clock: Callable[[], datetime]
    kept: dict[str, tuple[datetime, Layout | None]] = field(default_factory=dict)

    def of(self, name: str, sent: pa.Table, taken: pa.Table, roles: Roles) -> list[str]:
        """Say what is odd in a model's rows; sent: as they came, with times as they were written."""
        layout = self._layout(name)
        hints = list(odd_values(taken, layout)) if layout else []
        return hints + [one for one in (without_zone(sent, roles),) if one]

    def _layout(self, name: str) -> Layout | None:
        now, known = self.clock(), self.kept.get(name)
        if known is None or now - known[0] >= KEPT:
            with self.database.read() as connection:
                known = self.kept[name] = (now, read_layout(connection, name))
        return known[1]


def odd_values(rows: pa.Table, layout: Layout) -> Iterator[str]:
    """Say of every column of numbers which values are none, or that all came as text."""
    for name in rows.column_names:
        column = layout.by_name.get(name)
        if column is not None and column.kind == "numeric" and (said := _odd(column, rows[name])):
            yield said


def _odd(column: Column, values: pa.ChunkedArray) -> str | None:
    invalid = numbers(values).invalid
    if invalid is not None and invalid.any():
        first = str(decoded(values)[int(np.argmax(invalid))].as_py())[:SHOWN_CHARS]
        found = int(invalid.sum())
        return f"{column.name!r}: {found:,} of {len(values):,} values count as invalid: {first!r} is no number"
    if column.type == "number" and type_of(values.type) == "text":
        return f"{column.name!r} came as text, where the reference holds numbers; send numbers"
    return None


def without_zone(rows: pa.Table, roles: Roles) -> str | None:
    """Say that times name no zone and were read as UTC, where the configuration does not say so either."""
    name = roles.timestamp
    if roles.zone or rows.column_names.count(name) != 1 or type_of(rows[name].type) != "text":
        return None
    local = next((one for one in decoded(rows[name]).drop_null().slice(0, LOOKED_AT).to_pylist() if _is_local(one)), "")
    mend = "send 2024-05-01T12:00:00Z, or set columns.zone"
    return f"{name!r} names no zone and is read as UTC: {local[:SHOWN_CHARS]!r}; {mend}" if local else None


def _is_local(text: str) -> bool:
    return re.match(r"\d{4}-", text) is not None and _ZONE.search(text[10:]) is None
