"""Deliver what the outbox holds: claim a message, send it once, then mark it; what an answer means is decided here.

Marking comes last: a crash between sending and marking repeats a message under the same id, and loses none. What is
claimed together goes as one digest, and is marked together.
"""

import hashlib
import logging
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial
from random import Random
from time import monotonic, sleep
from traceback import format_tb

from sqlalchemy import Connection

from monitor.alerts.digest import digest_of
from monitor.errors import DeliveryError
from monitor.notify import Receiver
from monitor.notify.slack import Slack
from monitor.notify.webhook import Webhook
from monitor.store.batches import claim_together
from monitor.store.database import Database
from monitor.store.outbox import (
    Claimed,
    claim,
    count_failure,
    due_receivers,
    enqueue,
    mark_dead,
    mark_delivered,
    mark_included,
    mark_retry,
    pause,
    switch_off,
)
from monitor.types import Notice

BACKOFF = tuple(timedelta(seconds=seconds) for seconds in (5, 30, 120, 600, 1800, 3600))
PATIENCE = timedelta(hours=72)
LOOK_AGAIN_SECONDS = 0.25
PACE_SECONDS = 1.0
"""What Slack asks for between two messages to a webhook."""
FLOODED = (Slack, Webhook)
"""What gets digests, and no two messages within a second; a log is a record, with every message on its line."""

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True)
class Delivered:
    """What became of the messages that were tried, and of each in a digest.

    off: receivers switched off by a permanent refusal, and why.
    """

    sent: int = 0
    failed: int = 0
    dead: int = 0
    off: Mapping[str, str] = field(default_factory=dict)

    def __add__(self, other: "Delivered") -> "Delivered":
        """Add up."""
        sums = (self.sent + other.sent, self.failed + other.failed, self.dead + other.dead)
        return Delivered(*sums, {**self.off, **other.off})


def deliver(
    database: Database,
    receivers: Mapping[str, Receiver],
    *,
    now: Callable[[], datetime],
    owner: str,
    rng: Random,
    stop: Callable[[], bool] = lambda: False,
    rest: Callable[[float], object] = sleep,
) -> Delivered:
    """Send every message that is due, until none is; a slow receiver delays nobody else.

    owner: names this process in the outbox. rng: spreads the retries. stop: asked before each message. rest: waits so
    many seconds between two messages to a receiver that is not to be flooded.

    When a receiver refuses for good, it is switched off and the others hear of it. An error that is no answer, such as
    one of the database, ends the delivery to one receiver and is raised when the others are through.
    """
    drain = partial(_drain, database, receivers=receivers, now=now, owner=owner, rng=rng, stop=stop, rest=rest)
    total, busy = Delivered(), dict[Future[Delivered], str]()
    with ThreadPoolExecutor(max_workers=max(1, len(receivers)), thread_name_prefix="deliver") as pool:
        while True:
            for name in _waiting(database, receivers.keys() - busy.values(), now=now, stop=stop):
                busy[pool.submit(drain, name)] = name
            if not busy:
                return total
            for work in wait(busy, timeout=LOOK_AGAIN_SECONDS, return_when=FIRST_COMPLETED).done:
                del busy[work]
                total += work.result()


def backoff(attempts: int, rng: Random) -> timedelta:
    """Give the pause after so many failed attempts: anything up to 5 s, 30 s, 2 m, 10 m, 30 m, then up to 1 h.

    Full jitter (Brooker 2015): receivers that come back are not met by everybody at once.
    """
    return BACKOFF[min(attempts, len(BACKOFF)) - 1] * rng.random()


def short(notice: Notice) -> Notice:
    """Give the plainest form of a message: its title and its link."""
    return replace(notice, title=notice.title[:150], lines=(), alerts=())


def switched_off(name: str, refused: Notice, why: str, receiver: str) -> Notice:
    """Give the message that tells a receiver that another one, of this name, gets nothing any more."""
    mark = hashlib.sha256(f"switched off\n{refused.id}\n{receiver}".encode()).hexdigest()
    title = f"The receiver {name} refused a message for good and gets no more: {why}"
    mend = f"mend its section in the configuration, then `monitor send-test CONFIG {name}`"
    lines = (f"Its messages wait until it is switched on again: {mend}.",)
    return Notice(mark, model="", kind="health", transition="fired", reason="first", title=title, lines=lines)


def _waiting(
    database: Database, names: set[str], *, now: Callable[[], datetime], stop: Callable[[], bool]
) -> list[str]:
    if stop() or not names:
        return []
    with database.read() as connection:
        return sorted(due_receivers(connection, names, now=now()))


def _drain(
    database: Database,
    name: str,
    receivers: Mapping[str, Receiver],
    *,
    now: Callable[[], datetime],
    owner: str,
    rng: Random,
    stop: Callable[[], bool],
    rest: Callable[[float], object],
) -> Delivered:
    total, free_at = Delivered(), 0.0
    while not stop() and (batch := _claimed(database, name, receivers[name], now=now(), owner=owner)):
        if isinstance(receivers[name], FLOODED):
            rest(max(0.0, free_at - monotonic()))
        notice = message_of(batch)
        refusal, free_at = _attempt(receivers[name], name, notice, now=now()), monotonic() + PACE_SECONDS
        place = (name, notice.id, len(batch), batch[0].attempts)
        _LOG.info("%s: notice %s, messages %d, attempt %d: %s", *place, refusal or "delivered")
        with database.write() as connection:
            settled = _settled(connection, batch, refusal, now=now(), rng=rng)
            for other in receivers.keys() - {name} if settled.off else ():
                enqueue(connection, switched_off(name, notice, str(refusal), other), other, now=now())
        total += settled
    return total


def _claimed(database: Database, name: str, receiver: Receiver, *, now: datetime, owner: str) -> Sequence[Claimed]:
    if isinstance(receiver, FLOODED):
        return claim_together(database, name, now=now, owner=owner)
    claimed = claim(database, (name,), now=now, owner=owner)
    return [claimed] if claimed else []


def message_of(batch: Sequence[Claimed]) -> Notice:
    """Give what is sent of messages that are claimed together: the only one, in its short form once refused; a digest.

    Its members are named in full whatever became of it: one that is refused is not shortened, but goes one by one.
    """
    if len(batch) > 1:
        return digest_of([(one.notice, one.created_at) for one in batch])
    return short(batch[0].notice) if batch[0].refused else batch[0].notice


def _attempt(receiver: Receiver, name: str, notice: Notice, *, now: datetime) -> DeliveryError | None:
    try:
        receiver.send(notice, now=now)
    except DeliveryError as error:
        return error
    except Exception as error:  # noqa: BLE001 (a receiver's own mistake must not stop the others)
        # Only the frames: the error's words could hold the receiver's address, which is a secret.
        frames = "".join(format_tb(error.__traceback__))
        _LOG.error("%s failed on notice %s: %s\n%s", name, notice.id, type(error).__name__, frames)
        return DeliveryError(f"unexpected {type(error).__name__}")
    return None


def _settled(
    connection: Connection,
    batch: Sequence[Claimed],
    refusal: DeliveryError | None,
    *,
    now: datetime,
    rng: Random,
) -> Delivered:
    """Write down what became of an attempt, once of the receiver and of every message in it."""
    receiver, error = batch[0].receiver, str(refusal)
    if refusal is None:
        return _arrived(connection, batch, now=now)
    if refusal.permanent:
        switch_off(connection, receiver, error)
        each = [_given_up_on(connection, one, error, now=now) for one in batch]
    elif refusal.payload_refused:
        apart = len(batch) > 1
        each = [(_apart if apart else _disliked)(connection, one, error, now=now) for one in batch]
    elif refusal.retry_after is not None:
        pause(connection, receiver, until=now + refusal.retry_after, reason=error)
        each = [_throttled(connection, one, error, now=now) for one in batch]
    else:
        count_failure(connection, receiver, error)
        due_at = now + backoff(max(one.attempts for one in batch), rng)
        each = [_failed(connection, one, error, now=now, due_at=due_at) for one in batch]
    return sum(each, Delivered())


def _arrived(connection: Connection, batch: Sequence[Claimed], *, now: datetime) -> Delivered:
    first, *others = batch
    mark_delivered(connection, first, now=now)
    for one in others:
        mark_included(connection, one, now=now)
    return Delivered(sent=len(batch))


def _given_up_on(connection: Connection, claimed: Claimed, error: str, *, now: datetime) -> Delivered:
    mark_dead(connection, claimed, now=now, outcome="permanent", error=error)
    return Delivered(dead=1, off={claimed.receiver: error})


def _apart(connection: Connection, claimed: Claimed, error: str, *, now: datetime) -> Delivered:
    mark_retry(connection, claimed, now=now, due_at=now, outcome="apart", error=error)
    return Delivered(failed=1)


def _disliked(connection: Connection, claimed: Claimed, error: str, *, now: datetime) -> Delivered:
    if claimed.refused or claimed.notice == short(claimed.notice):
        mark_dead(connection, claimed, now=now, outcome="refused", error=error)
        return Delivered(dead=1)
    mark_retry(connection, claimed, now=now, due_at=now, outcome="refused", error=error)
    return Delivered(failed=1)


def _throttled(connection: Connection, claimed: Claimed, error: str, *, now: datetime) -> Delivered:
    mark_retry(connection, claimed, now=now, due_at=now, outcome="throttled", error=error, counts_as_attempt=False)
    return Delivered(failed=1)


def _failed(connection: Connection, claimed: Claimed, error: str, *, now: datetime, due_at: datetime) -> Delivered:
    # A message that waited for a stopped process still gets its tries.
    if now - claimed.created_at >= PATIENCE and claimed.attempts >= len(BACKOFF):
        mark_dead(connection, claimed, now=now, outcome="transient", error=error)
        return Delivered(dead=1)
    mark_retry(connection, claimed, now=now, due_at=due_at, outcome="transient", error=error)
    return Delivered(failed=1)
