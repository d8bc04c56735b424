"""The daemon: passes when they are due, deliveries, housekeeping and the web page, until it is told to stop."""

import logging
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from random import Random
from types import FrameType
from typing import TYPE_CHECKING

from apscheduler.executors.pool import ThreadPoolExecutor  # type: ignore[import-untyped]  # it has no types
from apscheduler.schedulers.background import BackgroundScheduler  # type: ignore[import-untyped]  # nor here

from monitor.config import Web
from monitor.daemon.chores import attacks_tried, delivered, housekept
from monitor.daemon.front import opened_page
from monitor.daemon.lanes import Lane, flush_logs
from monitor.daemon.limits import Limits
from monitor.daemon.passes import Passes
from monitor.daemon.watchdog import watch_ticks
from monitor.watch import Monitor

if TYPE_CHECKING:
    from monitor.web import Served

_LOG = logging.getLogger(__name__)


def utc_now() -> datetime:
    """Give the time."""
    return datetime.now(UTC)


def run(
    monitor: Monitor,
    *,
    web: Web | None = None,
    clock: Callable[[], datetime] = utc_now,
    rng: Random | None = None,
    stop: threading.Event | None = None,
    limits: Limits = Limits(),  # noqa: B008 (frozen)
    on_started: Callable[[str], None] | None = None,
    leave: Callable[[int], object] = os._exit,
) -> int:
    """Work until `stop` is set, by SIGTERM or SIGINT too, finish what runs, and give the exit code 0.

    web: where the page listens; None is no page. clock: what passes take for now. rng: spreads retries and tells
    this process from others of the same owner. on_started: hears the page's address. leave: ends the process, with
    70 when the tick stands still, and with 0 when something still runs after `limits.grace`.

    Raises MonitorError when the page's address cannot be had.
    """
    logging.getLogger("apscheduler").setLevel(logging.ERROR)  # it tells of every tick
    rng, stop = rng or Random(), stop or threading.Event()  # noqa: S311 (no secret)
    owner = f"{monitor.owner}-{rng.getrandbits(32):08x}"
    passes = Passes(monitor, clock, owner=owner, limits=limits, stop=stop)
    daemon = _Daemon(passes, rng)
    with _signals(stop):
        served = opened_page(monitor, web, clock=clock, ready=daemon.reasons, on_started=on_started)
        with _watched(daemon, leave), _scheduled(daemon) as scheduler:
            _LOG.info("started owner=%s models=%d", owner, len(monitor.watches))
            while not stop.wait(limits.tick.total_seconds()):
                _follow_clock(scheduler)
        _end(daemon, served, leave)
    return 0


@dataclass
class _Daemon:
    """What runs: the passes, and beside them what has a lane of its own. `rounds` counts completed ticks."""

    passes: Passes
    rng: Random
    rounds: int = 0
    ticked: float = field(default_factory=time.monotonic)

    def __post_init__(self) -> None:
        """Give each chore its lane, so that a slow one delays no other."""
        passes, said = self.passes, self.passes.said
        self.delivery = Lane("deliver", partial(delivered, passes, self.rng), said)
        self.leases = Lane("leases", passes.keep_leases, said)
        self.hung = Lane("hung", passes.tell_hung, said)
        self.housekeeping = Lane("housekeeping", partial(housekept, passes), said)
        self.trial = Lane("attack trial", partial(attacks_tried, passes, set[str]()), said)

    @property
    def lanes(self) -> tuple[Lane, ...]:
        """Give every lane."""
        return (self.delivery, self.leases, self.hung, self.housekeeping, self.trial)

    def tick(self) -> None:
        """Start what is due; nothing here waits for a database, a source or a receiver."""
        self.passes.dispatch()
        self.delivery.start()
        self.leases.start(every=self.passes.limits.lease / 4)
        self.hung.start(every=self.passes.limits.lease / 4)
        self.trial.start(every=timedelta(hours=1))
        self.rounds, self.ticked = self.rounds + 1, time.monotonic()

    def busy(self) -> list[str]:
        """Name what still runs, apart from passes that do not move any more."""
        return [*self.passes.moving(), *(lane.name for lane in self.lanes if lane.alive)]

    def reasons(self) -> list[str]:
        """Say why the service cannot do its work; nothing when it can."""
        late = time.monotonic() - self.ticked > self.passes.limits.dead.total_seconds() / 2
        return [*self.passes.reasons(), *(["the tick is late"] if late else [])]


@contextmanager
def _scheduled(daemon: _Daemon) -> Iterator[BackgroundScheduler]:
    limits = daemon.passes.limits
    # Two threads, one a job: the defaults would drop what is late and run the same twice.
    scheduler = BackgroundScheduler(
        timezone=UTC,
        executors={"default": ThreadPoolExecutor(2)},
        job_defaults={"misfire_grace_time": None, "coalesce": True, "max_instances": 1},
    )
    started = {"next_run_time": utc_now()}
    scheduler.add_job(daemon.tick, "interval", id="tick", seconds=limits.tick.total_seconds(), **started)
    scheduler.add_job(daemon.housekeeping.start, "interval", id="housekeeping", hours=1, **started)
    scheduler.start()
    try:
        yield scheduler
    finally:
        scheduler.shutdown(wait=False)


def _follow_clock(scheduler: BackgroundScheduler) -> None:
    # When the system's clock is set back, the scheduler would wait until it has come there again.
    now = utc_now()
    for job in scheduler.get_jobs():
        if job.next_run_time - now > 2 * job.trigger.interval:
            job.modify(next_run_time=now)


@contextmanager
def _watched(daemon: _Daemon, leave: Callable[[int], object]) -> Iterator[None]:
    over = threading.Event()
    watching = partial(watch_ticks, lambda: daemon.rounds, limit=daemon.passes.limits.dead, stop=over, leave=leave)
    threading.Thread(target=watching, name="watchdog", daemon=True).start()
    try:
        yield
    finally:
        over.set()


@contextmanager
def _signals(stop: threading.Event) -> Iterator[None]:
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def asked(number: int, _frame: FrameType | None) -> None:
        _LOG.info("stopping signal=%s", signal.Signals(number).name)
        stop.set()

    before = {number: signal.signal(number, asked) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _end(daemon: _Daemon, served: "Served | None", leave: Callable[[int], object]) -> None:
    grace = daemon.passes.limits.grace.total_seconds()
    until = time.monotonic() + grace
    if served is not None:
        served.stop(timeout=grace / 2)
    while (left := daemon.busy()) and time.monotonic() < until:
        time.sleep(0.02)
    _LOG.info("stopped unfinished=%s", ",".join(left) or "nothing")
    if left:
        # The interpreter would wait for them, and whoever sent the signal does not.
        with suppress(Exception):
            flush_logs()
        leave(0)
