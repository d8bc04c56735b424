"""A lease has one holder, its token only rises, and a slot of a job is done once."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import func, select

from monitor.errors import MonitorError
from monitor.store.database import Database
from monitor.store.records import register_model
from monitor.store.runs import (
    acquire,
    claim_run,
    failed_runs,
    fenced,
    finish_run,
    forget_runs,
    forget_runs_ahead,
    held_until,
    holds,
    note_failure,
    release,
    renew,
)
from monitor.store.schema import model, run

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
SECOND = timedelta(seconds=1)
TTL = 60 * SECOND


def take(database: Database, owner: str, at: datetime = NOON) -> int | None:
    with database.write() as connection:
        return acquire(connection, "look:fares", owner, now=at, ttl=TTL)


def begin(database: Database, *, slot: datetime = NOON, owner: str = "a", token: int = 1, now: datetime = NOON) -> bool:
    with database.write() as connection:
        return claim_run(connection, "look:fares", slot, owner=owner, token=token, now=now)


def end(database: Database, *, token: int = 1, error: str = "") -> bool:
    with database.write() as connection:
        return finish_run(connection, "look:fares", NOON, token=token, now=NOON + SECOND, error=error)


def free(database: Database, token: int) -> None:
    with database.write() as connection:
        release(connection, "look:fares", token)


def test_a_lease_has_one_holder_who_keeps_the_token(database: Database) -> None:
    assert take(database, "a") == 1
    assert take(database, "b", NOON + 59 * SECOND) is None
    assert take(database, "a", NOON + 59 * SECOND) == 1
    assert take(database, "b", NOON + 118 * SECOND) is None


@pytest.mark.parametrize("owner", ["a", "b"])
def test_an_expired_lease_passes_on_with_the_next_token(database: Database, owner: str) -> None:
    take(database, "a")
    assert take(database, owner, NOON + TTL) == 2


def test_a_released_lease_is_free_at_once_and_its_token_still_rises(database: Database) -> None:
    take(database, "a")
    free(database, token=1)
    with database.read() as connection:
        assert held_until(connection, "look:fares") is None
        assert not holds(connection, "look:fares", 1, NOON)
    assert take(database, "b", NOON + SECOND) == 2
    free(database, token=1)
    assert take(database, "c", NOON + SECOND) is None


def test_a_lease_is_renewed_by_its_holder_only(database: Database) -> None:
    take(database, "a")
    with database.write() as connection:
        assert renew(connection, "look:fares", 1, now=NOON + 50 * SECOND, ttl=TTL)
        assert holds(connection, "look:fares", 1, NOON + 109 * SECOND)
        assert not holds(connection, "look:fares", 1, NOON + 110 * SECOND)
        assert held_until(connection, "look:fares") == NOON + 110 * SECOND
    take(database, "b", NOON + 110 * SECOND)
    with database.write() as connection:
        assert not renew(connection, "look:fares", 1, now=NOON + 111 * SECOND, ttl=TTL)
        assert not holds(connection, "look:fares", 1, NOON + 111 * SECOND)
        assert not holds(connection, "unheard of", 1, NOON)


def test_a_lease_of_a_clock_that_was_set_back_is_not_waited_for(database: Database) -> None:
    take(database, "a", NOON + timedelta(days=30))
    assert take(database, "b", NOON) == 2


def test_of_many_who_reach_for_a_new_lease_one_gets_it(database: Database) -> None:
    with ThreadPoolExecutor(8) as pool:
        tokens = list(pool.map(lambda number: take(database, f"owner {number}"), range(16)))
    assert sorted(token for token in tokens if token) == [1]


def test_a_late_writer_is_refused_and_leaves_nothing(database: Database) -> None:
    take(database, "a")
    late, late_by = fenced(database, "look:fares", 1), NOON + TTL
    with late.write() as connection:
        register_model(connection, "fares", now=NOON)
    assert take(database, "b", late_by) == 2
    with pytest.raises(MonitorError, match="lease on look:fares was lost"), late.write() as connection:
        register_model(connection, "late", now=NOON)
    with late.read() as connection:
        assert list(connection.scalars(select(model.c.name))) == ["fares"]


def test_an_expired_lease_that_nobody_took_still_allows_to_write(database: Database) -> None:
    take(database, "a")
    with fenced(database, "look:fares", 1).write() as connection:
        assert not holds(connection, "look:fares", 1, NOON + TTL)


def test_a_slot_is_done_once(database: Database) -> None:
    assert begin(database)
    assert end(database)
    assert not begin(database, owner="b", token=2)
    assert begin(database, slot=NOON + TTL, owner="b", token=2)


def test_a_failed_run_is_begun_again_and_a_late_end_of_it_does_not_count(database: Database) -> None:
    begin(database)
    end(database, error="OSError: no")
    with database.read() as connection:
        (failed,) = failed_runs(connection)
    assert (failed["job"], failed["slot"], failed["error"]) == ("look:fares", NOON, "OSError: no")
    assert begin(database, owner="b", token=2)
    assert not end(database, token=1)
    assert end(database, token=2)
    with database.read() as connection:
        assert failed_runs(connection) == []


def test_a_run_whose_holder_is_gone_is_begun_again_under_a_higher_token(database: Database) -> None:
    begin(database, token=2)
    assert not begin(database, token=1)
    assert begin(database, owner="b", token=3)


def test_what_an_earlier_holder_left_unfinished_counts_as_failed(database: Database) -> None:
    begin(database)
    begin(database, slot=NOON + TTL, owner="b", token=2, now=NOON + TTL)
    with database.read() as connection:
        assert [(row["slot"], row["error"]) for row in failed_runs(connection)] == [(NOON, "never finished")]


def test_of_many_who_claim_a_slot_one_gets_it(database: Database) -> None:
    def claimed(number: int) -> bool:
        token = take(database, f"owner {number}")
        return token is not None and begin(database, owner=f"owner {number}", token=token)

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(claimed, range(16))) == 1


def test_old_runs_are_forgotten_and_those_that_still_run_are_not(database: Database) -> None:
    begin(database, slot=NOON - TTL)
    with database.write() as connection:
        note_failure(connection, "deliver", owner="a", now=NOON, error="OSError: no")
        note_failure(connection, "deliver", owner="b", now=NOON, error="OSError: no")
        assert forget_runs(connection, older=NOON) == 0
        assert forget_runs(connection, older=NOON + SECOND) == 1
        assert connection.scalar(select(func.count()).select_from(run)) == 1


def test_runs_of_a_clock_that_was_ahead_are_forgotten(database: Database) -> None:
    begin(database, slot=NOON + timedelta(hours=1))
    begin(database, slot=NOON + SECOND)
    with database.write() as connection:
        assert forget_runs_ahead(connection, "look:fares", after=NOON + TTL) == 1
        assert forget_runs_ahead(connection, "look:others", after=NOON) == 0
