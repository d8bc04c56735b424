"""When labels came, by the records' clock: counted as they are read, and laid out in slots to be judged."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from sqlalchemy import Connection

from monitor.schedule import Period, data_clock
from monitor.stats.arrivals import EDGES, Arrivals
from monitor.store.arrivals import Came, add_arrivals, read_arrivals, read_rows
from monitor.store.cursors import read_source
from monitor.store.records import record_span

HORIZON = timedelta(days=400)
"""How long it is kept when labels came."""
ONE_LOOK = 3
"""Longer than so many times the usual time between two looks, nobody has looked."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
DAY = timedelta(days=1)
Micros = NDArray[np.int64]


@dataclass(frozen=True)
class Looked:
    """What the records' clock says now, and said when labels were last read to their end; None if they were not."""

    clock: datetime
    before: datetime | None


def labels_clock(connection: Connection, name: str, window: Period) -> datetime | None:
    """Give the time up to which labels are known once they are read to their end: that of the records."""
    span = record_span(connection, name)
    return span and data_clock(span[1], read_source(connection, f"{name}/records").drained_at, window)


def note_arrivals(
    connection: Connection, name: str, base: Period, looked: Looked, *, records: Micros, written: Micros
) -> None:
    """Count labels that were read to when they came.

    records: times of their records, in microseconds. written: when each was written, where its source says so; a label
    came then, or with the look that was first to find it. Elsewhere empty: it came at some time since the last look.
    """
    if not records.size:
        return
    length = base.shortest
    slot, clock = _micros(length), _micros(looked.clock - _EPOCH)
    before = 0 if looked.before is None else _micros(looked.before - _EPOCH)
    times = np.clip(written, min(before, clock), clock) if written.size else np.full(records.size, clock)
    at = times // slot
    since = at if written.size else np.full(at.shape, before // slot)
    ages = np.searchsorted(EDGES, np.maximum(at - records // slot, 0), "right") - 1
    keys, counts = np.unique(np.stack([at, since, ages]), axis=1, return_counts=True)
    came = defaultdict[tuple[int, int], dict[int, int]](dict)
    for (when, first, age), count in zip(keys.T.tolist(), counts.tolist(), strict=True):
        came[when, first][age] = count
    kept = int((looked.clock - HORIZON - _EPOCH) / length)
    slots = {
        _EPOCH + when * length: Came(_EPOCH + first * length, found)
        for (when, first), found in came.items()
        if when >= kept
    }
    add_arrivals(connection, name, slot_hours(base), slots)


def count_settled(connection: Connection, name: str, base: Period, window: Period, times: pa.ChunkedArray) -> None:
    """Count labels that waited for their records, which have come; times: of these records."""
    clock = labels_clock(connection, name, window)
    if clock is not None:
        looked = Looked(clock, read_source(connection, f"{name}/labels").known_until)
        records = times.cast(pa.int64()).to_numpy()
        note_arrivals(connection, name, base, looked, records=records, written=records[:0])


def slot_hours(base: Period) -> int:
    """Give the length of the slots in which labels are counted, that of the windows that are kept, in hours."""
    return base.shortest // timedelta(hours=1)


@dataclass(frozen=True, eq=False)
class History:
    """How labels came in slots of one length; slots count from `first`, the start of the oldest one.

    skipped: slots in which labels may have come that were found in a later one only, since nobody looked.
    """

    arrivals: Arrivals
    first: datetime
    length: timedelta
    skipped: frozenset[int] = frozenset()

    def slot(self, time: datetime) -> int:
        """Give the slot that a time lies in, below 0 before the first."""
        return (time - self.first) // self.length

    def start(self, slot: int) -> datetime:
        """Give the time at which a slot begins."""
        return self.first + slot * self.length


def history_of(connection: Connection, name: str, base: Period, clock: datetime) -> History | None:
    """Read when labels came; None where none ever did. Records are known as long before, so that all ages are."""
    length = base.shortest
    came = dict(read_arrivals(connection, name, slot_hours(base)))
    rows = read_rows(connection, name, since=clock - 2 * HORIZON)
    if not came or not rows:
        return None
    first, last = min(*came, *rows), max(*came, clock)
    size = (last - first) // length + 1
    records, ages = np.zeros(size, np.int64), np.zeros((size, EDGES.size), np.int64)
    for at, count in rows.items():
        if at < first + size * length:
            records[(at - first) // length] = count
    for at, one in came.items():
        ages[(at - first) // length, list(one.ages)] = list(one.ages.values())
    looks = {(at - first) // length: (at - one.since) // length for at, one in came.items()}
    skipped = frozenset(slot for at, slots in looks.items() for slot in range(max(at - slots + 1, 0), at))
    return History(Arrivals(records, ages, _seen(looks, size), DAY // length), first, length, skipped)


def _seen(looks: Mapping[int, int], size: int) -> NDArray[np.bool_]:
    """Say which slots were looked at when they were new; looks: the slots up to each look since the one before."""
    seen = np.ones(size, bool)
    seen[: min(looks)] = False
    usual = float(np.median(list(looks.values())))
    for at, slots in looks.items():
        if slots > max(1.0, ONE_LOOK * usual):
            seen[max(at - slots + 1, 0) : at + 1] = False
    return seen


def _micros(length: timedelta) -> int:
    return length // timedelta(microseconds=1)
