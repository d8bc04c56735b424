"""The passes over the models: what is due, who does it, and what becomes of one that hangs."""

import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError

from monitor.alerts.vocabulary import LOSSES
from monitor.daemon.jobs import Hold, Job, pause_after, slot_of
from monitor.daemon.lanes import Said, described
from monitor.daemon.leasing import is_gone
from monitor.daemon.limits import Limits
from monitor.pipeline import Pass, look
from monitor.steps.health import KIND, watch_over
from monitor.store.cursors import note_problem
from monitor.store.runs import (
    acquire,
    claim_run,
    fenced,
    finish_run,
    forget_runs_ahead,
    held_until,
    note_failure,
    release,
    renew,
)
from monitor.types import Progress, Window
from monitor.watch import Monitor

_LOG = logging.getLogger(__name__)


class Stopping(Exception):  # noqa: N818 (it is no error)
    """The daemon stops; raised between two transactions of a pass."""


@dataclass
class Passes:
    """The models' passes, in as many threads as may move at once.

    A thread ends when nothing waits. One that is stuck in a source gives up its place, and another takes it.
    """

    monitor: Monitor
    clock: Callable[[], datetime]
    owner: str
    limits: Limits
    stop: threading.Event
    waiting: deque[Job] = field(default_factory=deque)
    threads: list[threading.Thread] = field(default_factory=list)
    finished: bool = False

    def __post_init__(self) -> None:
        """Begin with every model due."""
        self.said = Said(self._noted)
        self.jobs = [Job(watch) for watch in self.monitor.watches]

    def dispatch(self) -> None:
        """Queue what is due, and start threads for it where there are places; waits for nothing."""
        now = self.clock()
        for job in self.jobs:
            if job.due(now):
                job.state = "waiting"
                self.waiting.append(job)
        self.threads = [thread for thread in self.threads if thread.is_alive()]
        for _ in range(min(self.limits.workers - self._moving(), len(self.waiting))):
            self.threads.append(threading.Thread(target=self._work, name="pass", daemon=True))
            self.threads[-1].start()

    def moving(self) -> list[str]:
        """Name the passes that run and are not stuck."""
        return [job.name for job in self.jobs if job.state == "working" and not self._is_stuck(job)]

    def held(self) -> Iterator[tuple[Job, Hold]]:
        """Give the jobs whose pass runs, with their lease."""
        for job in self.jobs:
            hold = job.hold
            if hold is not None:
                yield job, hold

    def reasons(self) -> list[str]:
        """Say why the passes cannot do their work; nothing when they can."""
        missing = [] if self.finished or not self.jobs else ["no pass has finished yet"]
        try:
            with self.monitor.database.read() as connection:
                connection.execute(select(1))
        except SQLAlchemyError:
            missing.append("the database cannot be reached")
        return missing

    def keep_leases(self) -> None:
        """Prolong the leases of what runs; that of a pass that hangs is let go, for others to try."""
        held = [(job, hold) for job, hold in self.held() if hold.idle() < self.limits.hung]
        if not held:
            return
        with self.monitor.database.write() as connection:
            for job, hold in held:
                kept = renew(connection, job.name, hold.token, now=self.clock(), ttl=self.limits.lease)
                if not kept and not hold.lost:
                    hold.lost = True
                    _LOG.warning("lease lost job=%s token=%d", job.name, hold.token)

    def tell_hung(self) -> None:
        """Raise a health alert for every pass that has not moved for `limits.hung`, once a pass."""
        for job, hold in self.held():
            if hold.told or hold.idle() < self.limits.hung:
                continue
            why = f"has not answered for {hold.idle().total_seconds() / 60:.0f} minutes"
            monitor = replace(self.monitor, database=fenced(self.monitor.database, job.name, hold.token))
            with monitor.database.write() as connection:
                note_problem(connection, job.watch.records_source, why)
            watch_over(monitor, job.watch, {"source": why}, now=self.clock())
            hold.told = True
            self.said.stands(f"{job.watch.name}: source", why)

    @contextmanager
    def claimed(self, job: str, slot: datetime, *, every: timedelta) -> Iterator[int | datetime | None]:
        """Take a slot under the job's lease, and note in the ledger how it ended.

        Gives the lease's token; the time when another's lease ends; or None when the slot is done already.
        """
        database, token = self.monitor.database, None
        with database.write() as connection:
            now = self.clock()
            token = acquire(connection, job, self.owner, now=now, ttl=self.limits.lease, gone=is_gone)
            until = held_until(connection, job) if token is None else None
            if token is not None:
                forget_runs_ahead(connection, job, after=now + every)
                if not claim_run(connection, job, slot, owner=self.owner, token=token, now=now):
                    release(connection, job, token)
                    token = None
        if token is None:
            yield until
            return
        error = ""
        try:
            yield token
        except BaseException as caught:
            error = described(caught)
            raise
        finally:
            with database.write() as connection:
                finish_run(connection, job, slot, token=token, now=self.clock(), error=error)
                release(connection, job, token)

    def _moving(self) -> int:
        return len(self.threads) - sum(map(self._is_stuck, self.jobs))

    def _is_stuck(self, job: Job) -> bool:
        hold = job.hold
        return hold is not None and hold.idle() >= self.limits.stuck

    def _work(self) -> None:
        # A thread that was stuck and found its place taken goes after its pass.
        while not self.stop.is_set() and self._moving() <= self.limits.workers:
            try:
                job = self.waiting.popleft()
            except IndexError:
                return
            job.state = "working"
            self._attempt(job)

    def _attempt(self, job: Job) -> None:
        try:
            job.tried, job.again_at = slot_of(self.clock(), job.watch.settings.every), None
            self._pass(job, job.tried)
        except Stopping:
            pass
        except BaseException as error:  # noqa: BLE001 (whatever it is, it must not stop the others)
            self.said.failed(job.name, error)
            job.failures, job.again_at = job.failures + 1, self.clock() + pause_after(job.failures, error)
        else:
            self.said.well(job.name)
            job.failures = 0
        finally:
            job.hold, job.state = None, "idle"

    def _pass(self, job: Job, slot: datetime) -> None:
        with self.claimed(job.name, slot, every=job.watch.settings.every) as token:
            if isinstance(token, int):
                job.hold = Hold(token)
                monitor = replace(self.monitor, database=fenced(self.monitor.database, job.name, token))
                done = Pass()
                look(monitor, job.watch, now=self.clock(), done=done, progress=self._progress(job.hold))
                self._tell(job.watch.name, done)
            else:
                job.again_at = token
            self.finished = self.finished or not isinstance(token, datetime)

    def _tell(self, name: str, done: Pass) -> None:
        for what in ("reference", "source", "labels"):
            self.said.stands(f"{name}: {what}", done.problems.get(f"{name}: {what}", ""))
        for finding in done.findings:
            if finding.kind == KIND and finding.detector in LOSSES and finding.transition:
                what = finding.transition
                _LOG.warning("health model=%s loss=%s %s why=%r", name, finding.detector, what, finding.note)

    def _noted(self, job: str, error: str) -> None:
        with self.monitor.database.write() as connection:
            note_failure(connection, job, owner=self.owner, now=self.clock(), error=error)

    def _progress(self, hold: Hold) -> Progress:
        def moved() -> None:
            hold.moved = time.monotonic()
            if self.stop.is_set():
                raise Stopping("before its end")

        def rows(_model: str, _rows: int) -> None:
            moved()

        def window(model: str, window: Window) -> None:
            _LOG.info("judged model=%s start=%s end=%s", model, f"{window.start:%FT%RZ}", f"{window.end:%FT%RZ}")
            moved()

        return Progress(rows, window)
