"""What of a receiver's messages is claimed together, to go as one: a backlog, and what waited for the cap.

A claim holds all that is pending of its receiver, so that it never passes over a message that somebody else is taking.
"""

from collections.abc import Callable, Collection, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, Select, exists, select, update

from monitor.alerts.digest import Queued, fitting, is_pressing, share_of
from monitor.store.database import Database
from monitor.store.outbox import LEASE, PROBING, Claimed, lease_out, notice_from
from monitor.store.schema import channel_state, delivery, outbox

BACKLOG = 20  # more than so many that wait go together
CAP, HOUR = 30, timedelta(hours=1)  # so many messages in so long; what comes then waits and goes together


def claim_together(
    database: Database, receiver: str, *, now: datetime, owner: str, lease: timedelta = LEASE
) -> list[Claimed]:
    """Take what is to be sent to a receiver next, as one message; empty when nothing is due.

    Several are in the order of the queue, and none has an earlier one of its order key outside of them. What the cap
    holds back is due when it ends. What was taken together before and not marked is taken together again.
    """
    with database.write() as connection:
        state = connection.execute(select(channel_state).where(channel_state.c.receiver == receiver)).first()
        if state and (state.off or (state.paused_until and state.paused_until > now)):
            return []
        rows = connection.execute(_pending(receiver)).all()
        if state and state.failures >= PROBING:
            chosen = [row for row in rows[:1] if _is_free(row, now)]
        else:
            chosen = _next(connection, rows, receiver, now=now)
        return [lease_out(connection, row, owner=owner, until=now + lease) for row in _whole(connection, chosen)]


def _next(connection: Connection, rows: Sequence[Row[Any]], receiver: str, *, now: datetime) -> list[Row[Any]]:
    ready = _ready(rows, lambda row: _is_free(row, now))
    if any(map(_waited, ready)):
        return _together(connection, ready)
    if until := _capped_until(connection, receiver, now=now):
        later = {row.id for row in _whole(connection, ready) if not (row.attempts or _presses(row))}
        connection.execute(update(outbox).where(outbox.c.id.in_(later)).values(due_at=until))
        ready = _ready(rows, lambda row: _is_free(row, now) and row.id not in later)
    return _together(connection, ready) if len(ready) > BACKLOG or _again(ready) else ready[:1]


def _together(connection: Connection, ready: Sequence[Row[Any]]) -> list[Row[Any]]:
    """Choose the first of those that wait, as many as one message holds; one that was refused goes alone."""
    if ready[0].alone:
        return [ready[0]]
    fresh = _ready(ready, lambda row: not row.alone)
    chosen = _again(ready) or fresh[: share_of(len(fresh))]
    return chosen[: fitting(_queued(row) for row in _whole(connection, chosen))]


def _ready(rows: Sequence[Row[Any]], free: Callable[[Row[Any]], bool]) -> list[Row[Any]]:
    """Give the free rows that have no earlier one of their order key which is not."""
    held, ready = set[str](), list[Row[Any]]()
    for row in rows:
        if row.order_key in held or not free(row):
            held.add(row.order_key)
        else:
            ready.append(row)
    return ready


def _again(ready: Sequence[Row[Any]]) -> list[Row[Any]]:
    """Give those that were tried together with the first one: they have its lease, or were put off to the same time."""
    same = [row for row in ready if row.attempts and not row.alone and _mark(row) == _mark(ready[0])]
    return same if len(same) > 1 and same[0] is ready[0] else []


def _mark(row: Row[Any]) -> datetime:
    mark: datetime = row.leased_until or row.due_at
    return mark


def _is_free(row: Row[Any], now: datetime) -> bool:
    return bool(row.due_at <= now and (row.leased_until is None or row.leased_until <= now))


def _waited(row: Row[Any]) -> bool:
    """Say whether a message that was not tried yet was put off: by the cap, or since its receiver asked for a rest."""
    return bool(not row.attempts and row.due_at > row.created_at)


def _presses(row: Row[Any]) -> bool:
    return is_pressing(notice_from(row.content))


def _queued(row: Row[Any]) -> Queued:
    return notice_from(row.content), row.created_at


def _capped_until(connection: Connection, receiver: str, *, now: datetime) -> datetime | None:
    """Give when the hour since the thirtieth message from the last is over, unless it is."""
    sent = select(delivery.c.at).join(outbox, outbox.c.id == delivery.c.outbox)
    sent = sent.where(outbox.c.receiver == receiver, delivery.c.outcome == "delivered")
    first: datetime | None = connection.scalar(sent.order_by(delivery.c.id.desc()).offset(CAP - 1).limit(1))
    return first + HOUR if first and now - HOUR < first <= now else None


def _pending(receiver: str) -> Select[Any]:
    attempted = (delivery.c.outbox == outbox.c.id, delivery.c.outcome.in_(("refused", "apart")))
    places = [outbox.c[name] for name in ("id", "order_key", "created_at", "due_at", "leased_until", "attempts")]
    chosen = select(*places, exists().where(*attempted).label("alone"))
    return (
        chosen.where(outbox.c.state == "pending", outbox.c.receiver == receiver)
        .order_by(outbox.c.id)
        .with_for_update(of=outbox)
    )


def _whole(connection: Connection, rows: Collection[Row[Any]]) -> Sequence[Row[Any]]:
    chosen = select(outbox).where(outbox.c.id.in_([row.id for row in rows])).order_by(outbox.c.id)
    return connection.execute(chosen).all() if rows else []
