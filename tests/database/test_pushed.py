"""Bodies that were pushed are read in the order of their numbers, and none is passed over."""

from datetime import UTC, datetime
from threading import Thread

import pytest
from sqlalchemy import insert

from monitor.store.database import Database
from monitor.store.pushed import add_pushed, forget_pushed, read_pushed
from monitor.store.records import register_model
from monitor.store.schema import label

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
JSON = "application/json"


def push(database: Database, body: bytes, name: str = "m") -> None:
    with database.write() as connection:
        register_model(connection, name, now=NOON)
        add_pushed(connection, name, body, JSON, now=NOON)


def bodies(database: Database, after: int) -> dict[int, bytes]:
    return {number: body for number, body, _ in read_pushed(database, "m", after)}


def test_bodies_come_in_the_order_in_which_they_were_pushed(database: Database) -> None:
    for body, name in ((b"1", "m"), (b"2", "other"), (b"3", "m")):
        push(database, body, name)
    first, last = bodies(database, 0)
    assert bodies(database, 0) == {first: b"1", last: b"3"}
    assert bodies(database, first) == {last: b"3"}


def test_labels_are_pushed_beside_records_and_forgotten_apart(database: Database) -> None:
    push(database, b"1")
    with database.write() as connection:
        for body in (b"2", b"3"):
            add_pushed(connection, "m", body, JSON, now=NOON, holds="labels")
    (two, three) = (number for number, _, _ in read_pushed(database, "m", 0, holds="labels"))
    assert list(bodies(database, 0).values()) == [b"1"]
    with database.write() as connection:
        forget_pushed(connection, "m", until=three)
        forget_pushed(connection, "m", until=two, holds="labels")
    assert bodies(database, 0) == {}
    assert [body for _, body, _ in read_pushed(database, "m", 0, holds="labels")] == [b"3"]


def test_taken_bodies_are_forgotten(database: Database) -> None:
    for body in (b"1", b"2", b"3"):
        push(database, body)
    _, second, third = bodies(database, 0)
    with database.write() as connection:
        forget_pushed(connection, "m", until=second)
    assert bodies(database, 0) == {third: b"3"}


def test_a_body_committed_later_than_the_next_one_is_read_all_the_same(database: Database) -> None:
    with database.write() as connection:
        register_model(connection, "m", now=NOON)
    other = Thread(target=push, args=(database, b"second"), daemon=True)
    with database.write() as slow:
        add_pushed(slow, "m", b"first", JSON, now=NOON)
        other.start()
        other.join(0.5)
        read = bodies(database, 0)
    other.join(10)
    later = bodies(database, max(read, default=0))
    assert [*read.values(), *later.values()] == [b"first", b"second"]


def test_a_body_does_not_wait_for_a_pass_that_writes_for_its_model(database: Database) -> None:
    if database.writer.dialect.name == "sqlite":
        pytest.skip("SQLite has one writer at a time")
    with database.write() as connection:
        register_model(connection, "m", now=NOON)
    with database.write() as slow:
        slow.execute(insert(label).values(model="m", day=0, key=b"k" * 16, value="1", at=NOON))
        other = Thread(target=push, args=(database, b"pushed"), daemon=True)
        other.start()
        other.join(10)
        assert list(bodies(database, 0).values()) == [b"pushed"]
