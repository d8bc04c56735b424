"""A backlog is claimed together, in order; what is in other hands is not, nor what stands behind it."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

from sqlalchemy import select

from monitor.store.batches import BACKLOG, CAP, claim_together
from monitor.store.database import Database
from monitor.store.outbox import (
    PROBING,
    Claimed,
    claim,
    count_failure,
    due_receivers,
    enqueue,
    mark_delivered,
    mark_included,
    mark_retry,
    pause,
    switch_off,
)
from monitor.store.schema import delivery
from monitor.types import Notice

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
SECOND, HOUR = timedelta(seconds=1), timedelta(hours=1)


def queue(
    database: Database, *numbers: int, kinds: int = 3, severity: str = "warning", at: datetime = NOON, kind: str = ""
) -> None:
    with database.write() as connection:
        for n in numbers:
            alerts = ({"id": f"a{n}", "severity": severity},)
            one = Notice(f"n{n}", "fares", kind or f"k{n % kinds}", "fired", "first", f"title {n}", (), alerts)
            enqueue(connection, one, "team", now=at)


def take(database: Database, at: datetime = NOON) -> list[Claimed]:
    with database.read() as connection:
        due = due_receivers(connection, ("team",), now=at)
    batch = claim_together(database, "team", now=at, owner="me")
    assert due or not batch
    return batch


def numbers(batch: list[Claimed]) -> list[int]:
    return [int(one.notice.id[1:]) for one in batch]


def done(database: Database, batch: list[Claimed], at: datetime = NOON) -> None:
    with database.write() as connection:
        assert mark_delivered(connection, batch[0], now=at)
        assert all(mark_included(connection, one, now=at) for one in batch[1:])


def drained(database: Database, at: datetime = NOON) -> list[list[int]]:
    """Give the messages that go out, each by what is in it."""
    sent: list[list[int]] = []
    while batch := take(database, at):
        done(database, batch, at)
        sent.append(numbers(batch))
    return sent


def singles(*of: int) -> list[list[int]]:
    return [[n] for n in of]


def test_as_many_as_a_backlog_may_have_go_one_by_one(database: Database) -> None:
    queue(database, *range(BACKLOG))
    assert drained(database) == singles(*range(BACKLOG))


def test_one_more_and_all_go_together_in_order(database: Database) -> None:
    queue(database, *range(BACKLOG + 1))
    assert drained(database) == [list(range(BACKLOG + 1))]


def test_a_long_backlog_makes_digests_of_one_size_and_no_rest_of_single_ones(database: Database) -> None:
    queue(database, *range(120), kinds=7)
    assert drained(database) == [list(range(40)), list(range(40, 80)), list(range(80, 120))]


def test_what_another_process_has_is_not_in_it_nor_what_stands_behind_that(database: Database) -> None:
    queue(database, *range(40), kinds=4)
    other = claim(database, ("team",), now=NOON, owner="other")
    assert other
    assert drained(database) == [[n for n in range(40) if n % 4]]
    done(database, [other])
    assert drained(database) == singles(*range(4, 40, 4))


def test_claims_at_the_same_time_never_give_a_message_twice_nor_out_of_order(database: Database) -> None:
    queue(database, *range(200), kinds=5)

    def work(owner: int) -> list[list[int]]:
        sent: list[list[int]] = []
        while batch := claim_together(database, "team", now=NOON, owner=str(owner)):
            sent.append(numbers(batch))
            done(database, batch)
        return sent

    with ThreadPoolExecutor(3) as pool:
        sent = [batch for part in pool.map(work, range(3)) for batch in part]
    sent += drained(database)
    assert sorted(n for batch in sent for n in batch) == list(range(200))
    assert all(batch == sorted(batch) for batch in sent)


def test_what_was_taken_together_and_not_marked_is_taken_together_again(database: Database) -> None:
    queue(database, *range(25))
    late = take(database)
    queue(database, *range(25, 60), at=NOON + SECOND)
    again = take(database, NOON + 61 * SECOND)
    assert numbers(again) == numbers(late) == list(range(25))
    with database.write() as connection:
        assert not mark_delivered(connection, late[0], now=NOON)
        assert not any(mark_included(connection, one, now=NOON) for one in late[1:])
    done(database, again)
    assert drained(database, NOON + 62 * SECOND) == [list(range(25, 60))]


def test_what_failed_together_is_tried_together_again(database: Database) -> None:
    queue(database, *range(25))
    batch = take(database)
    with database.write() as connection:
        for one in batch:
            mark_retry(connection, one, now=NOON, due_at=NOON + SECOND, outcome="transient", error="500")
    queue(database, *range(25, 30), at=NOON + SECOND)
    assert drained(database, NOON + SECOND) == [list(range(25)), *singles(*range(25, 30))]


def test_what_was_refused_goes_alone_and_nothing_overtakes_it(database: Database) -> None:
    queue(database, *range(52), kinds=2)
    batch = take(database)
    with database.write() as connection:
        mark_retry(connection, batch[0], now=NOON, due_at=NOON + SECOND, outcome="apart", error="400")
        mark_retry(connection, batch[1], now=NOON, due_at=NOON, outcome="refused", error="400")
    done(database, batch[2:])
    assert drained(database) == singles(1, *range(27, 52, 2))
    assert drained(database, NOON + SECOND) == singles(0, *range(26, 52, 2))


def test_a_backlog_leaves_out_what_was_refused_and_what_stands_behind_that(database: Database) -> None:
    queue(database, 0, 1)
    first, refused = take(database), take(database)
    with database.write() as connection:
        mark_retry(connection, first[0], now=NOON, due_at=NOON, outcome="transient", error="500")
        mark_retry(connection, refused[0], now=NOON, due_at=NOON, outcome="refused", error="400")
    queue(database, *range(2, 33))
    behind = range(4, 33, 3)
    assert drained(database) == [[n for n in range(33) if n % 3 != 1], *singles(1, *behind)]


def test_a_failing_receiver_is_probed_with_one_message(database: Database) -> None:
    queue(database, *range(40))
    with database.write() as connection:
        for _ in range(PROBING):
            count_failure(connection, "team", "500")
    probe = take(database)
    assert numbers(probe) == [0]
    assert take(database) == []
    done(database, probe)
    assert drained(database) == [list(range(1, 40))]


def test_a_receiver_that_rests_or_is_off_gets_nothing(database: Database) -> None:
    queue(database, *range(30))
    with database.write() as connection:
        pause(connection, "team", until=NOON + SECOND, reason="429")
    assert take(database) == []
    with database.write() as connection:
        switch_off(connection, "team", "gone")
    assert take(database, NOON + SECOND) == []


def test_after_thirty_messages_in_an_hour_what_comes_waits_until_it_is_over_and_goes_as_one(database: Database) -> None:
    for n in range(CAP):
        queue(database, n, at=NOON + n * SECOND)
        assert drained(database, NOON + n * SECOND) == [[n]]
    minute = NOON + 60 * SECOND
    queue(database, 30, 31, 32, at=minute)
    assert drained(database, minute) == []
    queue(database, 33, at=NOON + HOUR - SECOND)
    assert drained(database, NOON + HOUR - SECOND) == []
    assert drained(database, NOON + HOUR) == [[30, 31, 32, 33]]
    queue(database, 34, at=NOON + HOUR + 60 * SECOND)
    assert drained(database, NOON + HOUR + 60 * SECOND) == [[34]]


def test_what_is_critical_passes_the_cap_unless_an_earlier_one_of_its_kind_waits(database: Database) -> None:
    for n in range(CAP):
        queue(database, n, at=NOON + n * SECOND)
        assert drained(database, NOON + n * SECOND) == [[n]]
    minute = NOON + 60 * SECOND
    queue(database, 30, kind="quality", at=minute)
    queue(database, 31, kind="performance.realised", severity="critical", at=minute)
    queue(database, 32, kind="quality", severity="critical", at=minute)
    queue(database, 33, kind="attack.extraction", at=minute)
    assert drained(database, minute) == singles(31, 33)
    queue(database, 34, kind="performance.realised", severity="critical", at=NOON + HOUR)
    assert drained(database, NOON + HOUR + SECOND) == [[30, 32, 34]]


def test_a_digest_counts_as_one_message_for_the_cap(database: Database) -> None:
    queue(database, *range(60))
    assert len(drained(database)) == 2
    queue(database, *range(60, 60 + BACKLOG), at=NOON + SECOND)
    assert drained(database, NOON + SECOND) == singles(*range(60, 60 + BACKLOG))
    with database.read() as connection:
        outcomes = list(connection.scalars(select(delivery.c.outcome)))
    assert (outcomes.count("delivered"), outcomes.count("included")) == (22, 58)


def test_a_clock_that_was_set_back_caps_nobody(database: Database) -> None:
    queue(database, *range(CAP), at=NOON - 30 * 24 * HOUR)
    for n in range(CAP):
        batch = claim(database, ("team",), now=NOON, owner="me")
        assert batch
        done(database, [batch], NOON + n * SECOND)
    queue(database, 30, at=NOON - HOUR)
    assert drained(database, NOON - HOUR) == [[30]]
