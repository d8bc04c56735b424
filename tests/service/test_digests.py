"""After an outage a receiver gets few messages, which hold everything, in order, and each once."""

import json
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

import pytest

from monitor import delivery
from monitor.delivery import Delivered, deliver
from monitor.errors import DeliveryError
from monitor.notify import Receiver
from monitor.notify.log import Log
from monitor.notify.webhook import Webhook, payload
from monitor.store.database import Database
from monitor.store.outbox import dead_letters, enqueue, outbox_counts, switch_on
from monitor.types import Notice

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
SECOND, MINUTE, HOUR = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1)


class Crash(BaseException):
    """What a killed process does to the line it is in."""


@dataclass
class Clock:
    at: datetime = NOON

    def __call__(self) -> datetime:
        return self.at


@dataclass(frozen=True)
class Team(Webhook):
    """A webhook without a network: `answer` raises what goes wrong with a message, which may have arrived or not."""

    url: str = ""
    answer: Callable[[Notice], None] = lambda _: None
    seen: list[Notice] = field(default_factory=list)
    took: list[Notice] = field(default_factory=list)

    def send(self, notice: Notice, *, now: datetime) -> None:
        del now
        self.seen.append(notice)
        self.answer(notice)
        self.took.append(notice)


def once(error: BaseException) -> Callable[[Notice], None]:
    """Fail with the first message."""
    left = [error]

    def answer(_: Notice) -> None:
        if left:
            raise left.pop()

    return answer


def queue(
    database: Database, *numbers: int, transition: str = "fired", at: datetime = NOON, receiver: str = "team"
) -> None:
    with database.write() as connection:
        for n in numbers:
            alert = {"id": f"a{n}", "severity": "warning", "state": transition}
            title, name = f"model{n % 4}: {transition} {n}", f"{receiver} {transition} {n}"
            one = Notice(name, f"model{n % 4}", f"kind{n % 9}", transition, "first", title, ("line",), (alert,))
            enqueue(connection, one, receiver, now=at)


def run(database: Database, receiver: Receiver, clock: Clock) -> Delivered:
    return deliver(database, {"team": receiver}, now=clock, owner="me", rng=Random(int(clock.at.timestamp())))


def pending(database: Database) -> int:
    with database.read() as connection:
        return outbox_counts(connection)["team"]["pending"]


def told(notices: list[Notice]) -> dict[str, list[str]]:
    """Give what was told of each alert, in order."""
    states: dict[str, list[str]] = {}
    for alert in (alert for notice in notices for alert in notice.alerts):
        states.setdefault(alert["id"], []).append(alert["state"])
    return states


def test_after_an_hour_without_a_receiver_500_alerts_arrive_in_25_messages_at_most(database: Database) -> None:
    clock = Clock()

    def answer(_: Notice) -> None:
        if clock.at < NOON + HOUR:
            raise DeliveryError("no answer")

    team = Team(answer=answer)
    for minute in range(60):
        clock.at = NOON + minute * MINUTE
        queue(database, *range(minute * 10, min(minute * 10 + 10, 500)), at=clock.at)
        queue(database, *range(max(minute * 5 - 5, 0), minute * 5), transition="resolved", at=clock.at)
        run(database, team, clock)
    assert team.took == []
    while pending(database) and clock.at < NOON + 3 * HOUR:
        clock.at += MINUTE
        run(database, team, clock)
    assert pending(database) == 0
    assert len(team.took) <= 25
    ended = 59 * 5
    assert told(team.took) == {f"a{n}": ["fired", "resolved"] if n < ended else ["fired"] for n in range(500)}
    lines = [line for notice in team.took for line in (notice.lines if notice.reason == "digest" else [notice.title])]
    assert len(lines) == len(set(lines)) == 500 + ended
    assert json.loads(payload(team.took[-1]))["type"] == "alert.digest"


@pytest.mark.parametrize("kind", [Team, Log])
def test_messages_to_one_receiver_are_a_second_apart_but_in_a_log(
    database: Database, kind: type[Receiver], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(delivery, "PACE_SECONDS", 1.0)
    queue(database, *range(4))
    rests: list[float] = []
    receivers = {"team": kind()}
    done = deliver(database, receivers, now=Clock(), owner="me", rng=Random(1), rest=rests.append)
    assert done == Delivered(sent=4)
    first, *others = rests or [0.0]
    assert first == 0.0
    assert len(others) == (3 if kind is Team else 0)
    assert all(0.8 < pause <= 1.0 for pause in others)


def test_a_crash_between_sending_and_marking_repeats_the_same_digest_and_loses_nothing(database: Database) -> None:
    clock = Clock()
    queue(database, *range(30))
    dying = Team(answer=once(Crash()))
    with pytest.raises(Crash):
        run(database, dying, clock)
    queue(database, *range(30, 35), at=NOON + SECOND)
    clock.at += 61 * SECOND
    team = Team()
    assert run(database, team, clock) == Delivered(sent=35)
    assert team.took[0] == dying.seen[0]
    assert Counter(alert for alerts in told(team.took).values() for alert in alerts) == {"fired": 35}
    assert [notice.reason for notice in team.took] == ["digest", *["first"] * 5]
    assert run(database, team, clock) == Delivered()


@pytest.mark.parametrize(
    ("error", "later"),
    [
        (DeliveryError("the answer got lost"), 6 * SECOND),
        (DeliveryError("429", retry_after=30 * SECOND), 30 * SECOND),
    ],
    ids=["failed", "throttled"],
)
def test_a_digest_that_did_not_go_through_goes_again_with_the_same_id(
    database: Database, error: DeliveryError, later: timedelta
) -> None:
    clock, team = Clock(), Team(answer=once(error))
    queue(database, *range(30))
    assert run(database, team, clock) == Delivered(failed=30)
    clock.at += later
    assert run(database, team, clock) == Delivered(sent=30)
    first, second = team.seen
    assert first == second


def test_the_members_of_a_digest_that_is_refused_go_one_by_one_in_full(database: Database) -> None:
    def answer(notice: Notice) -> None:
        if notice.reason == "digest":
            raise DeliveryError("413", payload_refused=True)

    team = Team(answer=answer)
    queue(database, *range(40))
    assert run(database, team, Clock()) == Delivered(sent=40, failed=40)
    assert [notice.id for notice in team.took] == [f"team fired {n}" for n in range(40)]
    assert all(notice.lines and notice.alerts for notice in team.took)


def test_the_members_of_a_digest_refused_for_good_wait_until_the_receiver_is_switched_on(database: Database) -> None:
    clock, team = Clock(), Team(answer=once(DeliveryError("410", permanent=True)))
    queue(database, *range(30))
    assert run(database, team, clock) == Delivered(dead=30, off={"team": "410"})
    with database.write() as connection:
        assert len(dead_letters(connection)) == 30
        switch_on(connection, "team")
    assert run(database, team, clock) == Delivered(sent=30)
    assert [notice.reason for notice in team.took] == ["digest"]


def test_what_waited_while_a_receiver_rested_goes_as_one_though_the_first_had_been_tried(database: Database) -> None:
    errors = [DeliveryError("429", retry_after=30 * SECOND), DeliveryError("500")]

    def answer(_: Notice) -> None:
        if errors:
            raise errors.pop()

    clock, team = Clock(), Team(answer=answer)
    queue(database, *range(12))
    while errors:
        run(database, team, clock)
        clock.at += 6 * SECOND
    before = len(team.took)
    clock.at += 31 * SECOND
    run(database, team, clock)
    assert pending(database) == 0
    assert len(team.took) - before <= 2
    assert sorted(told(team.took)) == sorted(f"a{n}" for n in range(12))


def test_an_hour_has_30_messages_and_one_more_that_holds_the_rest(database: Database) -> None:
    clock, team = Clock(), Team()
    for n in range(50):
        queue(database, n, at=clock.at)
        run(database, team, clock)
        clock.at += MINUTE
    assert len(team.took) == 30
    clock.at = NOON + HOUR
    assert run(database, team, clock) == Delivered(sent=20)
    assert len(team.took) == 31
    assert told(team.took) == {f"a{n}": ["fired"] for n in range(50)}


def test_a_log_has_every_message_on_its_line(database: Database, tmp_path: Path) -> None:
    queue(database, *range(60))
    assert run(database, Log(str(tmp_path / "log.jsonl")), Clock()) == Delivered(sent=60)
    lines = (tmp_path / "log.jsonl").read_text(encoding="utf-8").splitlines()
    assert [json.loads(line)["id"] for line in lines] == [f"team fired {n}" for n in range(60)]
