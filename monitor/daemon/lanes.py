"""Work in threads of its own, and errors told once."""

import logging
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta

from sqlalchemy.exc import DBAPIError

_LOG = logging.getLogger(__name__)
_LONGEST = 500


@dataclass
class Said:
    """What was last said of each job, so that the same is not said twice in a row.

    note: keeps (job, error) of what has no run to note it in.
    """

    note: Callable[[str, str], None]
    last: dict[str, str] = field(default_factory=dict)

    def failed(self, job: str, error: BaseException) -> bool:
        """Log an error with its traceback; False when it was the last thing said of the job."""
        text = described(error)
        if self.last.get(job) == text:
            return False
        self.last[job] = text
        _LOG.error("failed job=%s error=%r", job, text, exc_info=error)
        return True

    def stands(self, what: str, why: str) -> None:
        """Log why something stands still, and later that it goes on."""
        if why and self.last.get(what) != why:
            self.last[what] = why
            _LOG.warning("stands still what=%r why=%r", what, why)
        elif not why:
            self.well(what)

    def well(self, job: str) -> None:
        """Log that a job is well again, if it was not."""
        if self.last.pop(job, ""):
            _LOG.info("recovered job=%r", job)


@dataclass
class Lane:
    """One piece of work that runs in a thread of its own and never twice at a time; its errors stop nothing."""

    name: str
    work: Callable[[], None]
    said: Said
    thread: threading.Thread | None = None
    started: float = float("-inf")

    @property
    def alive(self) -> bool:
        """Say whether it runs."""
        return self.thread is not None and self.thread.is_alive()

    def start(self, *, every: timedelta = timedelta(0)) -> None:
        """Start it unless it runs, or began less than `every` ago."""
        now = time.monotonic()
        if self.alive or now - self.started < every.total_seconds():
            return
        self.started = now
        self.thread = threading.Thread(target=self._safely, name=self.name, daemon=True)
        self.thread.start()

    def _safely(self) -> None:
        try:
            self.work()
        except BaseException as error:  # noqa: BLE001 (whatever it is, it must not stop the others)
            if self.said.failed(self.name, error):
                with suppress(Exception):
                    self.said.note(self.name, described(error))
        else:
            self.said.well(self.name)


def described(error: BaseException) -> str:
    """Give an error in one line: without the statement and its values where it is the database's."""
    told = error.orig if isinstance(error, DBAPIError) else error
    first = str(told).strip().partition("\n")[0]
    return f"{type(error).__name__}: {first}"[:_LONGEST].rstrip(": ")


def flush_logs() -> None:
    """Write out what the loggers hold back."""
    for handler in logging.getLogger().handlers:
        handler.flush()
