"""Labels that come by themselves, and the keys by which they find their records."""

import hashlib
import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from types import MappingProxyType
from typing import Any

import pyarrow as pa
from sqlalchemy import Connection, Select, delete, func, insert, select, update

from monitor.store.schema import label, row_key

WAITING = -1
_CHUNK = 5_000

Key = bytes
_NOBODY: Mapping[Key, str] = MappingProxyType({})
Place = tuple[int, int]


def keys_of(ids: pa.ChunkedArray) -> list[Key]:
    """Give 16 bytes for every id; ids of any type are compared as text."""
    texts = ids.cast(pa.string()).to_pylist()
    return [hashlib.blake2b(str(text).encode(), digest_size=16).digest() for text in texts]


def known_keys(connection: Connection, name: str, keys: Iterable[tuple[int, Key]]) -> set[tuple[int, Key]]:
    """Give those of the (day, key) that are stored."""
    chosen = select(row_key.c.key).where(row_key.c.model == name)
    by_day = _by_day(keys)
    return {
        (day, row.key)
        for day, wanted in by_day.items()
        for row in _rows(connection, chosen.where(row_key.c.day == day), wanted, row_key.c.key)
    }


def add_keys(connection: Connection, name: str, keys: Sequence[tuple[int, Key]], segment: int) -> None:
    """Note in which segment records stand; `keys` must be new."""
    rows = [{"model": name, "day": day, "key": key, "segment": segment} for day, key in keys]
    if rows:
        connection.execute(insert(row_key), rows)


def find_records(connection: Connection, name: str, keys: Iterable[Key], days: Iterable[int]) -> dict[Key, Place]:
    """Give (day, segment) of every key that has a record on one of `days`, looked for in that order."""
    remaining, found = set(keys), dict[Key, Place]()
    for day in days:
        if not remaining:
            break
        chosen = select(row_key.c.key, row_key.c.segment).where(row_key.c.model == name, row_key.c.day == day)
        rows = list(connection.execute(chosen.limit(len(remaining) + 1)))
        # A day with no more records than there are keys is sooner read whole than asked for each of them.
        if len(rows) > len(remaining):
            rows = list(_rows(connection, chosen, remaining, row_key.c.key))
        found |= {row.key: (day, row.segment) for row in rows if row.key in remaining}
        remaining -= found.keys()
    return found


def add_labels(
    connection: Connection,
    name: str,
    labels: Iterable[tuple[int, Key, object]],
    *,
    at: datetime,
    given_by: Mapping[Key, str] = _NOBODY,
) -> None:
    """Keep labels under the day of their record, or under `WAITING`; they must be new. given_by: who gave each."""
    rows = [
        {
            "model": name,
            "day": day,
            "key": key,
            "value": json.dumps(value, default=str),
            "at": at,
            "contributor": given_by.get(key),
        }
        for day, key, value in labels
    ]
    if rows:
        connection.execute(insert(label), rows)


def read_labels(connection: Connection, name: str, keys: Iterable[tuple[int, Key]]) -> dict[tuple[int, Key], Any]:
    """Give the labels that are kept under these days and keys."""
    chosen = select(label.c.key, label.c.value).where(label.c.model == name)
    return {
        (day, row.key): json.loads(row.value)
        for day, wanted in _by_day(keys).items()
        for row in _rows(connection, chosen.where(label.c.day == day), wanted, label.c.key)
    }


def read_contributors(connection: Connection, name: str, keys: Iterable[tuple[int, Key]]) -> dict[tuple[int, Key], str]:
    """Give who gave the labels that are kept under these days and keys, where that is known."""
    chosen = select(label.c.key, label.c.contributor).where(label.c.model == name, label.c.contributor.is_not(None))
    return {
        (day, row.key): row.contributor
        for day, wanted in _by_day(keys).items()
        for row in _rows(connection, chosen.where(label.c.day == day), wanted, label.c.key)
    }


def labelled_keys(connection: Connection, name: str, days: Iterable[int]) -> set[tuple[int, Key]]:
    """Give the (day, key) of every label whose record is of one of these days."""
    here = select(label.c.day, label.c.key).where(label.c.model == name, label.c.day.in_(sorted(days)))
    return {(row.day, row.key) for row in connection.execute(here)}


def newest_day(connection: Connection, name: str, *, other_than: object) -> int | None:
    """Give the newest day of a record that has a label other than one; None where none has."""
    here = (label.c.model == name, label.c.day != WAITING, label.c.value != json.dumps(other_than, default=str))
    found: int | None = connection.scalar(select(label.c.day).where(*here).order_by(label.c.day.desc()).limit(1))
    return found


def waiting_labels(connection: Connection, name: str, keys: Sequence[Key]) -> dict[Key, Any]:
    """Give the labels among `keys` that came before their record."""
    waiting = select(label.c.key).where(label.c.model == name, label.c.day == WAITING)
    if connection.execute(waiting.limit(1)).first() is None:
        return {}
    return {key: value for (_, key), value in read_labels(connection, name, [(WAITING, k) for k in keys]).items()}


def settle_labels(connection: Connection, name: str, days: Mapping[Key, int]) -> None:
    """Move labels that waited under the day of their record, now that it is known."""
    for key, day in days.items():
        waiting = (label.c.model == name, label.c.day == WAITING, label.c.key == key)
        connection.execute(update(label).where(*waiting).values(day=day))


def count_waiting(connection: Connection, name: str) -> int:
    """Count the labels whose record is not known yet."""
    waiting = select(func.count()).select_from(label).where(label.c.model == name, label.c.day == WAITING)
    return connection.execute(waiting).scalar_one()


def count_labels(connection: Connection, name: str, first: int, last: int) -> int:
    """Count the labels whose record is of the days from `first` to `last`."""
    here = (label.c.model == name, label.c.day >= first, label.c.day <= last)
    return connection.execute(select(func.count()).select_from(label).where(*here)).scalar_one()


def forget_waiting(connection: Connection, name: str, *, before: datetime) -> int:
    """Delete the labels that came before a time and whose record is not known yet; gives how many."""
    old = (label.c.model == name, label.c.day == WAITING, label.c.at < before)
    return connection.execute(delete(label).where(*old)).rowcount


def record_days(connection: Connection, name: str) -> Iterator[int]:
    """Give the days that have keyed records, the newest first."""
    newest: int | None = connection.scalar(select(func.max(row_key.c.day)).where(row_key.c.model == name))
    while newest is not None:
        yield newest
        before = (row_key.c.model == name, row_key.c.day < newest)
        newest = connection.scalar(select(func.max(row_key.c.day)).where(*before))


def _by_day(keys: Iterable[tuple[int, Key]]) -> dict[int, list[Key]]:
    days = defaultdict[int, list[Key]](list)
    for day, key in keys:
        days[day].append(key)
    return days


def _rows(connection: Connection, chosen: Select[Any], keys: Iterable[Key], column: Any) -> Iterator[Any]:  # noqa: ANN401 (a column of bytes)
    wanted = list(keys)
    for start in range(0, len(wanted), _CHUNK):
        yield from connection.execute(chosen.where(column.in_(wanted[start : start + _CHUNK])))
