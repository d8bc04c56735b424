"""Tables and views, on SQLite and on PostgreSQL: ties, late commits, odd names, odd values."""

# ruff: noqa: S608 - the SQL that makes the tables is the tests' own

import json
import os
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID

import pyarrow as pa
import pytest
from sqlalchemy import Engine, create_engine, text

from monitor.errors import ConfigError, SourceError
from monitor.sources.sql import SqlSource
from monitor.types import Batch, Cursor

START = datetime(2013, 3, 1, tzinfo=UTC)
NOW = datetime(2013, 6, 1, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


@dataclass(frozen=True)
class Place:
    """A database of its own to write to; `prefix` stands before a table's name in its own SQL and in a source."""

    url: str
    engine: Engine
    prefix: str
    time: str

    def run(self, statement: str, rows: Sequence[dict[str, Any]] | None = None) -> None:
        with self.engine.begin() as connection:
            connection.execute(text(statement), rows if rows is not None else {})

    def source(self, table: str = "log", **options: Any) -> SqlSource:  # noqa: ANN401
        options = {"cursor": ("at", "id"), "clock": lambda: NOW, **options}
        return SqlSource(self.url, self.prefix + table, **options)

    def create(self, columns: str = "x double precision") -> None:
        self.run(f"CREATE TABLE {self.prefix}log (id bigint, at {self.time}, {columns})")

    def add(self, *rows: tuple[int | None, datetime | str | None]) -> None:
        values = [{"id": number, "at": self.written(time), "x": 0.5} for number, time in rows]
        self.run(f"INSERT INTO {self.prefix}log (id, at, x) VALUES (:id, :at, :x)", values)

    def written(self, time: datetime | str | None) -> Any:  # noqa: ANN401
        return time.isoformat(" ") if isinstance(time, datetime) and self.engine.name == "sqlite" else time


@pytest.fixture(params=["sqlite", "postgresql"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Place]:
    if request.param == "sqlite":
        address = f"sqlite:///{tmp_path / 'app.db'}"
        engine = create_engine(address)
        with engine.begin() as connection:
            connection.execute(text("CREATE TABLE spare (id int)"))
        yield Place(address, engine, "", "datetime")
        engine.dispose()
        return
    address = os.environ.get("MONITOR_TEST_POSTGRES", "").replace("postgresql://", "postgresql+psycopg://")
    if not address:
        pytest.skip("MONITOR_TEST_POSTGRES is not set: not tried on PostgreSQL")
    engine = create_engine(address)
    drop = text("DROP SCHEMA IF EXISTS source_test CASCADE")
    with engine.begin() as connection:
        connection.execute(drop)
        connection.execute(text("CREATE SCHEMA source_test"))
    yield Place(address, engine, "source_test.", "timestamptz")
    with engine.begin() as connection:
        connection.execute(drop)
    engine.dispose()


def pull(source: SqlSource, cursors: dict[str, Cursor] | None = None) -> list[Batch]:
    """Pull, and advance `cursors`, through JSON as the store does."""
    batches = []
    for batch in source.pull(cursors or {}):
        assert batch.read == batch.rows.num_rows + len(batch.rejected)
        assert batch.read <= source.batch_rows
        batch.rows.validate(full=True)
        batches.append(batch)
        if cursors is not None:
            cursors[batch.shard] = json.loads(json.dumps(batch.cursor))
    return batches


def ids(batches: Iterable[Batch]) -> list[Any]:
    return [row["id"] for batch in batches for row in batch.rows.to_pylist()]


def test_each_pull_gives_only_what_is_new(place: Place) -> None:
    place.create()
    cursors: dict[str, Cursor] = {}
    assert pull(place.source(), cursors) == []
    place.add((1, START), (2, START + MINUTE))
    (batch,) = pull(place.source(), cursors)
    assert batch.rows.to_pylist() == [
        {"id": 1, "at": START, "x": 0.5},
        {"id": 2, "at": START + MINUTE, "x": 0.5},
    ]
    assert batch.rows.schema.field("at").type == pa.timestamp("us", "UTC")
    assert pull(place.source(), cursors) == []
    place.add((3, START + 2 * MINUTE))
    assert ids(pull(place.source(), cursors)) == [3]


@pytest.mark.parametrize("batch_rows", [1, 2, 3, 7, 100])
def test_rows_of_the_same_time_are_read_once_across_pages_and_restarts(place: Place, batch_rows: int) -> None:
    place.create()
    place.add(*((i, START + MINUTE * (i % 3)) for i in range(20)))
    source = place.source(batch_rows=batch_rows)
    batches = pull(source)
    assert sorted(ids(batches)) == list(range(20))
    for i, batch in enumerate(batches):
        assert ids(pull(source, {"table": json.loads(json.dumps(batch.cursor))})) == ids(batches[i + 1 :])


def test_a_row_committed_late_is_found_by_looking_back(place: Place) -> None:
    place.create()
    source, blind = place.source(lookback=5 * MINUTE, batch_rows=2), place.source()
    place.add((1, START), (3, START + 6 * MINUTE), (4, START + 7 * MINUTE))
    cursors: dict[str, Cursor] = {}
    pull(source, cursors)
    before = dict(cursors)
    place.add((2, START + 5 * MINUTE))
    assert ids(pull(blind, dict(cursors))) == []
    assert ids(pull(source, cursors)) == [2, 3, 4]
    assert cursors == before
    place.add((5, START + 12 * MINUTE))
    assert ids(pull(source, cursors)) == [2, 3, 4, 5]
    assert ids(pull(source, cursors)) == [4, 5]
    assert (source.repeats, blind.repeats) == (True, False)


@pytest.mark.parametrize("cursor", [("at", "id"), ("at",), ("id",)])
@pytest.mark.parametrize("batch_rows", [3, 100])
def test_rows_that_came_below_what_is_read_again_are_counted(
    place: Place, cursor: tuple[str, ...], batch_rows: int
) -> None:
    now, cursors = [NOW], dict[str, Cursor]()
    looking = {"lookback": 5 * MINUTE if len(cursor) == 2 else timedelta(0), "batch_rows": batch_rows}
    source = place.source(cursor=cursor, clock=lambda: now[0], live=True, **looking)

    def unread() -> int:
        now[0] += timedelta(hours=1)
        pull(source, cursors)
        return int(cursors["table"]["unread"])

    place.create()
    place.add(*((100 + i, START + i * MINUTE) for i in range(20)))
    assert unread() == 0
    assert pull(source, cursors)[len(cursor) // 2 * 2 :] == []
    place.add((150, START + 30 * MINUTE))
    assert unread() == 0
    place.add((1, START - 90 * MINUTE), (2, START + 90 * MINUTE / 4))
    assert unread() == 2
    place.add(*((200 + i, START + (40 + i) * MINUTE) for i in range(20)))
    assert unread() == 2
    place.run(f"DELETE FROM {place.prefix}log WHERE id < 3")
    assert unread() == 0
    place.run(f"DELETE FROM {place.prefix}log WHERE id < 110")
    assert unread() == 0
    place.add((3, START - 80 * MINUTE))
    assert unread() == 1


def test_rows_that_come_late_but_are_still_read_are_not_counted_as_unread(place: Place) -> None:
    now, cursors = [NOW], dict[str, Cursor]()
    source = place.source(clock=lambda: now[0], live=True, lookback=10 * MINUTE)
    place.create()
    for step in range(30):
        now[0] += timedelta(hours=1)
        late = START + max(3 * step - 9, 0) * MINUTE
        place.add((1000 - step, late), (2000 + step, START + 3 * step * MINUTE))
        pull(source, cursors)
        assert cursors["table"]["unread"] == 0


def test_a_wider_look_back_finds_what_was_missed_and_nothing_is_unread_then(place: Place) -> None:
    now, cursors = [NOW], dict[str, Cursor]()
    place.create()
    place.add(*((100 + i, START + i * MINUTE) for i in range(20)))
    pull(place.source(clock=lambda: now[0], live=True, lookback=MINUTE), cursors)
    place.add((1, START))
    now[0] += timedelta(hours=1)
    pull(place.source(clock=lambda: now[0], live=True, lookback=MINUTE), cursors)
    assert cursors["table"]["unread"] == 1
    assert 1 in ids(pull(place.source(clock=lambda: now[0], live=True, lookback=60 * MINUTE), cursors))
    assert cursors["table"]["unread"] == 0


def test_a_single_growing_id_is_a_cursor(place: Place) -> None:
    place.create()
    place.add((1, None), (2, START), (10, START))
    cursors: dict[str, Cursor] = {}
    source = place.source(cursor=("id",), batch_rows=2)
    assert ids(pull(source, cursors)) == [1, 2, 10]
    assert cursors["table"]["id"] == 10
    place.add((9, START), (11, START))
    assert ids(pull(source, cursors)) == [11]
    assert not source.repeats


def test_a_single_unique_time_is_a_cursor(place: Place) -> None:
    place.create()
    place.add((1, START), (2, START + MINUTE), (3, NOW + MINUTE))
    cursors: dict[str, Cursor] = {}
    source = place.source(cursor=("at",))
    assert ids(pull(source, cursors)) == [1, 2]
    assert ids(pull(place.source(cursor=("at",), clock=lambda: NOW + 2 * MINUTE), cursors)) == [3]


def test_rows_that_the_cursor_cannot_tell_apart_are_not_lost_in_silence(place: Place) -> None:
    place.create()
    place.add((1, START), (1, START), (1, START))
    with pytest.raises(SourceError, match=r"several rows have .* add a unique id to cursor"):
        pull(place.source(batch_rows=2))


@pytest.mark.parametrize(
    ("options", "place_of"),
    [
        ({"cursor": ("id",), "lookback": MINUTE}, "lookback"),  # nothing to look back from
        ({"cursor": ("at", "id"), "lookback": -MINUTE}, "lookback"),
        ({"cursor": ("at", "id", "x")}, "cursor"),
        ({"cursor": ("id", "id")}, "cursor"),
    ],
)
def test_a_cursor_that_cannot_work_is_refused_at_once(options: dict[str, Any], place_of: str) -> None:
    with pytest.raises(ConfigError) as error:
        SqlSource("sqlite:///x.db", "t", **options)
    assert error.value.place == place_of


def test_rows_ahead_of_the_clock_wait_and_hide_nothing(place: Place) -> None:
    place.create()
    place.add((1, START), (2, NOW + MINUTE), (3, NOW + timedelta(days=400)))
    cursors: dict[str, Cursor] = {}
    batches = pull(place.source(), cursors)
    assert ids(batches) == [1]
    assert [bad.position for batch in batches for bad in batch.rejected] == [f"{place.prefix}log id=3"]
    place.add((4, START + MINUTE))
    assert ids(pull(place.source(), cursors)) == [4]
    assert ids(pull(place.source(clock=lambda: NOW + 2 * MINUTE), cursors)) == [2]


def test_rows_without_a_time_are_turned_away_once(place: Place) -> None:
    place.create()
    cursors: dict[str, Cursor] = {}
    source = place.source(batch_rows=2)
    place.add((1, START), (2, None), (5, None), (None, START), (7, None))
    batches = pull(source, cursors)
    assert ids(batches) == [1]
    positions = [bad.position for batch in batches for bad in batch.rejected]
    assert sorted(positions) == [f"{place.prefix}log id={number}" for number in ("2", "5", "7", "None")]
    assert all("'at' and 'id': missing" in bad.reason for batch in batches for bad in batch.rejected)
    assert pull(source, cursors) == []
    place.add((9, None), (10, START + MINUTE))
    again = pull(source, cursors)
    assert (ids(again), sum(len(batch.rejected) for batch in again)) == ([10], 1)
    assert pull(source, cursors) == []
    place.run(f"DELETE FROM {place.prefix}log WHERE at IS NULL")
    assert sum(batch.read for batch in pull(source, cursors)) == 0
    place.add((11, None))
    assert sum(batch.read for batch in pull(source, cursors)) == 1


ODD = ['a"b', "a b; DROP TABLE log; --", "/* x */", "select", "über 100% :x (y)", "it's", "[a]", "back`tick", "a.b"]


@pytest.mark.parametrize("odd", ODD)
def test_odd_names_are_names_and_nothing_else(place: Place, odd: str) -> None:
    def quote(name: str) -> str:
        return '"' + name.replace('"', '""') + '"'

    with place.engine.begin() as connection:
        own, at, key = quote(odd), quote(odd + "at"), quote(odd + "id")
        driver: Any = connection.connection.driver_connection
        driver.execute(f"CREATE TABLE {place.prefix}{own} ({at} {place.time}, {key} bigint, {own} text)").close()
        insert = f"INSERT INTO {place.prefix}{own} VALUES ('2013-03-01 00:00:00+00:00', 1, 'x')"
        driver.execute(insert).close()
    cursors: dict[str, Cursor] = {}
    source = place.source(odd, cursor=(odd + "at", odd + "id"), lookback=MINUTE)
    (batch,) = pull(source, cursors)
    assert batch.rows.to_pylist() == [{odd + "at": START, odd + "id": 1, odd: "x"}]
    assert len(pull(source, cursors)) == 1


@pytest.mark.parametrize(
    ("table", "cursor", "told"),
    [
        ("lgo", ("at", "id"), "no table '{prefix}lgo'; did you mean '{prefix}log'?"),
        ("log", ("att", "id"), "no column 'att'; did you mean 'at'?"),
        ("log", ("at", "id; --"), "no column 'id; --'; known are 'id', 'at', 'x'"),
        ("log; DROP TABLE log", ("at", "id"), "no table '{prefix}log; DROP TABLE log'"),
        ('log" --', ("at", "id"), "no table"),
    ],
)
def test_an_unknown_name_is_answered_with_the_nearest(
    place: Place, table: str, cursor: tuple[str, ...], told: str
) -> None:
    place.create()
    with pytest.raises(SourceError) as error:
        pull(place.source(table, cursor=cursor))
    assert told.format(prefix=place.prefix) in str(error.value)
    assert pull(place.source()) == []


def test_a_view_is_read_like_a_table(place: Place) -> None:
    place.create()
    place.add((1, START), (2, START))
    place.run(f"CREATE VIEW {place.prefix}seen AS SELECT * FROM {place.prefix}log WHERE id > 1")
    assert ids(pull(place.source("seen"))) == [2]


def test_nothing_can_be_written(place: Place) -> None:
    place.create()
    if place.engine.name == "postgresql":
        place.run(
            f"CREATE FUNCTION {place.prefix}writes() RETURNS bigint AS "
            f"'INSERT INTO {place.prefix}log VALUES (1) RETURNING id' LANGUAGE sql"
        )
        place.run(f"CREATE VIEW {place.prefix}bad AS SELECT {place.prefix}writes() AS id, now() AS at")
        with pytest.raises(SourceError, match="read-only transaction"):
            pull(place.source("bad"))
    assert pull(place.source()) == []


def test_a_changed_type_changes_the_column_and_loses_nothing(place: Place) -> None:
    place.create("x integer")
    place.run(f"INSERT INTO {place.prefix}log VALUES (1, '2013-03-01 00:00:00+00:00', 5)")
    cursors: dict[str, Cursor] = {}
    assert pull(place.source(), cursors)[0].rows["x"].to_pylist() == [5]
    if place.engine.name == "postgresql":
        place.run(f"ALTER TABLE {place.prefix}log ALTER COLUMN x TYPE text")
    place.run(f"ALTER TABLE {place.prefix}log ADD COLUMN y text")
    place.run(f"INSERT INTO {place.prefix}log VALUES (2, '2013-03-01 00:00:01+00:00', 'many', 'new')")
    (batch,) = pull(place.source(), cursors)
    assert batch.rows.select(["x", "y"]).to_pylist() == [{"x": "many", "y": "new"}]


def test_without_a_cursor_the_whole_table_is_read_again_when_it_grew(place: Place) -> None:
    place.create()
    place.add((1, START), (2, None), (3, START))
    cursors: dict[str, Cursor] = {}
    source = place.source(cursor=(), batch_rows=2)
    assert sorted(ids(pull(source, cursors))) == [1, 2, 3]
    assert pull(source, cursors) == []
    place.add((4, START))
    assert sorted(ids(pull(source, cursors))) == [1, 2, 3, 4]
    assert source.repeats


def test_every_type_of_postgresql_has_a_column(place: Place) -> None:
    if place.engine.name == "sqlite":
        pytest.skip("types of PostgreSQL")
    place.run(
        f"CREATE TABLE {place.prefix}log (id uuid, at timestamp, i smallint, f real, d numeric, whole numeric(20, 0), "
        "b boolean, day date, j jsonb, a int[], t text, late timestamptz, gap interval, ip inet, "
        "nothing double precision)"
    )
    place.run(
        f"INSERT INTO {place.prefix}log VALUES ('00000000-0000-0000-0000-000000000001', '2013-03-01', 1, 0.5, 2.25, "
        "9007199254740993, true, '2013-03-01', '{\"k\": [1]}', '{1,2}', 'x', 'infinity', '1 day', '10.0.0.1', NULL)"
    )
    cursors: dict[str, Cursor] = {}
    (batch,) = pull(place.source(lookback=MINUTE), cursors)
    (row,) = batch.rows.to_pylist()
    assert row == {
        "id": str(UUID(int=1)),
        "at": START,
        "i": 1,
        "f": 0.5,
        "d": 2.25,
        "whole": 9007199254740993,
        "b": True,
        "day": date(2013, 3, 1),
        "j": '{"k": [1]}',
        "a": "[1, 2]",
        "t": "x",
        "late": "infinity",
        "gap": "1 day, 0:00:00",
        "ip": "10.0.0.1",
        "nothing": None,
    }
    assert batch.rows.schema.field("nothing").type == pa.float64()
    assert len(pull(place.source(lookback=MINUTE), cursors)) == 1


def test_times_beyond_all_years_in_the_cursor_are_turned_away(place: Place) -> None:
    if place.engine.name == "sqlite":
        pytest.skip("SQLite has no infinity")
    place.create()
    place.add((1, START), (2, "infinity"), (3, "-infinity"), (4, "12000-01-01"))
    batches = pull(place.source())
    assert ids(batches) == [1]
    assert [bad.position[-4:] for batch in batches for bad in batch.rejected] == ["id=2", "id=3", "id=4"]


@pytest.mark.parametrize("cursor", [("at", "id"), ("day", "id"), ("amount", "id"), ("id",)], ids="+".join)
@pytest.mark.parametrize("kind", ["bigint", "text", "uuid", "numeric"])
def test_cursor_columns_of_any_type_survive_a_restart(place: Place, cursor: tuple[str, ...], kind: str) -> None:
    kind = "text" if place.engine.name == "sqlite" else kind
    place.run(f"CREATE TABLE {place.prefix}log (id {kind}, at {place.time}, day date, amount numeric)")
    for i in range(4):
        number = str(UUID(int=i)) if kind in ("uuid", "text") else str(i)
        time = f"'2013-03-0{i // 2 + 1}'"
        place.run(f"INSERT INTO {place.prefix}log VALUES ('{number}', {time}, {time}, {START.timestamp() + i // 2})")
    source = place.source(cursor=cursor, batch_rows=1, lookback=timedelta(0) if len(cursor) == 1 else MINUTE)
    batches = pull(source)
    assert len(batches) == 4
    for i, batch in enumerate(batches):
        rest = ids(pull(source, {"table": json.loads(json.dumps(batch.cursor))}))
        assert rest[len(rest) - 3 + i :] == ids(batches[i + 1 :])


@pytest.fixture
def lite(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    connection = sqlite3.connect(tmp_path / "lite.db", isolation_level=None)
    connection.execute("CREATE TABLE log (id, at, x INTEGER, seen DATETIME)")
    yield connection
    connection.close()


def of_lite(tmp_path: Path, **options: Any) -> SqlSource:  # noqa: ANN401
    return SqlSource(f"sqlite:///{tmp_path / 'lite.db'}", "log", ("at", "id"), clock=lambda: NOW, **options)


@pytest.mark.parametrize(
    "times",
    [
        ["2013-03-01 00:00:00", "2013-03-01 00:10:00.5", "2013-03-01 00:20:00", "2031-01-01 00:00:00"],
        ["2013-03-01T00:00:00Z", "2013-03-01T00:10:00Z", "2013-03-01T00:20:00Z", "2031-01-01T00:00:00Z"],
        ["2013-03-01T00:00:00-05:00", "2013-03-01T00:10:00-05:00", "2013-03-01T00:20:00-05:00", "zzz"],
        [1362096000, 1362096600, 1362097200, 1925000000],
        [1362096000.5, 1362096600.5, 1362097200.5, "later"],
        [1362096000000, 1362096600000, 1362097200000, b"\0"],
    ],
    ids=lambda times: str(times[0]),
)
def test_times_of_sqlite_may_be_text_or_numbers(lite: sqlite3.Connection, tmp_path: Path, times: list[Any]) -> None:
    lite.executemany("INSERT INTO log (id, at) VALUES (?, ?)", enumerate(times))
    cursors: dict[str, Cursor] = {}
    source = of_lite(tmp_path, lookback=5 * MINUTE)
    batches = pull(source, cursors)
    assert ids(batches) == [0, 1, 2]
    assert [bad.position for batch in batches for bad in batch.rejected] == ["log id=3"]
    assert ids(pull(source, cursors)) == [2]


def test_a_column_of_no_times_is_refused(lite: sqlite3.Connection, tmp_path: Path) -> None:
    lite.execute("INSERT INTO log (id, at) VALUES (1, 'noon')")
    with pytest.raises(SourceError, match="column 'at' holds no times but 'noon'"):
        pull(of_lite(tmp_path))


def test_mixed_values_of_sqlite_become_text(lite: sqlite3.Connection, tmp_path: Path) -> None:
    values = [1, 2.5, "many", None]
    seen = ["2013-03-01 00:00:00", "2013-03-01", "once", None]
    lite.executemany("INSERT INTO log VALUES (?, 1362096000, ?, ?)", zip(range(4), values, seen, strict=True))
    (batch,) = pull(of_lite(tmp_path))
    assert batch.rows["x"].to_pylist() == ["1", "2.5", "many", None]
    assert batch.rows["seen"].to_pylist() == seen


def test_bytes_and_broken_text_are_turned_away_alone(lite: sqlite3.Connection, tmp_path: Path) -> None:
    lite.execute("INSERT INTO log VALUES (1, 1362096000, x'ff00', NULL)")
    lite.execute("INSERT INTO log VALUES (2, 1362096000, CAST(x'ff' AS TEXT), NULL)")
    lite.execute("INSERT INTO log VALUES (3, 1362096000, 'good', NULL)")
    (batch,) = pull(of_lite(tmp_path))
    assert ids([batch]) == [3]
    assert [bad.position for bad in batch.rejected] == ["log id=1", "log id=2"]
    assert all("bytes, or text that is not UTF-8" in bad.reason for bad in batch.rejected)


def test_numbers_of_a_driver_become_numbers() -> None:
    from monitor.sources.sqlvalues import to_table  # noqa: PLC0415 - the one test that needs no database

    rows = [(Decimal("1.5"), Decimal(2), 2**70, True), (Decimal("NaN"), 2.5, 1, None)]
    table, bad = to_table({"a": Decimal, "b": float, "c": int, "d": object}, rows)
    assert not bad
    assert str(table["a"].to_pylist()) == "[1.5, nan]"
    assert table["b"].to_pylist() == [2.0, 2.5]
    assert table["c"].to_pylist() == [str(2**70), "1"]
    assert table["d"].to_pylist() == [True, None]


@pytest.mark.parametrize(
    "url",
    [
        "nonsense-canary",
        "sqlite:////nowhere/at-all.db",
        "postgresql://user:canary@127.0.0.1:1/x",
        "postgresql://user:canary@/x?host=/nowhere",
        "unheard://user:canary@host/x",
    ],
)
def test_a_database_out_of_reach_is_told_without_its_password(url: str) -> None:
    source = SqlSource(url, "log", ("at", "id"))
    with pytest.raises(SourceError) as error:
        pull(source)
    assert "canary" not in str(error.value) + repr(source)


def test_a_password_with_an_at_sign_is_refused_and_not_shown() -> None:
    source = SqlSource("postgresql+psycopg://u:hunter2@app@127.0.0.1/db", "t", ("at", "id"))
    with pytest.raises(SourceError, match="write it as %40") as told:
        list(source.pull({}))
    assert "app" not in str(told.value)


@pytest.mark.parametrize(("unit", "odd"), [(1000, 5), (1_000_000, 5), (1000, 253_402_300_799_000), (1, 10**12)])
def test_one_count_in_another_unit_hides_no_row(place: Place, unit: int, odd: int) -> None:
    place.run(f"CREATE TABLE {place.prefix}log (id bigint, at bigint)")

    def add(number: int, at: int) -> None:
        place.run(f"INSERT INTO {place.prefix}log (id, at) VALUES ({number}, {at})")

    def at(minute: int) -> int:
        return int((START + minute * MINUTE).timestamp()) * unit

    cursors: dict[str, Cursor] = {}
    add(0, odd)
    pull(place.source(), cursors)
    for number in (1, 2, 3):
        add(number, at(number))
    # where there was nothing else, the odd one had to be taken at its word
    assert set(ids(pull(place.source()))) - {0} == {1, 2, 3}
    if odd < at(0):
        assert set(ids(pull(place.source(), cursors))) - {0} == {1, 2, 3}
        add(4, at(4))
        assert ids(pull(place.source(), cursors)) == [4]
