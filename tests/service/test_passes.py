"""A pass that fails says so, and stops nobody else's."""

import csv
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

import pytest

from monitor.config import load
from monitor.pipeline import once
from monitor.store.alerts import alert_rows
from monitor.store.profiles import count_profiled, forget_profiles
from monitor.store.records import count_records
from monitor.types import Batch, Cursor
from monitor.watch import Monitor
from monitor.wiring import opened

START = datetime(2024, 1, 1, tzinfo=UTC)
CONFIG = """
database: sqlite:///monitor.db
models:
  broken: &model
    source: {files: "log.csv"}
    columns: {timestamp: at, id: id}
    window: 1d
  sound: *model
receivers: {file: {log: out.jsonl}}
"""


@dataclass(frozen=True)
class Broken:
    """A source with a mistake of its own."""

    repeats: bool = False

    def pull(self, cursors: Mapping[str, Cursor]) -> Iterator[Batch]:
        raise ZeroDivisionError(f"of its own, at {len(cursors)} cursors")


@pytest.fixture
def monitor(tmp_path: Path) -> Iterator[Monitor]:
    with (tmp_path / "log.csv").open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["at", "id", "x"])
        rows.writerows([(START + timedelta(minutes=10 * n)).isoformat(), n, n % 7] for n in range(3000))
    config = load(CONFIG, place="monitor.yaml", environ={}, read=str)
    made = opened(config, root=tmp_path)
    with closing(made.database):
        yield made


def health(monitor: Monitor, model: str) -> list[tuple[str, str]]:
    with monitor.database.read() as connection:
        rows = alert_rows(connection, model=model)
    return [(row["detector"], row["state"]) for row in rows if row["kind"] == "health"]


def test_a_pass_that_fails_is_told_and_the_other_models_go_on(monitor: Monitor) -> None:
    first, second = monitor.watches
    now = START + timedelta(days=30)
    bad = replace(monitor, watches=(replace(first, source=Broken()), second))
    done = once(bad, clock=lambda: now, rng=Random(0))
    assert done.problems == {"broken: pass": "the pass failed: ZeroDivisionError: of its own, at 0 cursors"}
    assert health(monitor, "broken") == [("pass", "firing")]
    assert health(monitor, "sound") == []
    assert done.delivered is not None
    assert done.delivered.sent == 1
    done = once(monitor, clock=lambda: now + timedelta(minutes=1), rng=Random(0))
    assert done.problems == {}
    assert health(monitor, "broken") == [("pass", "resolved")]


def test_records_that_were_stored_and_not_counted_are_counted_by_the_next_pass(monitor: Monitor) -> None:
    now = START + timedelta(days=30)
    once(monitor, clock=lambda: now, rng=Random(0))
    with monitor.database.write() as connection:
        assert count_profiled(connection, "sound") == count_records(connection, "sound") == 3000
        forget_profiles(connection, "sound")
    once(monitor, clock=lambda: now + timedelta(minutes=1), rng=Random(0))
    with monitor.database.read() as connection:
        assert count_profiled(connection, "sound") == 3000
