"""The service's own judging over windows whose profiles are there already: what it would have told."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pyarrow as pa

from monitor.alerts.finding import Finding
from monitor.config import Model
from monitor.profiles.profile import Profile
from monitor.schedule import window_of, windows_between
from monitor.steps.judge import judge
from monitor.store.database import Database, migrate, open_database
from monitor.store.measurements import read_measurements
from monitor.store.profiles import Slice, add_profiles
from monitor.store.records import append_records, pack_records, register_model
from monitor.store.references import write_reference
from monitor.types import Batch, Cursor, Window
from monitor.watch import Monitor, Watch

START = datetime(2024, 1, 1, tzinfo=UTC)
NAME, TIME = "model", "timestamp"
MEMORY = Path("/dev/shm")  # noqa: S108  # a disk would only slow the benchmark down


@dataclass(frozen=True)
class Nothing:
    """A source without records."""

    repeats: bool = False

    def pull(self, cursors: Mapping[str, Cursor]) -> Iterator[Batch]:  # noqa: ARG002
        """Give nothing."""
        yield from ()


def watch_with(settings: Model) -> Watch:
    """Give a watched model that pulls nothing."""
    return Watch(NAME, settings, Nothing())


def windows_from(start: datetime, count: int, settings: Model) -> list[Window]:
    """Give so many windows, one after the other."""
    last = window_of(start, settings.window)
    span = (last.end - last.start) * count
    return list(windows_between(start, start + span, settings.window))


def told(
    settings: Model, references: Mapping[str, Profile], profiles: Sequence[Profile], *, start: datetime = START
) -> list[Finding]:
    """Judge profiles as the windows of a model, one after the other, and give the alerts that were told.

    A segment is a profile of its own: not here, where all traffic is one.
    """
    return [one for one in stepped(settings, references, profiles, start=start) if one.transition == "fired"]


def stepped(
    settings: Model, references: Mapping[str, Profile], profiles: Sequence[Profile], *, start: datetime = START
) -> list[Finding]:
    """Judge profiles likewise, and give every step of the alerts that were told."""
    with _judged(settings, references, profiles, start) as (_, found):
        return [one for one in found if one.evidence.get("told")]


def judged_rows(
    settings: Model,
    references: Mapping[str, Profile],
    profiles: Sequence[Profile],
    *,
    detector: str | None = None,
    start: datetime = START,
) -> list[dict[str, Any]]:
    """Judge profiles likewise, and give what a detector, or each, measured in them, oldest first."""
    with _judged(settings, references, profiles, start) as (database, _), database.read() as connection:
        return list(read_measurements(connection, model=NAME, detector=detector))


@contextmanager
def _judged(
    settings: Model, references: Mapping[str, Profile], profiles: Sequence[Profile], start: datetime
) -> Iterator[tuple[Database, list[Finding]]]:
    windows = windows_from(start, len(profiles), settings)
    with TemporaryDirectory(prefix="monitor-bench-", dir=MEMORY if MEMORY.is_dir() else None) as folder:
        url = f"sqlite:///{Path(folder) / 'monitor.db'}"
        migrate(url)
        database = open_database(url)
        try:
            with database.write() as connection:
                register_model(connection, NAME, now=start)
                write_reference(connection, NAME, "benchmark", references, now=start)
                ends = pa.table({TIME: pa.array([windows[0].start, windows[-1].end], pa.timestamp("us", "UTC"))})
                append_records(connection, NAME, pack_records(ends, timestamp=TIME))
                add_profiles(connection, NAME, {Slice(w): p for w, p in zip(windows, profiles, strict=True)})
            monitor = Monitor(database, (watch_with(settings),), receivers={})
            found = judge(monitor, monitor.watches[0], references, now=windows[-1].end, on_window=lambda _: None)
            yield database, found
        finally:
            database.close()
