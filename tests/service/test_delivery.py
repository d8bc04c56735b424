"""Nothing is lost between the outbox and a real receiver, whatever the receiver answers."""

import json
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler
from random import Random
from typing import Any

import pytest

from monitor.delivery import BACKOFF, Delivered, backoff, deliver
from monitor.errors import DeliveryError
from monitor.notify import Receiver
from monitor.notify.webhook import Webhook
from monitor.store.database import Database
from monitor.store.outbox import channels, dead_letters, enqueue, outbox_counts, switch_on
from monitor.types import Notice
from tests.serving import reply, serving

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
SECOND, HOUR = timedelta(seconds=1), timedelta(hours=1)
Answer = tuple[int, dict[str, str]]


@dataclass
class Site:
    """An HTTP server; `answer` says what it answers to a body."""

    url: str = ""
    answer: Callable[[dict[str, Any]], Answer] = lambda _: (200, {})
    got: list[tuple[str, dict[str, Any], int]] = field(default_factory=list)

    @property
    def accepted(self) -> list[str]:
        return [name for name, _, status in self.got if status == 200]


@pytest.fixture
def site() -> Iterator[Site]:
    site = Site()

    def answer(handler: BaseHTTPRequestHandler, content: bytes) -> None:
        body = json.loads(content)
        status, headers = site.answer(body)
        site.got.append((handler.headers["webhook-id"], body["data"], status))
        with suppress(OSError):
            reply(handler, status, headers)

    with serving(answer) as address:
        site.url = f"{address}/hook"
        yield site


@dataclass
class Clock:
    at: datetime = NOON

    def __call__(self) -> datetime:
        return self.at


def queue(database: Database, count: int, receiver: str = "hook", kinds: int = 1, start: int = 0) -> None:
    with database.write() as connection:
        for i in range(start, start + count):
            kind, alerts = f"kind{i % kinds}", ({"id": f"a{i}"},)
            one = Notice(f"{receiver}-{i}", "flights", kind, "fired", "first", f"title {i}", ("line",), alerts)
            enqueue(connection, one, receiver, now=NOON)


def run(database: Database, receivers: dict[str, Receiver], clock: Clock, seed: int = 1) -> Delivered:
    return deliver(database, receivers, now=clock, owner="me", rng=Random(seed))


def hook(site: Site) -> dict[str, Receiver]:
    return {"hook": Webhook(site.url, private=True)}


def pending(database: Database, receiver: str = "hook") -> int:
    with database.read() as connection:
        return outbox_counts(connection)[receiver]["pending"]


def channel(database: Database) -> dict[str, Any]:
    with database.read() as connection:
        return channels(connection)[0]


@pytest.mark.parametrize("seed", [1, 2])
def test_a_receiver_that_fails_often_gets_everything_in_order(database: Database, site: Site, seed: int) -> None:
    luck, clock = Random(seed), Clock()
    site.answer = lambda _: (500 if luck.random() < 0.3 else 200, {})
    queue(database, 18, kinds=3)
    total = Delivered()
    for _ in range(500):
        total += run(database, hook(site), clock, seed)
        if not pending(database):
            break
        clock.at += 5 * SECOND
    assert (total.sent, total.dead) == (18, 0)
    assert sorted(site.accepted) == sorted(f"hook-{i}" for i in range(18))
    for kind in range(3):
        assert [int(name[5:]) for name in site.accepted if int(name[5:]) % 3 == kind] == list(range(kind, 18, 3))
    bodies = {name: data for name, data, _ in site.got}
    assert all(bodies[name] == data for name, data, _ in site.got)
    assert total.failed == len(site.got) - 18 > 0


class Crash(BaseException):
    """What a killed process does to the line it is in."""


@dataclass
class DiesAfterSending:
    inner: Receiver
    times: int

    def send(self, notice: Notice, *, now: datetime) -> None:
        self.inner.send(notice, now=now)
        self.times -= 1
        if self.times >= 0:
            raise Crash


def test_a_crash_between_sending_and_marking_repeats_the_message_and_loses_none(database: Database, site: Site) -> None:
    clock, receivers = Clock(), {"hook": DiesAfterSending(hook(site)["hook"], times=2)}
    queue(database, 3)
    for _ in range(2):
        with pytest.raises(Crash):
            run(database, receivers, clock)
        assert run(database, receivers, clock) == Delivered()
        clock.at += 60 * SECOND
    assert run(database, receivers, clock).sent == 3
    assert Counter(site.accepted) == {"hook-0": 3, "hook-1": 1, "hook-2": 1}


def test_a_throttled_receiver_rests_as_long_as_it_asked(database: Database, site: Site) -> None:
    clock = Clock()
    site.answer = lambda _: (429, {"Retry-After": "120"})
    queue(database, 3, kinds=3)
    assert run(database, hook(site), clock) == Delivered(failed=1)
    site.answer = lambda _: (200, {})
    clock.at += 119 * SECOND
    assert run(database, hook(site), clock) == Delivered()
    assert (channel(database)["failures"], channel(database)["paused_until"]) == (0, NOON + 120 * SECOND)
    clock.at += SECOND
    assert run(database, hook(site), clock) == Delivered(sent=3)
    assert channel(database)["paused_until"] is None


@pytest.mark.parametrize("status", [401, 404, 410])
def test_a_receiver_that_is_gone_is_switched_off_and_reported(database: Database, site: Site, status: int) -> None:
    clock = Clock()
    site.answer = lambda _: (status, {})
    queue(database, 2)
    answer = f"the receiver answered {status}"
    assert run(database, hook(site), clock) == Delivered(dead=1, off={"hook": answer})
    assert run(database, hook(site), clock) == Delivered()
    with database.read() as connection:
        assert [letter["error"] for letter in dead_letters(connection)] == [answer]
    site.answer = lambda _: (200, {})
    with database.write() as connection:
        switch_on(connection, "hook")
    assert run(database, hook(site), clock) == Delivered(sent=2)


def test_a_refused_message_goes_once_more_as_short_plain_text(database: Database, site: Site) -> None:
    site.answer = lambda body: (400 if body["data"]["lines"] else 200, {})
    queue(database, 1)
    assert run(database, hook(site), Clock()) == Delivered(sent=1, failed=1)
    (_, full, _), (name, plain, _) = site.got
    assert name == "hook-0" == full["id"] == plain["id"]
    assert (plain["title"], plain["lines"], plain["alerts"]) == ("title 0", [], [])


def test_a_message_refused_in_both_forms_is_dead_and_blocks_nothing(database: Database, site: Site) -> None:
    site.answer = lambda body: (422 if body["data"]["id"] == "hook-0" else 200, {})
    queue(database, 2)
    assert run(database, hook(site), Clock()) == Delivered(sent=1, failed=1, dead=1)
    assert [status for _, _, status in site.got] == [422, 422, 200]


def test_a_receiver_that_is_down_is_probed_with_one_message(database: Database, site: Site) -> None:
    clock = Clock()
    site.answer = lambda _: (500, {})
    queue(database, 20, kinds=20)
    assert run(database, hook(site), clock).failed == 5
    for _ in range(12):
        clock.at += HOUR
        run(database, hook(site), clock)
    assert {name for name, _, _ in site.got[5:]} == {"hook-0"}
    site.answer = lambda _: (200, {})
    clock.at += HOUR
    assert run(database, hook(site), clock) == Delivered(sent=20)


def test_a_message_is_given_up_after_three_days_of_failures(database: Database, site: Site) -> None:
    clock = Clock()
    site.answer = lambda _: (500, {})
    queue(database, 1)
    total = Delivered()
    while pending(database):
        total += run(database, hook(site), clock)
        clock.at += HOUR / 2
    assert total.dead == 1
    assert timedelta(hours=72) <= clock.at - NOON <= timedelta(hours=73)
    assert total.failed > 72


def test_a_message_that_waited_for_a_stopped_process_still_gets_its_tries(database: Database, site: Site) -> None:
    site.answer = lambda _: (500, {})
    queue(database, 1)
    assert run(database, hook(site), Clock(NOON + 100 * HOUR)) == Delivered(failed=1)


@dataclass
class Hanging:
    released: threading.Event = field(default_factory=threading.Event)
    entered: threading.Event = field(default_factory=threading.Event)

    def send(self, notice: Notice, *, now: datetime) -> None:
        del notice, now
        self.entered.set()
        self.released.wait(20)
        raise DeliveryError("no answer within 30 s")


def test_a_receiver_that_hangs_delays_no_other(database: Database, site: Site) -> None:
    clock, hanging = Clock(), Hanging()
    queue(database, 10, receiver="slow")
    queue(database, 10)
    with ThreadPoolExecutor(1) as pool:
        work = pool.submit(run, database, {"slow": hanging, **hook(site)}, clock)
        try:
            assert hanging.entered.wait(5)
            assert _soon(lambda: len(site.accepted) == 10)
            queue(database, 1, start=10)  # while the other one still hangs
            assert _soon(lambda: len(site.accepted) == 11)
        finally:
            hanging.released.set()
        assert work.result() == Delivered(sent=11, failed=1)


def _soon(true: Callable[[], bool]) -> bool:
    end = time.monotonic() + 1
    while not true() and time.monotonic() < end:
        time.sleep(0.01)
    return true()


class Mistaken:
    def send(self, notice: Notice, *, now: datetime) -> None:
        raise KeyError(notice.id, now)


def test_a_receivers_own_mistake_is_a_failure_like_any_other(database: Database, site: Site) -> None:
    queue(database, 1, receiver="broken")
    queue(database, 1)
    assert run(database, {"broken": Mistaken(), **hook(site)}, Clock()) == Delivered(sent=1, failed=1)
    with database.read() as connection:
        assert outbox_counts(connection)["broken"]["pending"] == 1


def test_nothing_is_begun_after_a_stop(database: Database, site: Site) -> None:
    queue(database, 3)
    sent = deliver(database, hook(site), now=Clock(), owner="me", rng=Random(1), stop=lambda: len(site.accepted) >= 1)
    assert sent == Delivered(sent=1)
    assert run(database, hook(site), Clock()) == Delivered(sent=2)


def test_the_backoff_is_full_jitter_up_to_an_hour() -> None:
    rng = Random(1)
    for attempts in range(1, 90):
        most = BACKOFF[min(attempts, 6) - 1]
        pauses = [backoff(attempts, rng) for _ in range(200)]
        assert timedelta(0) <= min(pauses) < most / 10
        assert most * 0.9 < max(pauses) <= most
