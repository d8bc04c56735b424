"""A pass outside the daemon takes the lease that a daemon's pass takes, so that no two work on a model at once."""

import os
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path

from sqlalchemy.exc import SQLAlchemyError

from monitor.daemon.jobs import Job
from monitor.daemon.limits import Limits
from monitor.errors import Busy
from monitor.store.runs import acquire, fenced, holder, release, renew
from monitor.watch import Monitor, Watch

TTL = Limits().lease
POLL = 0.2
"""Seconds between two looks whether a lease is free."""


def owner() -> str:
    """Name this process among those that share the database."""
    return f"{place()}/{os.getpid()}"


def place() -> str:
    """Name this machine, and where containers share its name, this one: that within which numbers of processes hold."""
    try:
        return f"{socket.gethostname()}:{Path('/proc/self/ns/pid').stat().st_ino}"
    except OSError:
        return socket.gethostname()


@contextmanager
def leased(
    monitor: Monitor,
    watch: Watch,
    *,
    clock: Callable[[], datetime],
    ttl: timedelta = TTL,
    patience: timedelta = TTL,
) -> Iterator[Monitor]:
    """Give the monitor as the holder of a model's lease may use it, which is prolonged until the work is done.

    A lease whose process on this machine is gone is free; another is waited for, as long as it takes one to expire.
    Raises Busy when it is held on.
    """
    name, end = Job(watch).name, time.monotonic() + patience.total_seconds()
    while (token := _taken(monitor, name, clock(), ttl)) is None:
        if time.monotonic() > end:
            with monitor.database.read() as connection:
                raise Busy(f"{holder(connection, name)} is at work on {watch.name}; try again when it is done")
        time.sleep(POLL)
    over = threading.Event()
    keep = partial(_keep, monitor, name, token, clock=clock, ttl=ttl, over=over)
    keeper = threading.Thread(target=keep, name="lease", daemon=True)
    keeper.start()
    try:
        yield replace(monitor, database=fenced(monitor.database, name, token))
    finally:
        over.set()
        keeper.join()
        with suppress(SQLAlchemyError), monitor.database.write() as connection:
            release(connection, name, token)


def _taken(monitor: Monitor, name: str, now: datetime, ttl: timedelta) -> int | None:
    with monitor.database.write() as connection:
        return acquire(connection, name, monitor.owner, now=now, ttl=ttl, gone=is_gone)


def _keep(
    monitor: Monitor, name: str, token: int, *, clock: Callable[[], datetime], ttl: timedelta, over: threading.Event
) -> None:
    while not over.wait(ttl.total_seconds() / 4):
        # a lease that passed on is noticed by the pass itself, at its next write
        with suppress(SQLAlchemyError), monitor.database.write() as connection:
            renew(connection, name, token, now=clock(), ttl=ttl)


def is_gone(who: str) -> bool:
    """Say whether the process of that name ran in this place and is no more."""
    where, _, process = who.rpartition("/")
    if where != place() or not process.isdigit():
        return False
    try:
        os.kill(int(process), 0)
    except ProcessLookupError:
        return True
    except (PermissionError, OverflowError):
        pass
    return False
