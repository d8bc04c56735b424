"""Labels find their records by key, whichever came first."""

from datetime import UTC, datetime, timedelta

import pyarrow as pa
import pytest
from sqlalchemy.exc import IntegrityError

from monitor.store.database import Database
from monitor.store.labels import (
    WAITING,
    Key,
    add_keys,
    add_labels,
    count_waiting,
    find_records,
    forget_waiting,
    keys_of,
    known_keys,
    read_contributors,
    read_labels,
    record_days,
    settle_labels,
    waiting_labels,
)
from monitor.store.records import append_records, forget_records, pack_records, register_model

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
A, B, C = keys_of(pa.chunked_array([["a", "b", "c"]]))


@pytest.fixture
def flights(database: Database) -> Database:
    """Give a database with records: a on day 5, b on the days 5 and 7."""
    with database.write() as connection:
        register_model(connection, "m", now=NOON)
        add_keys(connection, "m", [(5, A), (5, B)], segment=1)
        add_keys(connection, "m", [(7, B)], segment=2)
        add_keys(connection, "m", [], segment=3)
    return database


def test_ids_of_any_type_are_compared_as_text() -> None:
    assert keys_of(pa.chunked_array([[1, 22]])) == keys_of(pa.chunked_array([["1", "22"]]))
    assert keys_of(pa.chunked_array([pa.array(["a", "b", "a"]).dictionary_encode()])) == [A, B, A]
    assert len({A, B, C}) == 3
    assert {len(key) for key in (A, B, C)} == {16}


def test_keys_are_known_on_their_day_only(flights: Database) -> None:
    with flights.read() as connection:
        assert known_keys(connection, "m", [(5, A), (5, C), (6, A), (7, B)]) == {(5, A), (7, B)}
        assert known_keys(connection, "other", [(5, A)]) == set()
        assert known_keys(connection, "m", []) == set()


def test_the_same_key_of_a_day_is_refused_twice(flights: Database) -> None:
    with pytest.raises(IntegrityError), flights.write() as connection:
        add_keys(connection, "m", [(5, A)], segment=9)


def test_records_are_found_on_the_first_of_the_days_in_the_order_given(flights: Database) -> None:
    with flights.read() as connection:
        assert list(record_days(connection, "m")) == [7, 5]
        assert find_records(connection, "m", [A, B, C], [7, 5]) == {A: (5, 1), B: (7, 2)}
        assert find_records(connection, "m", [A, B, C], [5, 7]) == {A: (5, 1), B: (5, 1)}
        assert find_records(connection, "m", [A], [7]) == find_records(connection, "other", [A], [5]) == {}
        assert list(record_days(connection, "other")) == []


def test_more_keys_than_one_statement_takes_are_all_found(database: Database) -> None:
    keys = keys_of(pa.chunked_array([range(12_000)]))
    with database.write() as connection:
        register_model(connection, "m", now=NOON)
        add_keys(connection, "m", [(1, key) for key in keys], segment=4)
    with database.read() as connection:
        assert len(known_keys(connection, "m", [(1, key) for key in keys])) == 12_000
        assert len(find_records(connection, "m", keys, [3, 1])) == 12_000
        assert len(find_records(connection, "m", keys[:7_000], [3, 1])) == 7_000


@pytest.mark.parametrize("value", [1, 0.25, True, "late", None])
def test_a_label_comes_back_with_its_type(flights: Database, value: object) -> None:
    with flights.write() as connection:
        add_labels(connection, "m", [(5, A, value)], at=NOON)
    with flights.read() as connection:
        found = read_labels(connection, "m", [(5, A), (7, A)])
    assert found == {(5, A): value}
    assert type(found[5, A]) is type(value)


def test_who_gave_a_label_is_kept_with_it_where_that_is_known(flights: Database) -> None:
    with flights.write() as connection:
        add_labels(connection, "m", [(5, A, 1), (5, B, 0), (WAITING, C, 1)], at=NOON, given_by={A: "ann", C: "cem"})
        assert read_contributors(connection, "m", [(5, A), (5, B), (WAITING, C)]) == {
            (5, A): "ann",
            (WAITING, C): "cem",
        }
        settle_labels(connection, "m", {C: 9})
    with flights.read() as connection:
        assert read_contributors(connection, "m", [(9, C)]) == {(9, C): "cem"}


def test_a_label_waits_for_its_record_and_then_moves_to_its_day(flights: Database) -> None:
    with flights.write() as connection:
        assert waiting_labels(connection, "m", [C]) == {}
        add_labels(connection, "m", [(WAITING, C, 1), (5, A, 0)], at=NOON)
        assert waiting_labels(connection, "m", [A, B, C]) == {C: 1}
        assert count_waiting(connection, "m") == 1
        settle_labels(connection, "m", {C: 9})
    with flights.read() as connection:
        assert count_waiting(connection, "m") == 0
        assert waiting_labels(connection, "m", [C]) == {}
        assert read_labels(connection, "m", [(9, C), (5, A), (WAITING, C)]) == {(9, C): 1, (5, A): 0}


def test_labels_that_wait_are_forgotten_by_when_they_came_and_others_are_not(flights: Database) -> None:
    with flights.write() as connection:
        add_labels(connection, "m", [(WAITING, A, 1), (5, A, 0)], at=NOON)
        add_labels(connection, "m", [(WAITING, B, 1)], at=NOON + timedelta(days=1))
        assert forget_waiting(connection, "m", before=NOON) == forget_waiting(connection, "other", before=NOON) == 0
        assert forget_waiting(connection, "m", before=NOON + timedelta(days=1)) == 1
        assert waiting_labels(connection, "m", [A, B]) == {B: 1}
        assert read_labels(connection, "m", [(5, A)]) == {(5, A): 0}


def test_keys_and_labels_go_with_the_records_of_their_days(flights: Database) -> None:
    newest = datetime(1970, 1, 9, tzinfo=UTC)
    rows = pa.table({"at": pa.array([newest], pa.timestamp("us", "UTC"))})
    with flights.write() as connection:
        append_records(connection, "m", pack_records(rows, timestamp="at"))
        add_labels(connection, "m", [(5, A, True), (7, B, False), (WAITING, C, True)], at=NOON)
        forget_records(connection, "m", older_than=timedelta(days=2))
        assert known_keys(connection, "m", [(5, A), (5, B), (7, B)]) == {(7, B)}
        assert read_labels(connection, "m", [(5, A), (7, B), (WAITING, C)]) == {(7, B): False, (WAITING, C): True}


def test_keys_and_labels_stay_with_old_records_whose_segment_is_kept(flights: Database) -> None:
    times = [datetime(1970, 1, 6, tzinfo=UTC), datetime(1970, 1, 9, tzinfo=UTC)]
    rows = pa.table({"at": pa.array(times, pa.timestamp("us", "UTC"))})
    with flights.write() as connection:
        append_records(connection, "m", pack_records(rows, timestamp="at"))
        add_labels(connection, "m", [(4, C, True), (5, A, True)], at=NOON)
        forget_records(connection, "m", older_than=timedelta(days=2))
        assert read_labels(connection, "m", [(4, C), (5, A)]) == {(5, A): True}


def test_keys_and_labels_go_with_their_records_on_a_day_that_is_half_kept(database: Database) -> None:
    def stored(days: float, key: Key) -> None:
        time = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(days=days)
        rows = pa.table({"at": pa.array([time], pa.timestamp("us", "UTC"))})
        segment = append_records(connection, "m", pack_records(rows, timestamp="at"))
        add_keys(connection, "m", [(int(days), key)], segment)

    with database.write() as connection:
        register_model(connection, "m", now=NOON)
        stored(5.25, A)
        stored(5.75, B)
        stored(7.5, C)
        add_labels(connection, "m", [(5, A, 1), (5, B, 2), (WAITING, A, 3)], at=NOON)
        assert forget_records(connection, "m", older_than=timedelta(days=2)) == 1
        assert find_records(connection, "m", [A, B, C], [7, 5]).keys() == {B, C}
        assert read_labels(connection, "m", [(5, A), (5, B), (WAITING, A)]) == {(5, B): 2, (WAITING, A): 3}
