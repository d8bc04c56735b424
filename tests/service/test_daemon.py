"""The daemon goes on, whatever sources, passes, clocks and other daemons do, and stops when it is told to."""

import logging
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import requests
from sqlalchemy import func, select

from monitor.config import Model, Web
from monitor.daemon.chores import housekept
from monitor.daemon.jobs import Job, slot_of
from monitor.daemon.leasing import place
from monitor.daemon.limits import Limits
from monitor.daemon.passes import Passes
from monitor.daemon.service import run
from monitor.daemon.watchdog import watch_ticks
from monitor.errors import DeliveryError
from monitor.sources.push import PushSource
from monitor.store.alerts import alert_rows
from monitor.store.database import Database
from monitor.store.outbox import enqueue
from monitor.store.pushed import read_pushed
from monitor.store.runs import acquire, claim_run, failed_runs
from monitor.store.schema import outbox, pushed, segment
from monitor.store.schema import run as ledger
from monitor.types import Batch, Cursor, Notice, Source
from monitor.watch import Monitor, Watch

SECOND = timedelta(seconds=1)
QUICK = Limits(tick=SECOND / 20, stuck=SECOND / 4, hung=SECOND / 2, lease=SECOND * 2, grace=SECOND * 3)
ROWS = pa.table({"at": pa.array([datetime(2024, 1, 1, tzinfo=UTC)] * 20), "fare": list(range(20))})


@dataclass
class Feed:
    """A source with one batch, given once; `before` happens at every pull."""

    before: Callable[[], object] = lambda: None
    pulls: int = 0
    repeats: bool = False

    def pull(self, cursors: Mapping[str, Cursor]) -> Iterator[Batch]:
        self.pulls += 1
        self.before()
        if not cursors:
            yield Batch("feed", ROWS, {"at": 1})


@dataclass
class Endless:
    """A source that never comes to its end."""

    repeats: bool = False

    def pull(self, cursors: Mapping[str, Cursor]) -> Iterator[Batch]:
        number = cursors.get("feed", {}).get("at", 0)
        while True:
            number += 1
            yield Batch("feed", ROWS, {"at": number})


@dataclass
class Strict:
    """A receiver that refuses for good, or takes everything."""

    refuses: bool
    got: list[Notice] = field(default_factory=list)

    def send(self, notice: Notice, *, now: datetime) -> None:  # noqa: ARG002
        if self.refuses:
            raise DeliveryError("410 gone", permanent=True)
        self.got.append(notice)


@pytest.fixture
def url(sqlite: str) -> str:
    return sqlite


def now() -> datetime:
    return datetime.now(UTC)


def watched(name: str, source: Source, every: str = "1s") -> Watch:
    data = {"push": True} if isinstance(source, PushSource) else {"files": "*"}
    settings = Model.model_validate({"source": data, "columns": {"timestamp": "at"}, "window": "1h", "every": every})
    return Watch(name, settings, source)


def monitor_of(database: Database, **sources: Source) -> Monitor:
    return Monitor(database, tuple(watched(name, source) for name, source in sources.items()), {})


@contextmanager
def running(monitor: Monitor, *, seed: int = 0, **options: Any) -> Iterator[list[int]]:  # noqa: ANN401
    """Run a daemon meanwhile; gives the list that its exit code will be in."""
    codes, stop = list[int](), threading.Event()
    options = {"limits": QUICK, "leave": codes.append, **options}
    thread = threading.Thread(target=lambda: codes.append(run(monitor, rng=Random(seed), stop=stop, **options)))
    thread.start()
    try:
        yield codes
    finally:
        stop.set()
        thread.join(10)
        assert not thread.is_alive()


def until(true: Callable[[], object], seconds: float = 8) -> None:
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "it did not come to that in time"
        time.sleep(0.02)


def runs(database: Database, name: str, state: str = "done") -> list[Any]:
    chosen = select(ledger).where(ledger.c.job == f"look:{name}", ledger.c.state == state)
    with database.read() as connection:
        return list(connection.execute(chosen.order_by(ledger.c.slot)))


def stored(database: Database) -> int:
    with database.read() as connection:
        return int(connection.scalar(select(func.sum(segment.c.rows))) or 0)


def test_a_source_that_never_answers_holds_up_nobody_and_is_told(database: Database) -> None:
    answer = threading.Event()
    monitor = monitor_of(database, hangs=Feed(lambda: answer.wait(20)), fine=Feed())
    with running(monitor, limits=replace(QUICK, workers=1)) as codes:
        until(lambda: len(runs(database, "fine")) >= 2)

        def told() -> bool:
            with database.read() as connection:
                alerts = alert_rows(connection, model="hangs")
            return [(alert["kind"], alert["state"]) for alert in alerts] == [("health", "firing")]

        until(told)
    assert codes == [0]
    assert not runs(database, "hangs")
    answer.set()


def test_a_pass_that_raises_anything_is_noted_once_and_stops_nobody(
    database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    def leave() -> None:
        raise SystemExit("out")

    broken = Feed(leave)
    with running(monitor_of(database, broken=broken, fine=Feed())) as codes:
        until(lambda: broken.pulls >= 2 and len(runs(database, "fine")) >= 2)
    assert codes == [0]
    with database.read() as connection:
        assert {(failed["job"], failed["error"]) for failed in failed_runs(connection)} == {
            ("look:broken", "SystemExit: out")
        }
    said = [record for record in caplog.records if "failed job=look:broken" in record.getMessage()]
    assert [record.levelno for record in said] == [logging.ERROR]
    assert said[0].exc_info


def test_two_daemons_do_each_slot_once(database: Database) -> None:
    feeds = (Feed(), Feed())
    with running(monitor_of(database, fares=feeds[0]), seed=1), running(monitor_of(database, fares=feeds[1]), seed=2):
        until(lambda: len(runs(database, "fares")) >= 3)
    assert feeds[0].pulls + feeds[1].pulls == len(runs(database, "fares")) + len(runs(database, "fares", "failed"))
    assert stored(database) == 20


def test_what_a_dead_daemon_began_is_taken_over_when_its_lease_ends(database: Database) -> None:
    began = now()
    with database.write() as connection:
        token = acquire(connection, "look:fares", "dead", now=began, ttl=2 * SECOND)
        assert token == 1
        claim_run(connection, "look:fares", slot_of(began, timedelta(days=1)), owner="dead", token=token, now=began)
    with running(Monitor(database, (watched("fares", Feed(), every="1d"),), {})):
        until(lambda: runs(database, "fares"))
    first = runs(database, "fares")[0]
    assert first.token == 2
    assert 2 * SECOND <= first.started_at - began <= 3 * SECOND


def test_what_a_process_of_this_machine_began_is_taken_over_as_soon_as_it_is_gone(database: Database) -> None:
    gone = subprocess.Popen([sys.executable, "-c", ""])  # ours
    gone.wait(timeout=30)
    began, owner = now(), f"{place()}/{gone.pid}"
    with database.write() as connection:
        token = acquire(connection, "look:fares", owner, now=began, ttl=40 * SECOND)
        claim_run(connection, "look:fares", slot_of(began, timedelta(days=1)), owner=owner, token=token or 0, now=began)
    with running(
        Monitor(database, (watched("fares", Feed(), every="1d"),), {}), limits=replace(QUICK, lease=40 * SECOND)
    ):
        until(lambda: runs(database, "fares"))
    assert runs(database, "fares")[0].token == 2


def test_a_pass_that_lost_its_lease_writes_nothing(database: Database, caplog: pytest.LogCaptureFixture) -> None:
    answer = threading.Event()
    feed = Feed(lambda: answer.wait(20))
    # a pass that hangs lets its lease go by itself; and what the other holds does not run out before the test ends
    patient = replace(QUICK, stuck=60 * SECOND, hung=60 * SECOND, lease=60 * SECOND)
    with running(monitor_of(database, fares=feed), limits=patient):
        until(lambda: feed.pulls)
        with database.write() as connection:
            taken = acquire(connection, "look:fares", "other", now=now(), ttl=60 * SECOND, gone=lambda _: True)
        assert taken == 2
        answer.set()
        until(lambda: "lease on look:fares was lost" in caplog.text)
    assert stored(database) == 0


def test_a_stop_ends_a_long_pass_between_two_batches(database: Database) -> None:
    begun = time.monotonic()
    with running(monitor_of(database, long=Endless())) as codes:
        until(lambda: stored(database))
    assert codes == [0]
    assert time.monotonic() - begun < 5
    assert [row.error for row in runs(database, "long", "failed")] == ["Stopping: before its end"]


def test_what_does_not_end_in_the_time_of_grace_is_left(database: Database) -> None:
    answer = threading.Event()
    feed = Feed(lambda: answer.wait(20))
    limits = replace(QUICK, stuck=60 * SECOND, grace=SECOND / 5)
    with running(monitor_of(database, slow=feed), limits=limits) as codes:
        until(lambda: feed.pulls)
    assert codes == [0, 0]  # asked to leave the process, which the test did not
    answer.set()


def test_a_tick_that_stands_still_ends_the_process() -> None:
    left, ticking = list[int](), threading.Event()
    watch_ticks(lambda: 3, limit=SECOND / 4, stop=ticking, leave=left.append)
    assert left == [70]


def test_a_tick_that_goes_on_ends_nothing() -> None:
    left, stop, start = list[int](), threading.Event(), time.monotonic()
    threading.Timer(0.6, stop.set).start()
    watch_ticks(lambda: int((time.monotonic() - start) * 10), limit=SECOND / 4, stop=stop, leave=left.append)
    assert left == []


def test_a_process_whose_tick_is_dead_exits_with_70(tmp_path: Path) -> None:
    script = """
import sys, threading
from datetime import UTC, datetime, timedelta
from monitor.daemon.service import run
from monitor.daemon.leasing import place
from monitor.daemon.limits import Limits
from monitor.store.database import migrate, open_database
from monitor.watch import Monitor

def clock():
    threading.Event().wait()

migrate(sys.argv[1])
run(Monitor(open_database(sys.argv[1]), (), {}), clock=clock, limits=Limits(dead=timedelta(seconds=1)))
"""
    done = subprocess.run(  # noqa: S603
        [sys.executable, "-c", script, f"sqlite:///{tmp_path / 'monitor.db'}"],
        timeout=20,
        check=False,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 70, done.stderr


@contextmanager
def process(folder: Path) -> Iterator[subprocess.Popen[str]]:
    """Run `monitor run` as people do, on a folder with a log."""
    (folder / "logs").mkdir()
    pq.write_table(ROWS, folder / "logs" / "a.parquet")
    config = """
database: sqlite:///monitor.db
models:
  fares: {source: {files: "logs/*"}, columns: {timestamp: at}, window: 1h, every: 1s}
web: {port: 0}
"""
    (folder / "monitor.yaml").write_text(config, encoding="utf-8")
    command = [sys.executable, "-m", "monitor", "run", "monitor.yaml"]
    env = {**os.environ, "PYTHONWARNINGS": "default"}
    with subprocess.Popen(command, cwd=folder, stderr=subprocess.PIPE, text=True, env=env) as started:  # noqa: S603
        try:
            yield started
        finally:
            started.kill()


def test_a_process_serves_its_page_and_leaves_with_0_at_sigterm(tmp_path: Path) -> None:
    with process(tmp_path) as daemon:
        assert daemon.stderr
        line = next(line for line in daemon.stderr if "listening address=" in line)
        address = line.partition("address=")[2].strip()
        until(lambda: requests.get(f"{address}/readyz", timeout=5).ok)
        begun = time.monotonic()
        daemon.send_signal(signal.SIGTERM)
        rest = daemon.stderr.read()
        assert daemon.wait(timeout=25) == 0
        assert time.monotonic() - begun < 10
        assert "stopped unfinished=nothing" in rest
        assert "Traceback" not in rest


def test_pushed_records_are_kept_pulled_and_forgotten_but_for_the_last(database: Database) -> None:
    fares = PushSource(lambda after: read_pushed(database, "fares", after))
    monitor, addresses = monitor_of(database, fares=fares, other=Feed()), list[str]()
    with running(monitor, web=Web(port=0), on_started=addresses.append):
        until(lambda: addresses)

        def push(name: str, body: str) -> requests.Response:
            headers = {"content-type": "application/json"}
            return requests.post(f"{addresses[0]}/v1/records?model={name}", data=body, headers=headers, timeout=5)

        for day in (1, 2):
            taken = push("fares", f'[{{"at": "2024-01-0{day}T00:00:00Z"}}]')
            assert (taken.status_code, taken.json()) == (202, {"records": 1, "rejected": 0})
        assert push("fares", "no JSON").status_code == 400
        assert push("fares", str([{"x": 1}] * 11).replace("'", '"')).status_code == 400
        reason = "record 2: 'at' 'nonsense' is no time; write ISO 8601 or the seconds since 1970"
        taken = push("fares", '[{"at": "2024-01-03T00:00:00Z"}, {"at": "nonsense"}]')
        assert taken.json() == {"records": 1, "rejected": 1, "reasons": [reason]}
        assert push("other", "[]").status_code == 400
        until(lambda: stored(database) == 23)
    passes = Passes(monitor, lambda: now() + timedelta(hours=1), owner="me", limits=QUICK, stop=threading.Event())
    housekept(passes)
    with database.read() as connection:
        assert list(connection.scalars(select(pushed.c.id))) == [3]


def test_it_is_not_ready_before_a_pass_has_finished(database: Database) -> None:
    answer, addresses = threading.Event(), list[str]()
    with running(monitor_of(database, fares=Feed(answer.wait)), web=Web(port=0), on_started=addresses.append):
        until(lambda: addresses)
        page = f"{addresses[0]}/readyz"
        assert requests.get(page, timeout=5).json()["reasons"] == ["no pass has finished yet"]
        answer.set()
        until(lambda: requests.get(page, timeout=5).ok)


def test_the_others_hear_of_a_receiver_that_is_switched_off(database: Database) -> None:
    fine, gone = Strict(refuses=False), Strict(refuses=True)
    with database.write() as connection:
        enqueue(connection, Notice("n1", "fares", "quality", "fired", "first", "title"), "gone", now=now())
    with running(Monitor(database, (), {"fine": fine, "gone": gone})):
        until(lambda: fine.got)
    assert fine.got[0].title == "The receiver gone refused a message for good and gets no more: 410 gone"


def test_a_delivery_that_fails_is_noted_and_goes_on(database: Database) -> None:
    fine = Strict(refuses=False)
    with database.write() as connection:
        enqueue(connection, Notice("n1", "fares", "quality", "fired", "first", "title"), "fine", now=now())
        content = connection.scalar(select(outbox.c.content))
        connection.execute(outbox.update().values(content={"nothing": 1}))
    with running(Monitor(database, (), {"fine": fine})):

        def noted() -> list[str]:
            with database.read() as connection:
                return [failed["job"] for failed in failed_runs(connection)]

        until(noted)
        with database.write() as connection:
            connection.execute(outbox.update().values(content=content, leased_until=None))
        until(lambda: fine.got)
    assert noted() == ["deliver"]


def test_a_clock_that_is_set_back_stops_no_model_for_long(database: Database) -> None:
    feed, shift, ahead = Feed(), [timedelta(0)], slot_of(now(), SECOND) - timedelta(hours=1)
    with database.write() as connection:
        for second in range(20):
            claim_run(connection, "look:fares", ahead + second * SECOND, owner="me", token=1, now=now())
        connection.execute(ledger.update().values(state="done"))
    with running(monitor_of(database, fares=feed), clock=lambda: now() + shift[0]):
        until(lambda: feed.pulls)
        shift[0] = -timedelta(hours=1)
        before = feed.pulls
        until(lambda: feed.pulls > before + 1, seconds=6)


@pytest.mark.parametrize(
    ("tried", "again_at", "due"),
    [
        (None, None, True),  # never tried
        (0, None, False),  # this slot was tried
        (-60, None, True),  # a new slot
        (60, None, True),  # a clock that was set back
        (0, 10, False),  # to be tried again, later
        (0, -10, True),  # to be tried again, now
    ],
)
def test_a_model_is_due_once_a_slot_or_when_it_is_to_be_tried_again(
    tried: int | None,
    again_at: int | None,
    due: bool,  # noqa: FBT001
) -> None:
    at = datetime(2024, 1, 1, 12, 0, 30, tzinfo=UTC)
    job = Job(watched("fares", Feed(), every="1m"))
    job.tried = None if tried is None else at - 30 * SECOND + tried * SECOND
    job.again_at = None if again_at is None else at + again_at * SECOND
    assert job.due(at) == due


def test_more_passes_than_workers_all_get_their_turn_in_one_slot(database: Database) -> None:
    feeds = {f"m{number}": Feed() for number in range(60)}
    watches = tuple(watched(name, feed, every="1h") for name, feed in feeds.items())
    noon = datetime(2024, 1, 1, 12, tzinfo=UTC)
    with running(Monitor(database, watches, {}), clock=lambda: noon):
        until(lambda: all(feed.pulls for feed in feeds.values()))
    assert {feed.pulls for feed in feeds.values()} == {1}
