"""Who may work on what until when, and what was done: leases with fencing tokens, and the ledger of runs.

A lease keeps two from working at once; the ledger keeps anybody from doing a slot again. A holder that slept through
the end of its lease finds its writes refused as soon as somebody else holds it (Kleppmann 2016).
"""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, cast

from sqlalchemy import Connection, Row, Select, delete, select, update

from monitor.errors import MonitorError
from monitor.store.database import Database, insert_new
from monitor.store.schema import lease, run


def acquire(
    connection: Connection,
    name: str,
    owner: str,
    *,
    now: datetime,
    ttl: timedelta,
    gone: Callable[[str], bool] = lambda _owner: False,
) -> int | None:
    """Take or prolong a lease until `now + ttl` and give its token; None while somebody else holds it.

    Whoever holds it already keeps its token; a free or expired lease passes on with the next one, and so does that of
    an owner who is known to be gone.
    """
    insert_new(connection, lease, name=name, owner="", token=0, until=now)
    held = connection.execute(_lease(name).with_for_update()).one()
    if _is_held(held, now, ttl) and held.owner != owner and not gone(held.owner):
        return None
    token = int(held.token) if _is_held(held, now, ttl) and held.owner == owner else int(held.token) + 1
    values = {"owner": owner, "token": token, "until": now + ttl}
    connection.execute(update(lease).where(lease.c.name == name).values(values))
    return token


def renew(connection: Connection, name: str, token: int, *, now: datetime, ttl: timedelta) -> bool:
    """Prolong a lease until `now + ttl`; False when it has passed on."""
    ours = (lease.c.name == name, lease.c.token == token, lease.c.owner != "")
    return bool(connection.execute(update(lease).where(*ours).values(until=now + ttl)).rowcount)


def release(connection: Connection, name: str, token: int) -> None:
    """Free a lease; nothing happens when it has passed on. Its row stays, so that tokens only rise."""
    connection.execute(update(lease).where(lease.c.name == name, lease.c.token == token).values(owner=""))


def holds(connection: Connection, name: str, token: int, now: datetime) -> bool:
    """Say whether a lease is held with this token and has not expired."""
    held = connection.execute(_lease(name)).first()
    return held is not None and held.owner != "" and held.token == token and held.until > now


def held_until(connection: Connection, name: str) -> datetime | None:
    """Say when a lease will expire unless it is prolonged; None when nobody holds it."""
    held = connection.execute(_lease(name)).first()
    return None if held is None or not held.owner else held.until


def holder(connection: Connection, name: str) -> str:
    """Name who holds a lease; "" when nobody does."""
    held = connection.execute(_lease(name)).first()
    return "" if held is None else str(held.owner)


def guard(connection: Connection, name: str, token: int) -> None:
    """Raise MonitorError when a lease has passed on; until this transaction ends it cannot.

    An expired lease that nobody took is still good: nobody else has written.
    """
    # A shared lock on the key lets the holder prolong the lease meanwhile, and nobody take it over.
    held = connection.execute(_lease(name).with_for_update(read=True, key_share=True)).first()
    if held is None or held.token != token:
        raise MonitorError(f"the lease on {name} was lost; somebody else holds it now")


@dataclass(frozen=True)
class Fenced:
    """A database that takes writes only while a lease is held."""

    database: Database
    name: str
    token: int

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """Give a connection in one transaction, or raise MonitorError when the lease was lost."""
        with self.database.write() as connection:
            guard(connection, self.name, self.token)
            yield connection

    def read(self) -> AbstractContextManager[Connection]:
        """Give a connection that sees one snapshot and refuses to write."""
        return self.database.read()


def fenced(database: Database, name: str, token: int) -> Database:
    """Give the database as the holder of a lease may use it, for steps that only read and write."""
    return cast("Database", Fenced(database, name, token))


def claim_run(connection: Connection, job: str, slot: datetime, *, owner: str, token: int, now: datetime) -> bool:
    """Begin a job's run of a slot; False when it was done already or is being done under a higher token.

    Belongs under the job's lease. A run that failed, or whose holder is gone, is begun again; what earlier holders
    left unfinished in other slots counts as failed.
    """
    key = (run.c.job == job, run.c.slot == slot)
    begun = {"state": "running", "owner": owner, "token": token, "started_at": now, "finished_at": None, "error": ""}
    abandoned = (run.c.job == job, run.c.slot != slot, run.c.state == "running", run.c.token <= token)
    connection.execute(update(run).where(*abandoned).values(state="failed", finished_at=now, error="never finished"))
    if insert_new(connection, run, job=job, slot=slot, **begun):
        return True
    open_still = (*key, run.c.state != "done", run.c.token <= token)
    return bool(connection.execute(update(run).where(*open_still).values(begun)).rowcount)


def finish_run(connection: Connection, job: str, slot: datetime, *, token: int, now: datetime, error: str = "") -> bool:
    """End a run, as done or with the error that it failed with; False when somebody else has begun it since."""
    ours = (run.c.job == job, run.c.slot == slot, run.c.token == token, run.c.state == "running")
    values = {"state": "failed" if error else "done", "finished_at": now, "error": error}
    return bool(connection.execute(update(run).where(*ours).values(values)).rowcount)


def note_failure(connection: Connection, job: str, *, owner: str, now: datetime, error: str) -> None:
    """Note a failure of a job that has no slots."""
    values = {"owner": owner, "token": 0, "started_at": now, "finished_at": now, "error": error}
    insert_new(connection, run, job=job, slot=now, state="failed", **values)


def failed_runs(connection: Connection, *, limit: int = 100) -> list[dict[str, Any]]:
    """Give the runs that failed, the latest first: job, slot, owner, times and error."""
    chosen = select(run).where(run.c.state == "failed").order_by(run.c.started_at.desc(), run.c.job)
    return [dict(row) for row in connection.execute(chosen.limit(limit)).mappings()]


def forget_runs(connection: Connection, *, older: datetime) -> int:
    """Delete the runs that ended before a time; gives how many."""
    return connection.execute(delete(run).where(run.c.state != "running", run.c.finished_at < older)).rowcount


def forget_runs_ahead(connection: Connection, job: str, *, after: datetime) -> int:
    """Delete a job's runs of slots after a time, which only a clock that was set back leaves; gives how many.

    Otherwise the job would stand still until the clock has come there again.
    """
    return connection.execute(delete(run).where(run.c.job == job, run.c.slot > after)).rowcount


def _lease(name: str) -> Select[Any]:
    return select(lease).where(lease.c.name == name)


def _is_held(held: Row[Any], now: datetime, ttl: timedelta) -> bool:
    # An end far ahead was written by a clock that has been set back since, and would hold for as long as that.
    return bool(held.owner) and now < held.until <= now + 2 * ttl
