"""Rows, cursor and quarantine move together or not at all."""

from datetime import UTC, datetime, timedelta

import pyarrow as pa
import pytest
from sqlalchemy import func, select, text, update

from monitor.errors import MonitorError
from monitor.store.cursors import read_cursors, write_cursors
from monitor.store.database import Database
from monitor.store.records import (
    append_records,
    forget_quarantine,
    forget_records,
    pack_records,
    quarantine_rows,
    read_records,
    read_segment,
    record_span,
    register_model,
    segment_numbers,
)
from monitor.store.schema import quarantine, segment
from monitor.types import Rejected, Window

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
DAY = Window(NOON - 12 * HOUR, NOON + 12 * HOUR)


def rows(*hours: int) -> pa.Table:
    at = pa.array([NOON + h * HOUR for h in hours], pa.timestamp("us", tz="UTC"))
    who = pa.array([f"c{h}" for h in hours]).dictionary_encode()
    return pa.table({"at": at, "x": pa.array(hours, pa.int64()), "who": who})


def stored(database: Database, window: Window = DAY) -> list[int]:
    with database.read() as connection:
        tables = list(read_records(connection, "m", window, timestamp="at", columns=["x"]))
    assert all(table.column_names == ["x"] for table in tables)
    return [x for table in tables for x in table["x"].to_pylist()]


def store(database: Database, table: pa.Table, state: dict[str, int]) -> int:
    with database.write() as connection:
        register_model(connection, "m", now=NOON)
        number = append_records(connection, "m", pack_records(table, timestamp="at"))
        write_cursors(connection, "files", {"a.parquet": state})
    return number


def test_rows_come_back_in_half_open_windows(database: Database) -> None:
    store(database, rows(0, 1, 2), {"row": 3})
    store(database, rows(3, 1), {"row": 5})
    assert stored(database) == [0, 1, 2, 3, 1]
    assert stored(database, Window(NOON + HOUR, NOON + 3 * HOUR)) == [1, 2, 1]


def test_a_segment_comes_back_as_it_went_in_or_in_the_columns_asked_for(database: Database) -> None:
    number = store(database, rows(0, 1, 0), {"row": 3})
    with database.read() as connection:
        assert read_segment(connection, number).equals(rows(0, 1, 0))
        few = read_segment(connection, number, columns={"who", "nowhere"})
        assert few["who"].to_pylist() == ["c0", "c1", "c0"]
        assert few.column_names == ["who"]
        assert next(iter(read_records(connection, "m", DAY, timestamp="at", columns=["nowhere"]))).column_names == []
        assert next(iter(read_records(connection, "m", DAY, timestamp="at"))).equals(rows(0, 1, 0))


def test_segments_are_numbered_in_the_order_of_arrival_and_span_their_records(database: Database) -> None:
    numbers = [store(database, rows(5), {}), store(database, rows(-3, 1), {}), store(database, rows(2), {})]
    with database.read() as connection:
        assert segment_numbers(connection, "m") == numbers
        assert record_span(connection, "m") == (NOON - 3 * HOUR, NOON + 5 * HOUR)
        assert (segment_numbers(connection, "other"), record_span(connection, "other")) == ([], None)


def test_cursors_move_with_the_rows(database: Database) -> None:
    store(database, rows(0), {"row": 1})
    store(database, rows(1), {"row": 2})
    with database.read() as connection:
        assert read_cursors(connection, "files") == {"a.parquet": {"row": 2}}


def store_and_stop(database: Database) -> None:
    with database.write() as connection:
        register_model(connection, "m", now=NOON)
        append_records(connection, "m", pack_records(rows(0), timestamp="at"))
        write_cursors(connection, "files", {"a.parquet": {"row": 1}})
        raise RuntimeError("stop")


def test_a_failure_leaves_neither_rows_nor_cursor(database: Database) -> None:
    with pytest.raises(RuntimeError, match="stop"):
        store_and_stop(database)
    assert stored(database) == []
    with database.read() as connection:
        assert read_cursors(connection, "files") == {}


def test_a_damaged_segment_is_named(database: Database) -> None:
    number = store(database, rows(0), {"row": 1})
    with database.write() as connection:
        connection.execute(update(segment).values(data=b"spoiled"))
    with pytest.raises(MonitorError, match=f"segment {number} is damaged"):
        stored(database)


def test_segments_are_forgotten_when_their_newest_record_is_too_old(database: Database) -> None:
    for hours in ((0, 1), (1, 5), (11,)):
        store(database, rows(*hours), {})
    with database.write() as connection:
        assert forget_records(connection, "m", older_than=6 * HOUR) == 1  # hour 5 is six before the newest
        assert forget_records(connection, "m", older_than=6 * HOUR) == 0
        assert forget_records(connection, "other", older_than=6 * HOUR) == 0
    assert stored(database) == [1, 5, 11]


def test_rejected_rows_are_kept_with_their_reason(database: Database) -> None:
    with database.write() as connection:
        quarantine_rows(connection, "files", [Rejected("a.csv:line 3", "2 fields, not 3", "1,2")], now=NOON)
        quarantine_rows(connection, "files", [], now=NOON)
    with database.read() as connection:
        assert connection.execute(select(func.count()).select_from(quarantine)).scalar_one() == 1


def test_rows_that_come_again_lie_in_quarantine_once_by_what_they_hold(database: Database) -> None:
    again = [Rejected("t id=1", "bad", "x" * 60_000), Rejected("t id=2", "bad", "y"), Rejected("t id=3", "bad", "")]
    with database.write() as connection:
        assert len(quarantine_rows(connection, "m/records", again, now=NOON, repeats=True)) == 3
        # nothing is known of a row without an excerpt
        assert quarantine_rows(connection, "m/records", again, now=NOON, repeats=True) == again[2:]
        assert len(quarantine_rows(connection, "m/labels", again, now=NOON, repeats=True)) == 3
        if connection.dialect.name == "sqlite":
            asked = "EXPLAIN QUERY PLAN SELECT digest FROM quarantine WHERE source = 's' AND digest IN ('a')"
            assert "ix_quarantine_source_digest" in connection.execute(text(asked)).all()[0].detail


def test_rows_in_quarantine_are_forgotten_a_while_before_the_newest_of_their_source(database: Database) -> None:
    with database.write() as connection:
        for source, hours in (("a", (0, 5, 10)), ("b", (0, 1))):
            for hour in hours:
                bad = [Rejected(f"{source}:{hour}", "bad", str(hour))]
                quarantine_rows(connection, source, bad, now=NOON + hour * HOUR)
        assert forget_quarantine(connection, "a", older_than=5 * HOUR) == 1
        assert forget_quarantine(connection, "b", older_than=5 * HOUR) == 0
        assert forget_quarantine(connection, "c", older_than=5 * HOUR) == 0
        assert set(connection.scalars(select(quarantine.c.position))) == {"a:5", "a:10", "b:0", "b:1"}
