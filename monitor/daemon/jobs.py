"""A model's passes: which slot is due, and what holds while one runs."""

import time
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Literal

from sqlalchemy.exc import SQLAlchemyError

from monitor.watch import Watch

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_RETRY_SECONDS = (1, 2, 4, 8, 15, 30, 60)


@dataclass
class Hold:
    """A lease that a run goes on under.

    moved: when the pass last got on, on the monotonic clock. told: it was told as hanging. lost: it passed on.
    """

    token: int
    moved: float = field(default_factory=time.monotonic)
    told: bool = False
    lost: bool = False

    def idle(self) -> timedelta:
        """Say for how long the pass has not moved."""
        return timedelta(seconds=time.monotonic() - self.moved)


@dataclass(eq=False)
class Job:
    """One model's passes. tried: the slot that was last looked into. again_at: when to try it once more."""

    watch: Watch
    tried: datetime | None = None
    again_at: datetime | None = None
    failures: int = 0
    state: Literal["idle", "waiting", "working"] = "idle"
    hold: Hold | None = None

    @property
    def name(self) -> str:
        """Name the job in the ledger, and its lease."""
        return f"look:{self.watch.name}"

    def due(self, now: datetime) -> bool:
        """Say whether there is a slot that was not tried, or is to be tried again."""
        new = slot_of(now, self.watch.settings.every) != self.tried
        return self.state == "idle" and (new or (self.again_at is not None and now >= self.again_at))


def slot_of(now: datetime, every: timedelta) -> datetime:
    """Give the beginning of the slot that holds `now`; slots are counted from 1970 in UTC.

    >>> slot_of(datetime(2026, 3, 1, 12, 34, 56, tzinfo=UTC), timedelta(minutes=5)).minute
    30
    """
    return now.astimezone(UTC) - (now - _EPOCH) % every


def pause_after(failures: int, error: BaseException) -> timedelta:
    """Give how long to wait before a failed pass is tried again; a database is back as soon as it is back."""
    seconds = _RETRY_SECONDS[min(failures, len(_RETRY_SECONDS) - 1)]
    return timedelta(seconds=min(seconds, 4) if isinstance(error, SQLAlchemyError) else seconds)
