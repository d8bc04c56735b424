"""The outbox: messages are claimed with a lease, sent, and only then marked; and how each receiver is doing.

A message waits for every earlier one of its order key, which is its receiver, model and kind.
"""

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

from sqlalchemy import ColumnElement, Connection, Row, Select, delete, func, insert, or_, select, update

from monitor.alerts.public import plain
from monitor.store.database import Database, insert_new
from monitor.store.schema import channel_state, delivery, outbox
from monitor.types import Notice

LEASE = timedelta(seconds=60)
PROBING = 5  # failures in a row after which only the oldest message is tried

Failure = Literal["transient", "throttled", "refused", "apart", "permanent"]
"""What a failed attempt was; `apart`: a digest was disliked, and its members go one by one."""


@dataclass(frozen=True)
class Claimed:
    """A message to send now, by whoever holds `token`.

    attempts: this one included. refused: the receiver disliked its full form, so that it goes as short plain text.
    """

    id: int
    token: int
    receiver: str
    notice: Notice
    attempts: int
    created_at: datetime
    refused: bool


def enqueue(connection: Connection, notice: Notice, receiver: str, *, now: datetime) -> None:
    """Queue a message; one with the same `notice.id` is queued once and for all."""
    insert_new(
        connection,
        outbox,
        notice=notice.id,
        receiver=receiver,
        order_key=json.dumps([receiver, notice.model, notice.kind]),
        content=plain(vars(notice)),
        state="pending",
        created_at=now,
        due_at=now,
        attempts=0,
        token=0,
    )


def withdraw(connection: Connection, receiver: str, model: str, transition: str, *, now: datetime) -> None:
    """Take back a model's messages of a transition that wait for a receiver, with their attempts, before a newer one.

    One that somebody is sending stays.
    """
    waits = (
        outbox.c.receiver == receiver,
        outbox.c.state == "pending",
        outbox.c.order_key.startswith(json.dumps([receiver, model])[:-1], autoescape=True),
        _is_free(now),
    )
    rows = connection.execute(select(outbox.c.id, outbox.c.content).where(*waits).with_for_update())
    old = [row.id for row in rows if row.content["transition"] == transition]
    connection.execute(delete(delivery).where(delivery.c.outbox.in_(old)))
    connection.execute(delete(outbox).where(outbox.c.id.in_(old)))


def due_receivers(connection: Connection, receivers: Collection[str], *, now: datetime) -> set[str]:
    """Name those of the receivers for whom there is something to claim."""
    return set(connection.execute(select(outbox.c.receiver).where(*_claimable(receivers, now)).distinct()).scalars())


def claim(
    database: Database, receivers: Collection[str], *, now: datetime, owner: str, lease: timedelta = LEASE
) -> Claimed | None:
    """Take the oldest message that is due for one of the receivers; nobody else gets it until the lease is over.

    A receiver that is paused or off gets nothing; after five failures in a row it gets its oldest message only.
    """
    with database.write() as connection:
        row = connection.execute(_oldest(receivers, now)).first()
        return lease_out(connection, row, owner=owner, until=now + lease) if row else None


def lease_out(connection: Connection, row: Row[Any], *, owner: str, until: datetime) -> Claimed:
    """Give a row of the outbox to its owner, who alone may send it until then; the row is locked by who calls."""
    token, attempts = row.token + 1, row.attempts + 1
    values = {"owner": owner, "leased_until": until, "token": token, "attempts": attempts}
    connection.execute(update(outbox).where(outbox.c.id == row.id).values(values))
    notice = notice_from(row.content)
    return Claimed(row.id, token, row.receiver, notice, attempts, row.created_at, _refused(connection, row.id))


def notice_from(content: Mapping[str, Any]) -> Notice:
    """Give a message as it went into the outbox."""
    return Notice(**{**content, "lines": tuple(content["lines"]), "alerts": tuple(content["alerts"])})


def mark_delivered(connection: Connection, claimed: Claimed, *, now: datetime) -> bool:
    """Record that a message arrived; False when somebody else has claimed it since."""
    _set_channel(connection, claimed.receiver, failures=0, paused_until=None, reason="")
    return _finish(connection, claimed, "delivered", now=now, state="delivered", finished_at=now)


def mark_included(connection: Connection, claimed: Claimed, *, now: datetime) -> bool:
    """Record that a message arrived within the digest that is marked as delivered by its first member."""
    return _finish(connection, claimed, "included", now=now, state="delivered", finished_at=now)


def mark_retry(
    connection: Connection,
    claimed: Claimed,
    *,
    now: datetime,
    due_at: datetime,
    outcome: Failure,
    error: str,
    counts_as_attempt: bool = True,
) -> bool:
    """Record a failure and when to try again; False when somebody else has claimed the message since."""
    attempts = claimed.attempts if counts_as_attempt else claimed.attempts - 1
    return _finish(connection, claimed, outcome, error, now=now, due_at=due_at, attempts=attempts)


def mark_dead(connection: Connection, claimed: Claimed, *, now: datetime, outcome: Failure, error: str) -> bool:
    """Give a message up; False when somebody else has claimed it since."""
    return _finish(connection, claimed, outcome, error, now=now, state="dead", finished_at=now)


def count_failure(connection: Connection, receiver: str, reason: str) -> None:
    """Count one more transient failure in a row."""
    _set_channel(connection, receiver, failures=channel_state.c.failures + 1, reason=reason)


def pause(connection: Connection, receiver: str, *, until: datetime, reason: str) -> None:
    """Send a receiver nothing before `until`; what waits for it until then was put off, and goes together."""
    _set_channel(connection, receiver, paused_until=until, reason=reason)
    connection.execute(update(outbox).where(*_waiting(receiver), outbox.c.due_at < until).values(due_at=until))


def _waiting(receiver: str) -> tuple[ColumnElement[bool], ...]:
    """Choose the messages of a receiver that were never tried."""
    return outbox.c.receiver == receiver, outbox.c.state == "pending", outbox.c.attempts == 0


def switch_off(connection: Connection, receiver: str, reason: str) -> None:
    """Send a receiver nothing until `switch_on`; its messages wait."""
    _set_channel(connection, receiver, off=True, reason=reason)


def switch_on(connection: Connection, receiver: str) -> None:
    """Forget what went wrong with a receiver; what was given up because of it is tried again."""
    given_up = (outbox.c.receiver == receiver, outbox.c.state == "dead")
    again = {"state": "pending", "attempts": 0, "finished_at": None, "due_at": outbox.c.created_at}
    connection.execute(update(outbox).where(*given_up).values(again))
    _set_channel(connection, receiver, failures=0, paused_until=None, off=False, reason="")
    connection.execute(update(outbox).where(*_waiting(receiver)).values(due_at=outbox.c.created_at))


def forget_delivered(connection: Connection, *, older_than: timedelta) -> int:
    """Delete the messages that arrived `older_than` before the last one did, and their attempts; gives how many.

    Those that were given up stay, since they may be tried again.
    """
    arrived = outbox.c.state == "delivered"
    newest: datetime | None = connection.scalar(select(func.max(outbox.c.finished_at)).where(arrived))
    if newest is None:
        return 0
    old = (arrived, outbox.c.finished_at < newest - older_than)
    connection.execute(delete(delivery).where(delivery.c.outbox.in_(select(outbox.c.id).where(*old))))
    return connection.execute(delete(outbox).where(*old)).rowcount


def channels(connection: Connection) -> list[dict[str, Any]]:
    """Give how each receiver is doing that was ever tried: receiver, failures, paused_until, off, reason."""
    rows = connection.execute(select(channel_state).order_by(channel_state.c.receiver)).mappings()
    return [dict(row) for row in rows]


def outbox_counts(connection: Connection) -> dict[str, dict[str, int]]:
    """Count each receiver's messages by state: pending, delivered, dead."""
    chosen = select(outbox.c.receiver, outbox.c.state, func.count().label("messages"))
    counts: dict[str, dict[str, int]] = {}
    for row in connection.execute(chosen.group_by(outbox.c.receiver, outbox.c.state).order_by(outbox.c.receiver)):
        counts.setdefault(row.receiver, {"pending": 0, "delivered": 0, "dead": 0})[row.state] = row.messages
    return counts


def put_off(connection: Connection, *, now: datetime) -> dict[str, tuple[int, datetime]]:
    """Count each receiver's messages that were never tried and are not due yet, and give when the first of them is."""
    chosen = select(outbox.c.receiver, func.count().label("messages"), func.min(outbox.c.due_at).label("until"))
    chosen = chosen.where(outbox.c.state == "pending", outbox.c.attempts == 0, outbox.c.due_at > now)
    return {row.receiver: (row.messages, row.until) for row in connection.execute(chosen.group_by(outbox.c.receiver))}


def dead_letters(connection: Connection, *, limit: int = 100) -> list[dict[str, Any]]:
    """Give the messages that were given up, the latest first: id, receiver, title, model, kind, times and error."""
    chosen = select(outbox).where(outbox.c.state == "dead").order_by(outbox.c.finished_at.desc(), outbox.c.id.desc())
    return [_letter(row._mapping) for row in connection.execute(chosen.limit(limit))]  # noqa: SLF001 (public, by its documentation)


def _letter(row: Any) -> dict[str, Any]:  # noqa: ANN401 (a row's mapping)
    content = {name: row["content"][name] for name in ("model", "kind", "transition", "title")}
    same = ("receiver", "created_at", "finished_at", "attempts", "error")
    return {"id": row["notice"], **content, **{name: row[name] for name in same}}


def _oldest(receivers: Collection[str], now: datetime) -> Select[Any]:
    chosen = select(outbox).where(*_claimable(receivers, now)).order_by(outbox.c.id).limit(1)
    return chosen.with_for_update(skip_locked=True)


def _claimable(receivers: Collection[str], now: datetime) -> list[ColumnElement[bool]]:
    channel = channel_state.c
    blocked = select(channel.receiver).where(or_(channel.off, channel.paused_until > now))
    failing = select(channel.receiver).where(channel.failures >= PROBING)
    pending = (outbox.c.state == "pending", outbox.c.receiver.in_(receivers))
    heads = select(func.min(outbox.c.id)).where(*pending).correlate(None)
    return [
        *pending,
        outbox.c.due_at <= now,
        _is_free(now),
        outbox.c.receiver.not_in(blocked),
        outbox.c.id.in_(heads.group_by(outbox.c.order_key)),
        or_(outbox.c.receiver.not_in(failing), outbox.c.id.in_(heads.group_by(outbox.c.receiver))),
    ]


def _is_free(now: datetime) -> ColumnElement[bool]:
    """Say that nobody is sending a message."""
    return or_(outbox.c.leased_until.is_(None), outbox.c.leased_until <= now)


def _refused(connection: Connection, number: int) -> bool:
    refusals = select(delivery.c.id).where(delivery.c.outbox == number, delivery.c.outcome == "refused")
    return connection.execute(refusals.limit(1)).first() is not None


def _finish(
    connection: Connection,
    claimed: Claimed,
    outcome: str,
    error: str = "",
    *,
    now: datetime,
    **values: Any,  # noqa: ANN401 (columns of the outbox)
) -> bool:
    ours = (outbox.c.id == claimed.id, outbox.c.token == claimed.token)
    changed = connection.execute(
        update(outbox).where(*ours).values(owner=None, leased_until=None, error=error, **values)
    )
    connection.execute(insert(delivery).values(outbox=claimed.id, at=now, outcome=outcome, error=error))
    return bool(changed.rowcount)


def _set_channel(connection: Connection, receiver: str, **values: Any) -> None:  # noqa: ANN401 (columns)
    insert_new(connection, channel_state, receiver=receiver, failures=0, off=False)
    connection.execute(update(channel_state).where(channel_state.c.receiver == receiver).values(values))
