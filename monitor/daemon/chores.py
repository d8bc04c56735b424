"""What the daemon does beside the passes: deliver messages, and keep house."""

import hashlib
import logging
from datetime import datetime, timedelta
from random import Random

from monitor.daemon.jobs import slot_of
from monitor.daemon.passes import Passes
from monitor.delivery import deliver
from monitor.pipeline import tidy
from monitor.sources.push import SHARD
from monitor.store.cursors import read_cursors
from monitor.store.outbox import enqueue
from monitor.store.pushed import forget_pushed
from monitor.store.runs import forget_runs
from monitor.types import Notice

KEPT = timedelta(days=30)  # how long the ledger is kept
_HOUR = timedelta(hours=1)
_LOG = logging.getLogger(__name__)


def delivered(passes: Passes, rng: Random) -> None:
    """Send what is due; when a receiver is switched off, the others hear of it."""
    monitor = passes.monitor
    sent = deliver(
        monitor.database, monitor.receivers, now=passes.clock, owner=passes.owner, rng=rng, stop=passes.stop.is_set
    )
    for off, why in sent.off.items():
        _LOG.error("switched off receiver=%s why=%r", off, why)
        now = passes.clock()
        with monitor.database.write() as connection:
            for receiver in monitor.receivers.keys() - sent.off.keys():
                enqueue(connection, switched_off(off, why, receiver, now=now), receiver, now=now)


def switched_off(off: str, why: str, receiver: str, *, now: datetime) -> Notice:
    """Give the message that tells a receiver that another one gets nothing any more."""
    mark = hashlib.sha256(f"switched off\n{off}\n{why}\n{receiver}\n{now.isoformat()}".encode()).hexdigest()
    title = f"The receiver {off} refused a message for good and gets no more: {why}"
    lines = ("Its messages wait until it is switched on again; `monitor doctor` says how each receiver is doing.",)
    return Notice(mark, model="", kind="health", transition="fired", reason="first", title=title, lines=lines)


def housekept(passes: Passes) -> None:
    """Delete what is kept no longer, once an hour, whoever of several processes does it."""
    monitor, now = passes.monitor, passes.clock()
    with passes.claimed("housekeeping", slot_of(now, _HOUR), every=_HOUR) as token:
        if not isinstance(token, int):
            return
        tidy(monitor)
        for watch in monitor.watches:
            if watch.settings.source.push:
                with monitor.database.write() as connection:
                    taken = read_cursors(connection, watch.records_source).get(SHARD, {}).get("id", 0)
                    # The last one stays: SQLite would give its number to the next body, which would then be no news.
                    forget_pushed(connection, watch.name, until=taken - 1)
        with monitor.database.write() as connection:
            forget_runs(connection, older=now - KEPT)
