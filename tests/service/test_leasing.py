"""Passes outside the daemon: no two work on a model at once, and none waits for a process that is no more."""

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from random import Random

import pytest

from monitor.config import load
from monitor.daemon.leasing import leased, owner, place
from monitor.errors import Busy
from monitor.pipeline import once
from monitor.store.records import count_records
from monitor.store.runs import acquire, holds
from monitor.watch import Monitor
from monitor.wiring import opened

START = datetime(2024, 1, 1, tzinfo=UTC)
SHORT = timedelta(seconds=0.3)
ROWS = 8_000
CONFIG = """
database: sqlite:///monitor.db
models:
  m:
    source: {files: "logs/*.csv"}
    columns: {timestamp: at}
    window: 1d
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "logs").mkdir()
    for file in range(40):
        lines = (f"{(START + timedelta(minutes=file * 200 + n)).isoformat()},{n % 7}" for n in range(ROWS // 40))
        (tmp_path / "logs" / f"{file:02}.csv").write_text("\n".join(["at,x", *lines, ""]), encoding="utf-8")
    (tmp_path / "monitor.yaml").write_text(CONFIG, encoding="utf-8")
    return tmp_path


@pytest.fixture
def monitor(folder: Path) -> Iterator[Monitor]:
    made = opened(load(CONFIG, place="monitor.yaml", environ={}, read=str), root=folder, owner=owner())
    with closing(made.database):
        yield made


def now() -> datetime:
    return datetime.now(UTC)


def hold(monitor: Monitor, who: str, *, ttl: timedelta = timedelta(minutes=1)) -> None:
    with monitor.database.write() as connection:
        assert acquire(connection, "look:m", who, now=now(), ttl=ttl)


def test_passes_of_two_processes_at_once_take_each_row_once(folder: Path, monitor: Monitor) -> None:
    command = [sys.executable, "-m", "monitor", "once", "monitor.yaml"]
    started = [
        subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE)  # noqa: S603  # ours
        for _ in range(3)
    ]
    said = [process.communicate(timeout=120) for process in started]
    assert [process.returncode for process in started] == [0, 0, 0], said
    with monitor.database.read() as connection:
        assert count_records(connection, "m") == ROWS


def test_a_pass_beside_one_that_goes_on_is_given_up_and_says_whose_it_is(monitor: Monitor) -> None:
    hold(monitor, "elsewhere/7")
    done = once(monitor, clock=now, rng=Random(0), leased=partial(leased, clock=now, patience=SHORT))
    assert done.problems == {"m: pass": "elsewhere/7 is at work on m; try again when it is done"}
    with monitor.database.read() as connection:
        assert count_records(connection, "m") == 0


def test_a_lease_is_kept_while_the_work_takes_and_freed_at_its_end(monitor: Monitor) -> None:
    (watch,) = monitor.watches
    with leased(monitor, watch, clock=now, ttl=10 * SHORT):
        threading.Event().wait(4)
        with monitor.database.read() as connection:
            assert holds(connection, "look:m", 1, now())
    with monitor.database.read() as connection:
        assert not holds(connection, "look:m", 1, now())


def test_who_is_dead_is_not_waited_for(monitor: Monitor) -> None:
    gone = subprocess.Popen([sys.executable, "-c", ""])  # ours
    gone.wait(timeout=30)
    hold(monitor, f"{place()}/{gone.pid}")
    (watch,) = monitor.watches
    with leased(monitor, watch, clock=now), monitor.database.read() as connection:
        assert holds(connection, "look:m", 2, now())


@pytest.mark.parametrize("who", ["elsewhere/1", f"{place()}/{os.getppid()}", "no number"])
def test_who_may_be_alive_is_waited_for(monitor: Monitor, who: str) -> None:
    hold(monitor, who)
    (watch,) = monitor.watches
    with pytest.raises(Busy), leased(monitor, watch, clock=now, patience=SHORT):
        pass


def test_a_lease_that_expires_is_taken(monitor: Monitor) -> None:
    hold(monitor, "elsewhere/7", ttl=timedelta(seconds=0.5))
    (watch,) = monitor.watches
    with leased(monitor, watch, clock=now), monitor.database.read() as connection:
        assert holds(connection, "look:m", 2, now())
