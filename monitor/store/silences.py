"""What people have quieted: silences, each with its number, and the episodes of alerts that were taken over."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection, and_, insert, select, update

from monitor.alerts.finding import Acknowledgement
from monitor.alerts.lifecycle import UNDER_ALARM
from monitor.alerts.public import alert_id
from monitor.alerts.silence import Quieted, Silence
from monitor.store.database import insert_new
from monitor.store.schema import acknowledgement, alert, silence

_SAID = ("since", "until", "mark", "model", "kind", "column", "segment", "why")


def read_quieted(connection: Connection, *, now: datetime) -> Quieted:
    """Give the silences that run at `now`, and the alerts under alarm that were taken over."""
    present = and_(alert.c.fingerprint == acknowledgement.c.fingerprint, alert.c.episode == acknowledgement.c.episode)
    taken = select(acknowledgement).join(alert, present).where(alert.c.state.in_(UNDER_ALARM))
    rows = connection.execute(taken).all()
    acknowledged = {alert_id(row.fingerprint, row.episode): Acknowledgement(row.at, row.why) for row in rows}
    return Quieted(tuple(running_silences(connection, now=now)), acknowledged)


def running_silences(connection: Connection, *, now: datetime) -> list[Silence]:
    """Give the silences that have begun and not ended, the first to end first."""
    running = select(silence).where(silence.c.since <= now, silence.c.until > now)
    rows = connection.execute(running.order_by(silence.c.until, silence.c.id)).mappings()
    return [Silence(**{name: row[name] for name in _SAID}, number=row["id"]) for row in rows]


def write_silence(connection: Connection, new: Silence) -> int:
    """Store a silence and give the number that it gets."""
    values = {name: getattr(new, name) for name in _SAID}
    return int(connection.execute(insert(silence).values(values).returning(silence.c.id)).scalar_one())


def end_silences(connection: Connection, numbers: Sequence[int], *, now: datetime) -> None:
    """End silences that run now instead of later."""
    ended = (silence.c.id.in_(numbers), silence.c.until > now)
    connection.execute(update(silence).where(*ended).values(until=now))


def acknowledge(connection: Connection, fingerprint: str, episode: int, *, now: datetime, why: str) -> datetime:
    """Note that an episode of an alert was taken over, and give when that was: the first time counts."""
    insert_new(connection, acknowledgement, fingerprint=fingerprint, episode=episode, at=now, why=why)
    same = (acknowledgement.c.fingerprint == fingerprint, acknowledgement.c.episode == episode)
    at: datetime = connection.execute(select(acknowledgement.c.at).where(*same)).scalar_one()
    return at
