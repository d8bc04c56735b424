"""Of which weekdays and hours a model's records are."""

import pyarrow as pa
from sqlalchemy import Connection

from monitor.profiles.calendar import Counts, calendar_of
from monitor.store.records import read_records
from monitor.types import Window

_STAMP = pa.timestamp("us", "UTC")


def hours_within(connection: Connection, name: str, window: Window, *, timestamp: str) -> Counts | None:
    """Count a window's records by weekday, Monday first, and hour, in UTC, shape (7, 24); None where none is kept."""
    read = read_records(connection, name, window, timestamp=timestamp, columns=[timestamp])
    times = [chunk for rows in read for chunk in rows[timestamp].cast(_STAMP).chunks]
    found = calendar_of(pa.chunked_array(times, _STAMP))
    return None if found is None else found.hours
