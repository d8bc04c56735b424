"""What is remembered of earlier windows is what was stored of them, whenever it is read."""

from datetime import UTC, datetime, timedelta

import pytest

from monitor.steps.memory import RECENT, REMEMBERED, Memory
from monitor.store.database import Database
from monitor.store.measurements import Judged, Judgement, write_judgement, write_measurements
from monitor.store.records import register_model
from monitor.types import Measurement, Window

NOON, HOUR = datetime(2026, 3, 1, 12, tzinfo=UTC), timedelta(hours=1)
WINDOWS = REMEMBERED + 5


def hour(number: int) -> Window:
    return Window(NOON + number * HOUR, NOON + (number + 1) * HOUR)


def shift(number: int) -> Measurement:
    return Measurement("mean_shift", number / 1000, column="age", n=100, p_value=0.5, effect=number / 1000)


@pytest.fixture
def filled(database: Database) -> Database:
    """Give a database in which every third window held no rows, and every second one was labelled."""
    with database.write() as connection:
        register_model(connection, "m", now=NOON)
        for number in range(WINDOWS * 3 // 2):
            rows = 0 if number % 3 == 2 else 100
            write_judgement(connection, "m", Judgement(hour(number), 1, rows, labelled=rows, matured=True))
            if not rows:
                continue
            found = [Judged(shift(number), kind="drift.data")]
            found += [Judged(Measurement("accuracy", 0.9, n=number), kind="performance.realised")] * (number % 2)
            found += [Judged(Measurement("label_contradiction", 0.1, column="yes", n=number), kind="attack.poisoning")]
            found += [Judged(Measurement("psi", 0.1, column="age", n=number), kind="drift.data")]
            write_measurements(connection, "m", hour(number), 1, found)
    return database


def test_the_last_windows_with_rows_are_remembered(filled: Database) -> None:
    memory, now = Memory.of(filled, "m", ["age"]), hour(WINDOWS * 3 // 2)
    held = [number for number in range(WINDOWS * 3 // 2) if number % 3 < 2][-REMEMBERED:]
    assert memory.before(now) == [hour(number) for number in held]
    assert memory.before(now, last=2) == [hour(number) for number in held[-2:]]
    for number in (held[0], held[-RECENT - 1], held[-RECENT], held[-1]):
        assert memory.at(hour(number), "mean_shift", "age") == shift(number)
        assert (memory.at(hour(number), "accuracy") is not None) == (number % 2 == 1)
        contradicted = memory.at(hour(number), "label_contradiction", "yes")
        assert contradicted
        assert contradicted.n == number
        assert memory.at(hour(number), "psi", "age") is None
    assert memory.at(hour(2), "mean_shift", "age") is None
    assert memory.at(hour(held[0] - 2), "mean_shift", "age") is None


def test_how_far_columns_moved_long_ago_is_read_when_it_is_asked_for(filled: Database) -> None:
    memory, now = Memory.of(filled, "m", ["age"]), hour(WINDOWS * 3 // 2)
    long_ago, recent = memory.before(now)[0], memory.before(now)[-1]
    with filled.write() as connection:
        for window in (long_ago, recent):
            write_measurements(connection, "m", window, 2, [Judged(shift(9), kind="drift.data")])
    was, is_ = memory.at(recent, "mean_shift", "age"), memory.at(long_ago, "mean_shift", "age")
    assert was
    assert is_
    assert (was == shift(9), is_ == shift(9)) == (False, True)


def test_what_was_noted_since_is_not_replaced_by_what_is_read_later(filled: Database) -> None:
    memory, now = Memory.of(filled, "m", ["age"]), hour(WINDOWS * 3 // 2)
    late, before_it = memory.before(now)[1], memory.before(now)[0]
    memory.note(late, [])
    assert memory.at(before_it, "mean_shift", "age") is not None
    assert memory.at(late, "mean_shift", "age") is None


def test_of_a_model_that_was_never_judged_nothing_is_remembered(database: Database) -> None:
    memory = Memory.of(database, "nobody", ["age"])
    assert memory.before(hour(1)) == []
    assert memory.at(hour(0), "mean_shift", "age") is None
