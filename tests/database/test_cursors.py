"""How far each source was read, and what came of it: read = stored + quarantined + repeated."""

from datetime import UTC, datetime, timedelta

import pytest

from monitor.store.cursors import (
    SourceState,
    count_rows,
    forget_cursors,
    note_drained,
    note_empty,
    note_live,
    note_problem,
    read_cursors,
    read_source,
    write_cursors,
)
from monitor.store.database import Database

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


def test_each_shard_of_each_source_has_its_own_cursor(database: Database) -> None:
    with database.write() as connection:
        write_cursors(connection, "m/records", {"a": {"row": 1}, "b": {"row": 2}})
        write_cursors(connection, "m/labels", {"a": {"row": 3}})
        write_cursors(connection, "m/records", {"a": {"row": 9, "nested": [1, None, "x"]}})
    with database.read() as connection:
        assert read_cursors(connection, "m/records") == {"a": {"row": 9, "nested": [1, None, "x"]}, "b": {"row": 2}}
        assert read_cursors(connection, "m/labels") == {"a": {"row": 3}}
        assert read_cursors(connection, "other") == {}


def test_more_cursors_than_a_statement_takes_are_all_moved(database: Database) -> None:
    with database.write() as connection:
        for row in (1, 2):
            write_cursors(connection, "m/records", {str(shard): {"row": row} for shard in range(1_201)})
        assert read_cursors(connection, "m/records") == {str(shard): {"row": 2} for shard in range(1_201)}


def test_a_source_whose_cursors_are_forgotten_begins_anew_and_alone(database: Database) -> None:
    with database.write() as connection:
        write_cursors(connection, "m/records", {"a": {"row": 1}})
        write_cursors(connection, "m/labels", {"a": {"row": 3}})
        forget_cursors(connection, "m/records")
        assert (read_cursors(connection, "m/records"), read_cursors(connection, "m/labels")) == ({}, {"a": {"row": 3}})


def test_rows_are_counted_by_what_became_of_them(database: Database) -> None:
    with database.write() as connection:
        assert read_source(connection, "m/records") == SourceState()
        count_rows(connection, "m/records", stored=5, quarantined=1)
        count_rows(connection, "m/records", stored=0, quarantined=2, repeated=4)
        count_rows(connection, "m/labels", stored=1, quarantined=0)
    with database.read() as connection:
        state = read_source(connection, "m/records")
        assert (state.read, state.stored, state.quarantined, state.repeated) == (12, 5, 3, 4)
        assert read_source(connection, "m/labels").read == 1


def test_reading_to_the_end_ends_a_problem_and_leaves_the_counts(database: Database) -> None:
    with database.write() as connection:
        count_rows(connection, "m/records", stored=5, quarantined=1)
        note_problem(connection, "m/records", "column 'at' is gone")
        assert read_source(connection, "m/records").problem == "column 'at' is gone"
        note_live(connection, "m/records", at=NOON)
        note_drained(connection, "m/records", at=NOON + HOUR)
    with database.read() as connection:
        assert read_source(connection, "m/records") == SourceState(NOON, NOON + HOUR, "", 6, 5, 1, 0, 6.0, 1.0)


def test_of_the_last_rows_it_is_known_how_many_were_bad(database: Database) -> None:
    with database.write() as connection:
        count_rows(connection, "m/records", stored=1_000, quarantined=40)
        count_rows(connection, "m/records", stored=0, quarantined=5, repeated=9, blameless=2)
        state = read_source(connection, "m/records")
    assert (state.recent_read, state.recent_bad) == pytest.approx((200 + 3, 200 * 40 / 1_040 + 3))


def test_it_is_known_since_when_nothing_is_left_to_read(database: Database) -> None:
    with database.write() as connection:
        for at in (NOON, NOON + HOUR):
            note_empty(connection, "m/records", at=at)
        state = read_source(connection, "m/records")
        assert (state.empty_since, state.drained_at) == (NOON, NOON + HOUR)
        note_drained(connection, "m/records", at=NOON + HOUR)
        assert read_source(connection, "m/records").empty_since is None
