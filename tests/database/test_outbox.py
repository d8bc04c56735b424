"""Messages are claimed once at a time, in order, and marked by whoever holds them."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

from sqlalchemy import func, select

from monitor.store.database import Database
from monitor.store.outbox import (
    PROBING,
    Claimed,
    channels,
    claim,
    count_failure,
    dead_letters,
    due_receivers,
    enqueue,
    forget_delivered,
    mark_dead,
    mark_delivered,
    mark_retry,
    outbox_counts,
    pause,
    switch_off,
    switch_on,
)
from monitor.store.schema import delivery, outbox
from monitor.types import Notice

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
SECOND = timedelta(seconds=1)


def notice(number: int, kind: str = "quality") -> Notice:
    alert = {"id": "a-1", "column": "visib\n", "value": 0.3, "evidence": {"shares": [0.1, None]}}
    return Notice(f"n{number}", "flights", kind, "fired", "first", "title", ("a", "b"), (alert,), "https://x.example")


def queue(database: Database, *notices: Notice, receiver: str = "team") -> None:
    with database.write() as connection:
        for one in notices:
            enqueue(connection, one, receiver, now=NOON)


def take(database: Database, at: datetime = NOON, receivers: tuple[str, ...] = ("team",)) -> Claimed | None:
    claimed = claim(database, receivers, now=at, owner="me")
    with database.read() as connection:
        due = due_receivers(connection, receivers, now=at)
    assert claimed or not due  # whoever looks first sees what a claim would get
    return claimed


def taken(database: Database, at: datetime = NOON) -> Claimed:
    claimed = take(database, at)
    assert claimed
    return claimed


def done(database: Database, claimed: Claimed, at: datetime = NOON) -> bool:
    with database.write() as connection:
        return mark_delivered(connection, claimed, now=at)


def retry(database: Database, claimed: Claimed, due_at: datetime, *, counts: bool = True) -> bool:
    with database.write() as connection:
        return mark_retry(
            connection, claimed, now=NOON, due_at=due_at, outcome="transient", error="no", counts_as_attempt=counts
        )


def test_a_message_comes_out_as_it_went_in(database: Database) -> None:
    queue(database, notice(1))
    claimed = taken(database)
    assert claimed.notice == notice(1)
    assert (claimed.receiver, claimed.token, claimed.attempts, claimed.created_at) == ("team", 1, 1, NOON)


def test_a_message_is_queued_once(database: Database) -> None:
    queue(database, notice(1), notice(1))
    assert done(database, taken(database))
    queue(database, notice(1))
    assert take(database) is None


def test_a_later_message_of_the_same_model_and_kind_waits_for_the_earlier(database: Database) -> None:
    queue(database, notice(1), notice(2), notice(3, kind="drift.data"))
    first, third = taken(database), taken(database)
    assert (first.notice.id, third.notice.id) == ("n1", "n3")
    assert take(database) is None
    retry(database, first, NOON + 10 * SECOND)
    assert take(database, NOON + 5 * SECOND) is None
    again = taken(database, NOON + 10 * SECOND)
    assert (again.notice.id, again.attempts) == ("n1", 2)
    done(database, again)
    assert taken(database).notice.id == "n2"


def test_a_dead_letter_lets_the_next_one_pass(database: Database) -> None:
    queue(database, notice(1), notice(2))
    claimed = taken(database)
    with database.write() as connection:
        assert mark_dead(connection, claimed, now=NOON, outcome="refused", error="the receiver answered 400")
    assert taken(database).notice.id == "n2"
    with database.read() as connection:
        (letter,) = dead_letters(connection)
        assert outbox_counts(connection) == {"team": {"pending": 1, "delivered": 0, "dead": 1}}
    assert (letter["id"], letter["receiver"], letter["error"]) == ("n1", "team", "the receiver answered 400")
    assert (letter["model"], letter["finished_at"]) == ("flights", NOON)


def test_a_lease_that_ends_gives_the_message_to_the_next_and_fences_the_first(database: Database) -> None:
    queue(database, notice(1))
    late = taken(database)
    assert take(database, NOON + 59 * SECOND) is None
    second = taken(database, NOON + 60 * SECOND)
    assert (second.notice.id, second.token, second.attempts) == ("n1", 2, 2)
    assert not retry(database, late, NOON)
    assert not done(database, late)
    assert take(database, NOON + 61 * SECOND) is None
    assert done(database, second)
    with database.read() as connection:
        outcomes = connection.execute(select(delivery.c.outcome).order_by(delivery.c.id)).scalars().all()
    assert outcomes == ["transient", "delivered", "delivered"]


def test_a_pause_asked_for_is_no_attempt(database: Database) -> None:
    queue(database, notice(1))
    retry(database, taken(database), NOON, counts=False)
    assert taken(database).attempts == 1


def test_a_receiver_that_is_paused_or_off_gets_nothing(database: Database) -> None:
    queue(database, notice(1))
    with database.write() as connection:
        pause(connection, "team", until=NOON + 10 * SECOND, reason="429")
    assert take(database) is None
    with database.write() as connection:
        switch_off(connection, "team", "gone")
        assert channels(connection) == [
            {"receiver": "team", "failures": 0, "paused_until": NOON + 10 * SECOND, "off": True, "reason": "gone"}
        ]
    assert take(database, NOON + 10 * SECOND) is None
    with database.write() as connection:
        switch_on(connection, "team")
    assert take(database)


def test_what_was_given_up_is_tried_again_when_its_receiver_is_switched_on(database: Database) -> None:
    queue(database, notice(1))
    claimed = take(database)
    assert claimed
    with database.write() as connection:
        switch_off(connection, "team", "gone")
        mark_dead(connection, claimed, now=NOON, outcome="permanent", error="gone")
        switch_on(connection, "team")
    again = take(database)
    assert again
    assert (again.notice.id, again.attempts) == (claimed.notice.id, 1)


def test_a_failing_receiver_is_probed_with_its_oldest_message_only(database: Database) -> None:
    queue(database, *(notice(i, kind=f"k{i}") for i in range(3)))
    with database.write() as connection:
        for _ in range(PROBING):
            count_failure(connection, "team", "500")
    probe = taken(database)
    assert probe.notice.id == "n0"
    assert take(database) is None
    retry(database, probe, NOON + 10 * SECOND)
    assert take(database) is None
    done(database, taken(database, NOON + 10 * SECOND))
    assert [taken(database).notice.id for _ in range(2)] == ["n1", "n2"]


def test_one_receivers_trouble_is_not_anothers(database: Database) -> None:
    queue(database, notice(1))
    queue(database, notice(2), receiver="audit")
    with database.write() as connection:
        switch_off(connection, "team", "gone")
    claimed = take(database, receivers=("team", "audit"))
    assert claimed
    assert claimed.receiver == "audit"


def test_claims_at_the_same_time_never_give_a_message_twice(database: Database) -> None:
    queue(database, *(notice(i, kind=f"k{i % 7}") for i in range(40)))

    def work(owner: int) -> list[str]:
        ids: list[str] = []
        while claimed := claim(database, ("team",), now=NOON, owner=str(owner)):
            ids.append(claimed.notice.id)
            done(database, claimed)
        return ids

    with ThreadPoolExecutor(4) as pool:
        ids = [one for part in pool.map(work, range(4)) for one in part]
    while claimed := take(database):  # a claim steps over rows that another one has locked
        ids.append(claimed.notice.id)
        done(database, claimed)
    assert sorted(ids) == sorted(f"n{i}" for i in range(40))
    with database.read() as connection:
        assert connection.execute(select(func.count()).where(outbox.c.state == "delivered")).scalar_one() == 40


def test_delivered_messages_are_forgotten_a_while_before_the_last_and_those_given_up_are_not(
    database: Database,
) -> None:
    hour = timedelta(hours=1)
    queue(database, *(notice(n) for n in range(5)))
    for n in range(3):
        assert done(database, taken(database, NOON + n * hour), NOON + n * hour)
    dead = taken(database, NOON)
    with database.write() as connection:
        mark_dead(connection, dead, now=NOON, outcome="permanent", error="gone")
        assert forget_delivered(connection, older_than=hour) == 1
        assert forget_delivered(connection, older_than=hour) == 0
        assert list(connection.scalars(select(outbox.c.notice).order_by(outbox.c.id))) == ["n1", "n2", "n3", "n4"]
        assert connection.scalar(select(func.count()).select_from(delivery)) == 3
    assert outbox_counts_of(database) == {"team": {"pending": 1, "delivered": 2, "dead": 1}}


def outbox_counts_of(database: Database) -> dict[str, dict[str, int]]:
    with database.read() as connection:
        return outbox_counts(connection)
