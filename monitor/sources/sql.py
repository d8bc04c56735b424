"""Pull rows from a table or view of any database SQLAlchemy knows, each time only what is new."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pyarrow as pa
from sqlalchemy import ColumnElement, Connection, Select, Text, and_, cast, func, literal, not_, or_, select, text
from sqlalchemy.exc import DataError, OperationalError, SQLAlchemyError
from sqlalchemy.types import Date, DateTime

from monitor.errors import ConfigError, SourceError
from monitor.sources.sqlpassed import KEPT, gave_up, looked_behind
from monitor.sources.sqltable import Found, engine_of, found_table, known_name, place_of, problem_of, shown
from monitor.sources.sqlvalues import as_json, from_json, in_manner_of, moment_of, to_table
from monitor.types import KEPT_CHARS, Batch, Cursor, Rejected

SHARD = "table"
FAR = timedelta(days=1)
_NUMBER_CHARS = 200
_STATEMENT_SECONDS = 300
_COUNT_SECONDS = 10
_SAMPLE_ROWS = 1000
_FLOOR = datetime(1970, 1, 1, tzinfo=UTC)

Key = tuple[Any, ...]
Where = ColumnElement[bool]


@dataclass(frozen=True)
class SqlSource:
    """The rows of `table` (`name` or `schema.name`, a table or a view), in the order of the columns `cursor`.

    `cursor` names a time and an id: the time at which a row was written, the id unique among the rows of one time.
    Rows may be committed out of that order, so each pull first reads again the `lookback` behind the last row taken;
    the store drops those repeats by key. `cursor` may also name one unique column that only grows, an id or a time;
    what is committed behind it later is never seen, and there is no looking back. Without `cursor` the whole table is
    read, and read again when its number of rows changes.

    Rows later than `clock` wait until their time has come, so that one wrong year does not hide all that follows.
    Rows without a time or an id, before 1970, or more than a day ahead can have no place in the order: they are
    counted, and turned away when their number has grown. live: rows go on coming, so that it is counted now and then
    how many came below what is read again; the cursor keeps that as `unread`.

    Raises ConfigError for a lookback without a time, and for more than two columns.
    """

    url: str = field(repr=False)
    table: str
    cursor: tuple[str, ...] = ()
    lookback: timedelta = timedelta(0)
    batch_rows: int = 65_536
    clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    live: bool = False

    def __post_init__(self) -> None:
        if len(self.cursor) > 2 or len(set(self.cursor)) < len(self.cursor):
            raise ConfigError("cursor", f"{list(self.cursor)}", "name a time and an id, or one id that only grows")
        if self.lookback < timedelta(0):
            raise ConfigError("lookback", f"{self.lookback} is negative", "write for example 10m")
        if len(self.cursor) == 1 and self.lookback:
            mend = "name a time before the id, or set lookback to 0s"
            raise ConfigError("lookback", f"there is no time to look back from in {list(self.cursor)}", mend)

    @property
    def repeats(self) -> bool:
        """Say whether rows come more than once and must be told apart by their key."""
        return not self.cursor or self.lookback > timedelta(0)

    def pull(self, cursors: Mapping[str, Cursor]) -> Iterator[Batch]:
        """Yield rows read again, then new rows, then rows without a place in the order.

        Raises SourceError when the database cannot be read, and when table or columns are not there.
        """
        place = place_of(self.url)
        try:
            with engine_of(place).connect() as connection:
                found = found_table(connection, self.table)
                if self.cursor:
                    yield from _Reading(self, connection, found, now=self.clock()).batches(cursors.get(SHARD, {}))
                else:
                    yield from _whole_table(self, connection, found, cursors.get(SHARD, {}))
        except (SQLAlchemyError, ImportError, OSError) as error:
            raise SourceError(f"{shown(place)}: {self.table}: {problem_of(error, place)}") from error


class _Reading:
    """One pull: the connection, the columns of the order, and the bounds of what has a place in it."""

    def __init__(self, source: SqlSource, connection: Connection, found: Found, *, now: datetime) -> None:
        self.source, self.connection, self.found, self.now = source, connection, found, now
        self.order = [found.source.c[known_name(name, found.types, "column")] for name in source.cursor]
        self.at = [list(found.types).index(name) for name in source.cursor]
        self.names = ["at", "id"][-len(self.order) :]

    def batches(self, cursor: Cursor) -> Iterator[Batch]:
        mark = self._mark(cursor)
        placed, unplaced = self._placed(mark)
        kept = (*self.names, "unplaced", *(KEPT if mark else ()))
        cursor = {key: cursor[key] for key in kept if key in cursor}
        if mark and self.source.lookback and (low := self._behind(mark)) is not None:
            behind = and_(placed, self.order[0] >= low, not_(self._after(mark)))
            for page, _ in self._pages(behind, None):
                yield replace(self._batch(page, cursor), apart=True)
        for page, last in self._pages(placed, mark):
            cursor = {**cursor, **self._marked(last)}
            yield self._batch(page, cursor)
        looked = self._looked_behind(placed, cursor) if self.source.live else cursor
        if looked != cursor:
            yield Batch(SHARD, pa.table({}), looked)
        yield from self._unplaced(unplaced, looked)

    def _mark(self, cursor: Cursor) -> Key | None:
        if not all(name in cursor for name in self.names):
            return None
        kinds = [self.found.declared[name] if self.found.typed else object for name in self.source.cursor]
        return tuple(from_json(cursor[name], kind) for name, kind in zip(self.names, kinds, strict=True))

    def _marked(self, key: Key) -> dict[str, object]:
        try:
            return dict(zip(self.names, map(as_json, key), strict=True))
        except TypeError as error:
            raise SourceError(f"{self.source.table}: {error}; name other columns in cursor") from error

    def _value(self, place: int, value: Any) -> ColumnElement[Any]:  # noqa: ANN401 (whatever the column holds)
        name = self.source.cursor[place]
        return literal(value, self.found.types[name]) if self.found.typed else literal(value)

    def _after(self, key: Key) -> Where:
        first, last = self.order[0], self.order[-1]
        if len(key) == 1:
            return last > self._value(0, key[0])
        time, number = self._value(0, key[0]), self._value(1, key[1])
        return and_(first >= time, or_(first > time, and_(first == time, last > number)))

    def _behind(self, mark: Key) -> ColumnElement[Any] | None:
        low = self._low(mark)
        return None if low is None else self._value(0, low)

    def _low(self, mark: Key) -> Any:  # noqa: ANN401 (whatever the column holds)
        """Give the value from which on rows are read again; None where the mark is no time to look back from."""
        time = moment_of(mark[0])
        return None if time is None else in_manner_of(mark[0], max(time - self.source.lookback, _FLOOR))

    def _looked_behind(self, placed: Where, cursor: Cursor) -> Cursor:
        mark = self._mark(cursor)
        until = None if mark is None else mark[0] if len(mark) == 1 else self._low(mark)
        if until is None:
            return cursor

        def count(low: Any, high: Any) -> int:  # noqa: ANN401 (whatever the column holds)
            first = self.order[0]
            within = [first < self._value(0, high), *([] if low is None else [first >= self._value(0, low)])]
            query = select(func.count()).select_from(self.found.source).where(placed, *within)
            return int(self._fetched(query, seconds=_COUNT_SECONDS)[0][0])

        kind = self.found.declared[self.source.cursor[0]] if self.found.typed else object
        known = from_json(cursor["until"], kind) if "until" in cursor else None
        plain = {key: value for key, value in cursor.items() if key not in KEPT}
        try:
            return {**plain, **looked_behind(cursor, known, until, count=count, clock=self.source.clock)}
        except SQLAlchemyError:
            return {**plain, **gave_up(self.now)}

    def _placed(self, mark: Key | None) -> tuple[Where, Where]:
        """Give what has a place in the order, up to now, and what has none."""
        there = and_(*(each.is_not(None) for each in self.order))
        sample = self._sample(mark)
        if sample is None:
            return there, not_(there)
        first = self.order[0]
        now, far = (self._value(0, in_manner_of(sample, time)) for time in (self.now, self.now + FAR))
        placed, unplaced = and_(there, first <= now), or_(not_(there), first > far)
        if not isinstance(self.found.types[self.source.cursor[0]], DateTime | Date) or not self.found.typed:
            return placed, unplaced
        floor = self._value(0, in_manner_of(sample, _FLOOR))
        return and_(placed, first >= floor), or_(unplaced, first < floor)

    def _sample(self, mark: Key | None) -> object:
        """Give a value that shows how the column writes its times; None for a column of no times."""
        kind = self.found.types[self.source.cursor[0]]
        if self.found.typed and isinstance(kind, DateTime):
            return self.now if kind.timezone else self.now.replace(tzinfo=None)
        if self.found.typed and isinstance(kind, Date):
            return self.now.date()
        if len(self.order) == 1 and not isinstance(kind, DateTime | Date):
            return None
        first = self.order[0]
        lowest = select(first).where(first.is_not(None)).order_by(first).limit(_SAMPLE_ROWS)
        values = [mark[0]] if mark else [row[0] for row in self._fetched(lowest)]
        readable = (value for value in values if in_manner_of(value, self.now) is not None)
        if (sample := next(readable, None)) is None and values:
            problem = f"{self.source.table}: column {self.source.cursor[0]!r} holds no times but {values[0]!r:.80}"
            raise SourceError(f"{problem}; name a time first in cursor")
        return self._usual_count(sample) if _is_count(sample) else sample

    def _usual_count(self, sample: Any) -> Any:  # noqa: ANN401 (whatever the column holds)
        """Give the middle one of the highest counts: one count in another unit must not decide what all others mean."""
        first = self.order[0]
        highest = select(first).where(first.is_not(None)).order_by(first.desc()).limit(_SAMPLE_ROWS)
        counts = sorted(row[0] for row in self._fetched(highest) if _is_count(row[0]))
        return counts[len(counts) // 2] if counts else sample

    def _pages(self, where: Where, start: Key | None) -> Iterator[tuple[Sequence[Sequence[Any]], Key]]:
        size, more, last = self.source.batch_rows, True, start
        while more:
            bounded = where if last is None else and_(where, self._after(last))
            rows = self._rows(select(*self.found.source.c).where(bounded).order_by(*self.order).limit(size + 1))
            page, more = rows[:size], len(rows) > size
            if not page:
                return
            last = self._key(page[-1])
            if more and self._key(rows[-1]) == last:
                problem = f"several rows have {dict(zip(self.source.cursor, last, strict=True))}"
                raise SourceError(f"{self.source.table}: {problem}; add a unique id to cursor")
            yield page, last

    def _key(self, row: Sequence[Any]) -> Key:
        return tuple(row[place] for place in self.at)

    def _rows(self, query: Select[Any]) -> Sequence[Sequence[Any]]:
        try:
            return self._fetched(query)
        except DataError:
            # Times that Python has no word for, as infinity or the year 10000, are read as text.
            times = [name for name, kind in self.found.types.items() if isinstance(kind, DateTime | Date)]
            free = {name for name in times if name not in self.source.cursor}
            columns = [cast(each, Text) if each.name in free else each for each in self.found.source.c]
            return self._fetched(query.with_only_columns(*columns))
        except OperationalError as error:
            if self.connection.dialect.name != "sqlite" or "decode" not in str(error):
                raise
            return self._fetched_as_bytes(query)

    def _fetched(self, query: Select[Any], *, seconds: int = _STATEMENT_SECONDS) -> Sequence[Sequence[Any]]:
        with self.connection.begin():
            _limit_time(self.connection, seconds)
            return self.connection.execute(query).fetchall()

    def _fetched_as_bytes(self, query: Select[Any]) -> Sequence[Sequence[Any]]:
        driver: Any = self.connection.connection.driver_connection
        driver.text_factory = _text_or_bytes
        try:
            return self._fetched(query)
        finally:
            driver.text_factory = str

    def _batch(self, page: Sequence[Sequence[Any]], cursor: Cursor) -> Batch:
        rows, bad = to_table(self.found.declared, page)
        rejected = tuple(self._rejected(page[i], reason) for i, reason in sorted(bad.items()))
        return Batch(SHARD, rows, cursor, rejected)

    def _rejected(self, row: Sequence[Any], reason: str) -> Rejected:
        number = str(row[self.at[-1]])[:_NUMBER_CHARS].replace("\0", "\ufffd")
        return Rejected(f"{self.source.table} id={number}", reason, _excerpt(self.found, row))

    def _unplaced(self, unplaced: Where, cursor: Cursor) -> Iterator[Batch]:
        known = cursor.get("unplaced", 0)
        count = self._fetched(select(func.count()).select_from(self.found.source).where(unplaced))[0][0]
        if count < known:
            yield Batch(SHARD, pa.table({}), {**cursor, "unplaced": count})
        columns = [cast(each, Text) if self.found.typed else each for each in self.found.source.c]
        names = " and ".join(map(repr, self.source.cursor))
        reason = (
            f"{names}: missing, before 1970, or more than a day ahead; the row has no place in the order of reading"
        )
        query = select(*columns).where(unplaced).order_by(*reversed(self.order))
        while known < count:
            rows = self._rows(query.offset(known).limit(min(self.source.batch_rows, count - known)))
            if not rows:
                return
            known += len(rows)
            rejected = tuple(self._rejected(row, reason) for row in rows)
            yield Batch(SHARD, pa.table({}), {**cursor, "unplaced": known}, rejected, apart=True)


def _is_count(value: object) -> bool:
    return isinstance(value, int | float | Decimal) and not isinstance(value, bool)


def _whole_table(source: SqlSource, connection: Connection, found: Found, cursor: Cursor) -> Iterator[Batch]:
    with connection.begin():
        count = connection.execute(select(func.count()).select_from(found.source)).scalar_one()
        if cursor.get("rows") == count:
            return
        result = connection.execution_options(yield_per=source.batch_rows).execute(select(*found.source.c))
        held: Batch | None = None
        for page in result.partitions():
            if held is not None:
                yield held
            rows, bad = to_table(found.declared, page)
            rejected = (Rejected(source.table, reason, _excerpt(found, page[i])) for i, reason in sorted(bad.items()))
            held = Batch(SHARD, rows, {}, tuple(rejected))
        if held is not None:
            yield replace(held, cursor={"rows": count})


def _limit_time(connection: Connection, seconds: int) -> None:
    if connection.dialect.name == "postgresql":
        connection.execute(text(f"SET LOCAL statement_timeout = {seconds * 1000}"))


def _text_or_bytes(data: bytes) -> str | bytes:
    try:
        return data.decode()
    except UnicodeDecodeError:
        return data


def _excerpt(found: Found, row: Sequence[Any]) -> str:
    cells = {
        name: value if isinstance(value, int | float | None) else str(value)
        for name, value in zip(found.types, row, strict=True)
    }
    return json.dumps(cells, ensure_ascii=False).encode(errors="replace").decode()[:KEPT_CHARS]
