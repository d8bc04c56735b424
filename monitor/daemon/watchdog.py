"""Ends a process whose tick stands still, for systemd or a container to start it again."""

import logging
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta

from monitor.daemon.lanes import flush_logs

EXIT_CODE = 70
_LOG = logging.getLogger(__name__)


def watch_ticks(
    rounds: Callable[[], int], *, limit: timedelta, stop: threading.Event, leave: Callable[[int], object]
) -> None:
    """Call `leave(70)` when `rounds` has not changed for `limit`; returns when `stop` is set.

    Time in which the whole process was suspended does not count: the tick could not have gone on.
    """
    step = min(1.0, limit.total_seconds() / 5)
    seen, idle, before = rounds(), 0.0, time.monotonic()
    while not stop.wait(step):
        now, count = time.monotonic(), rounds()
        idle = idle + min(now - before, 2 * step) if count == seen else 0.0
        seen, before = count, now
        if idle >= limit.total_seconds():
            with suppress(Exception):
                _LOG.critical("the tick stands still seconds=%.0f; leaving exit=%d", idle, EXIT_CODE)
                flush_logs()
            leave(EXIT_CODE)
            return
