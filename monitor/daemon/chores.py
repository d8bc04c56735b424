"""What the daemon does beside the passes: deliver messages, and keep house."""

import logging
from datetime import timedelta
from random import Random

from monitor.daemon.jobs import slot_of
from monitor.daemon.passes import Passes
from monitor.delivery import deliver
from monitor.detectors.attack.self_test import blind
from monitor.pipeline import tidy
from monitor.sources.push import SHARD
from monitor.steps.attack_trial import attack_trial
from monitor.store.cursors import read_cursors
from monitor.store.pushed import forget_pushed
from monitor.store.runs import forget_runs

KEPT = timedelta(days=30)  # how long the ledger is kept
_MINUTE = timedelta(minutes=1)
_HOUR = timedelta(hours=1)
_LOG = logging.getLogger(__name__)


def delivered(passes: Passes, rng: Random) -> None:
    """Send what is due."""
    monitor = passes.monitor
    sent = deliver(
        monitor.database,
        monitor.receivers,
        now=passes.clock,
        owner=passes.owner,
        rng=rng,
        stop=passes.stop.is_set,
        rest=passes.stop.wait,
    )
    for off, why in sent.off.items():
        _LOG.error("switched off receiver=%s why=%r", off, why)


def housekept(passes: Passes) -> None:
    """Delete what is kept no longer, once an hour, whoever of several processes does it."""
    monitor, now = passes.monitor, passes.clock()
    with passes.claimed("housekeeping", slot_of(now, _HOUR), every=_HOUR) as token:
        if not isinstance(token, int):
            return
        tidy(monitor)
        for watch in monitor.watches:
            for holds, source in watch.pushed.items():
                with monitor.database.write() as connection:
                    taken = read_cursors(connection, source).get(SHARD, {}).get("id", 0)
                    # The last one stays: SQLite would give its number to the next body, which would then be no news.
                    forget_pushed(connection, watch.name, until=taken - 1, holds=holds)
        with monitor.database.write() as connection:
            forget_runs(connection, older=now - KEPT)


def attacks_tried(passes: Passes, told: set[str]) -> None:
    """Log of each model whose queries are watched, once, which detectors see nothing of simple injected attacks.

    told: the models that need no more of it. A minute after it was started, since the first passes go before.
    """
    if passes.stop.wait(_MINUTE.total_seconds()):
        return
    for watch in passes.monitor.watches:
        if watch.name in told or not watch.settings.watches_attacks or passes.stop.is_set():
            continue
        found = attack_trial(passes.monitor.database, watch)
        if not isinstance(found, str):
            told.add(watch.name)
            _LOG.info("attacks tried model=%s blind=%s", watch.name, ",".join(blind(found.delays)) or "none")
