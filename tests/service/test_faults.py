"""Crashes at any point lose nothing and double nothing; and mistakes that would are noticed by these very tests."""

import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from sqlalchemy import event, select

from monitor.config import load
from monitor.errors import DeliveryError
from monitor.notify import Receiver
from monitor.pipeline import Pass, look, once
from monitor.profiles.groups import profile_groupings
from monitor.profiles.layout import Layout
from monitor.profiles.profile import Profile
from monitor.schedule import Period
from monitor.steps.gather import Gathered, gathered
from monitor.steps.pull import admitted_by, drained, take_records
from monitor.steps.slices import sliced
from monitor.store.cursors import count_rows, read_source, write_cursors
from monitor.store.database import Database
from monitor.store.outbox import claim, mark_delivered
from monitor.store.profiles import Slice, add_profiles
from monitor.store.records import read_segment, register_model, segment_numbers
from monitor.store.references import WHOLE, read_reference
from monitor.store.schema import alert, alert_event, label, measurement, outbox, profile, quarantine, row_key
from monitor.types import Notice, Progress, Window
from monitor.watch import Monitor
from monitor.wiring import opened
from tests.serving import reply, serving

START = datetime(2024, 1, 1, tzinfo=UTC)
DAY, HOUR = timedelta(days=1), timedelta(hours=1)
A_DAY = 40
KILLS = int(os.environ.get("MONITOR_TEST_KILLS", "20"))  # more of them on demand
SEED = int(os.environ.get("MONITOR_TEST_SEED", "11"))
CONFIG = """
database: {database}
models:
  fares:
    source: {{files: "logs/*"}}
    labels: {{files: "labels/*", max_delay: 3d}}
    reference: {{files: reference.parquet}}
    columns: {{timestamp: at, id: id, prediction: predicted, scores: p, label: late, segments: [origin]}}
    window: 1d
    min_rows: 40
    for: 1
    clear: 1
receivers:
  hook: {{webhook: "{url}", private: true}}
"""
# One process imports everything once and then forks; so a killed process is followed by the next one at once.
NURSERY = """
import os, sys, time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from monitor.config import load
from monitor.pipeline import Pass, look, once
from monitor.wiring import opened
import monitor.delivery, monitor.notify.webhook, monitor.profiles.arrow, monitor.detectors, monitor.sources.files
import alembic.command, alembic.context, dateutil.parser, encodings.idna, psycopg, sqlite3

folder, speed = Path(sys.argv[1]), float(sys.argv[2])
began = datetime.fromisoformat(sys.argv[3])
imported = time.process_time()
monitor.delivery.PACE_SECONDS = 0.0  # its clock is faster, too

def say(line):
    os.write(1, f"{line}\\n".encode())  # at once, so that no kill cuts it

def clock():
    return began + timedelta(seconds=(time.time() - float(sys.argv[4])) * speed)

def life(seed):
    born = time.monotonic()
    config = load((folder / "monitor.yaml").read_text(), place="monitor.yaml", environ={}, read=str)
    monitor = opened(config, root=folder, owner=str(os.getpid()))
    say(f"open {time.monotonic() - born}")
    while True:
        once(monitor, clock=clock, rng=Random(seed))
        say(f"tick {imported + time.process_time()}")

for line in sys.stdin:
    child = os.fork()
    if not child:
        life(int(line))
    say(f"born {child}")
    os.waitpid(child, 0)
    say("dead 0")
"""


def made(seed: int, *, days: int, start: datetime, broken: tuple[int, ...] = ()) -> pa.Table:
    """Give rows of many days; on each `broken` day a feature is missing and the predictions are turned over."""
    rng = np.random.default_rng(seed)
    size = days * A_DAY
    day = np.repeat(np.arange(days), A_DAY)
    bad = np.isin(day, broken)
    p = 1 / (1 + np.exp(-rng.normal(0, 2, size)))
    seconds = np.tile(np.linspace(60, 86_000, A_DAY), days).astype(int)
    times = [start + timedelta(days=int(d), seconds=int(s)) for d, s in zip(day, seconds, strict=True)]
    return pa.table(
        {
            "at": pa.array(times, pa.timestamp("us", "UTC")),
            "id": [f"{seed}-{number}" for number in range(size)],
            "age": pa.array(np.where(bad, np.nan, rng.normal(40, 10, size)), from_pandas=True),
            "origin": rng.choice(["EWR", "JFK"], size),
            "p": p,
            "predicted": (p > 0.5).astype(int),
            "late": (rng.random(size) < np.where(bad, 1 - p, p)).astype(int),
        }
    )


ROWS = made(2, days=3, start=START, broken=(0,))


def of_day(rows: pa.Table, day: int) -> pa.Table:
    return rows.slice(day * A_DAY, A_DAY)


def put(path: Path, rows: pa.Table) -> None:
    """Write a file as a careful writer does, complete from its first moment on."""
    pq.write_table(rows, path.with_suffix(".unfinished"))
    path.with_suffix(".unfinished").rename(path)


def grown(folder: Path, rows: pa.Table, day: int) -> None:
    """Let one more day come into the log, with the labels of the day before."""
    put(folder / "logs" / f"{day:03}.parquet", of_day(rows, day).drop_columns(["late"]))
    if day:
        put(folder / "labels" / f"{day - 1:03}.parquet", of_day(rows, day - 1).select(["id", "late"]))


def growth(folder: Path, rows: pa.Table, days: range) -> None:
    """Let days come one after the other."""
    for day in days:
        grown(folder, rows, day)
        time.sleep(0.05)


def laid_out(folder: Path, *, database: str, url: str = "http://127.0.0.1:9/") -> Path:
    for name in ("logs", "labels"):
        (folder / name).mkdir(parents=True)
    put(folder / "reference.parquet", made(1, days=50, start=START - 100 * DAY))
    (folder / "monitor.yaml").write_text(CONFIG.format(database=database, url=url), encoding="utf-8")
    return folder


def monitor_of(folder: Path, receivers: Mapping[str, Receiver] | None = None) -> Monitor:
    words = (folder / "monitor.yaml").read_text(encoding="utf-8")
    monitor = opened(load(words, place="monitor.yaml", environ={}, read=str), root=folder)
    return monitor if receivers is None else replace(monitor, receivers=receivers)


@dataclass
class Told:
    """A receiver that keeps what it took."""

    notices: list[Notice] = field(default_factory=list)

    def send(self, notice: Notice, *, now: datetime) -> None:
        del now
        self.notices.append(notice)


@dataclass(frozen=True)
class Kept:
    """What a database holds that must not depend on crashes."""

    ids: Counter[str]
    profiles: dict[Slice, Profile]
    layout: Layout
    found: dict[str, list[tuple[Any, ...]]]
    counts: dict[str, tuple[int, ...]]


def kept_by(database: Database) -> Kept:
    with database.read() as connection:
        reference = read_reference(connection, "fares")
        assert reference is not None
        layout = reference[1][WHOLE].layout
        ids = Counter(
            name for n in segment_numbers(connection, "fares") for name in read_segment(connection, n)["id"].to_pylist()
        )
        profiles = {
            Slice(Window(row.start, row.end), row.version, row.segment): Profile.unpacked(row.data, layout)
            for row in connection.execute(select(profile))
        }
        chosen = {
            "events": [alert_event.c[name] for name in ("fingerprint", "episode", "state", "window_end")],
            "notices": [outbox.c.notice, outbox.c.receiver],
            "alerts": [alert.c.fingerprint, alert.c.state, alert.c.episode, alert.c.window_end],
            "measurements": [measurement.c[name] for name in ("detector", "column", "segment", "window_end", "n")],
            "outcomes": [measurement.c[name] for name in ("detector", "column", "segment", "window_end", "outcome")],
            "keys": [row_key.c.day, row_key.c.key],
            "labels": [label.c.day, label.c.key, label.c.value],
            "quarantine": [quarantine.c.position, quarantine.c.reason],
        }
        found = {name: sorted(map(tuple, connection.execute(select(*c))), key=repr) for name, c in chosen.items()}
        states = {name: read_source(connection, f"fares/{name}") for name in ("records", "labels")}
    counts = {name: (s.read, s.stored, s.quarantined, s.repeated) for name, s in states.items()}
    return Kept(ids, profiles, layout, found, counts)


Arrived = list[tuple[str, dict[str, Any]]]


def violations(kept: Kept, rows: pa.Table, wanted: Kept, arrived: Arrived) -> list[str]:
    """Say what is lost or doubled, given the source's rows, a run without faults, and what the receiver took."""
    size = rows.num_rows
    labelled = dict(whole(kept.layout, rows).items())
    said = [
        ("rows are not those of the source", kept.ids != Counter(rows["id"].to_pylist())),
        ("rows are not counted once", kept.counts["records"] != (size, size, 0, 0)),
        ("labels are not counted once", kept.counts["labels"] != (size - A_DAY, size - A_DAY, 0, 0)),
        ("profiles are not those of the rows", not alike(kept.profiles, labelled)),
        *(
            (f"{name} differ from a run without faults", kept.found[name] != wanted.found[name])
            for name in wanted.found
        ),
        *notices_told(kept, arrived),
    ]
    return [what for what, wrong in said if wrong]


def notices_told(kept: Kept, arrived: Arrived) -> list[tuple[str, bool]]:
    queued = {notice for notice, _ in kept.found["notices"]}
    ids, bodies = {name for name, _ in arrived}, dict(arrived)
    names: dict[tuple[str, str], set[str]] = {}
    for name, body in arrived:
        for one in body["alerts"]:
            names.setdefault((one["id"], body["transition"]), set()).add(name)
    return [
        ("a message never arrived", not queued <= ids),
        ("a message arrived that was never queued", not ids <= queued),
        ("repeats of a message differ", any(bodies[name] != body for name, body in arrived)),
        ("one transition has messages of several ids", any(len(found) > 1 for found in names.values())),
    ]


def unfolded(database: Database, arrived: Arrived) -> Arrived:
    """Put for each digest the messages whose alerts are all in it, as they were queued."""
    with database.read() as connection:
        queued = list(connection.scalars(select(outbox.c.content)))

    def parts(name: str, body: dict[str, Any]) -> Arrived:
        if body["reason"] != "digest":
            return [(name, body)]
        return [(one["id"], one) for one in queued if all(alert in body["alerts"] for alert in one["alerts"])]

    return [part for name, body in arrived for part in parts(name, body)]


def whole(layout: Layout, rows: pa.Table) -> dict[Slice, Profile]:
    """Give the profiles of all rows at once; the last day has no labels yet."""
    late = [*rows["late"].to_pylist()[:-A_DAY], *[None] * A_DAY]
    table = rows.set_column(rows.column_names.index("late"), "late", pa.array(late, pa.int64()))
    return sliced(table, layout, profile_groupings, base=Period(1, "d"), segment_values=20)


def alike(found: Mapping[Slice, Profile], wanted: Mapping[Slice, Profile]) -> bool:
    return found.keys() == wanted.keys() and all(
        found[place].rows == p.rows
        and np.array_equal(found[place].counts, p.counts)
        and np.allclose(found[place].sums, p.sums, rtol=1e-9, atol=1e-9)
        and (found[place].unseen, found[place].added) == (p.unseen, p.added)
        for place, p in wanted.items()
    )


def undisturbed(folder: Path, rows: pa.Table, now: datetime) -> Kept:
    """Run over the whole log once, without faults, in a database of its own."""
    monitor = monitor_of(laid_out(folder, database="sqlite:///monitor.db"), {"hook": Told()})
    for day in range(rows.num_rows // A_DAY):
        grown(folder, rows, day)
    once(monitor, clock=lambda: now, rng=Random(1))
    kept = kept_by(monitor.database)
    monitor.database.close()
    return kept


@dataclass
class Site:
    """An HTTP receiver that refuses three of ten messages."""

    url: str = ""
    luck: Random = field(default_factory=lambda: Random(7))
    arrived: Arrived = field(default_factory=list)
    attempts: int = 0


@contextmanager
def receiving() -> Iterator[Site]:
    site, lock = Site(), threading.Lock()

    def answer(handler: BaseHTTPRequestHandler, body: bytes) -> None:
        with lock:
            site.attempts += 1
            fails = site.luck.random() < 0.3
            if not fails:
                site.arrived.append((handler.headers["webhook-id"], json.loads(body)["data"]))
        time.sleep(0.02)  # a kill while the answer is on its way makes a repeat
        with suppress(OSError):
            reply(handler, 500 if fails else 200)

    with serving(answer) as address:
        site.url = f"{address}/hook"
        yield site


def nursery(folder: Path, *, speed: float, began: datetime) -> subprocess.Popen[str]:
    words = [sys.executable, "-c", NURSERY, str(folder), str(speed), began.isoformat(), str(time.time())]
    return subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)  # noqa: S603  # ours


def said(process: subprocess.Popen[str]) -> Iterator[tuple[str, float]]:
    assert process.stdout is not None
    for line in process.stdout:
        words = line.split()
        assert len(words) == 2, f"the nursery says {line!r}"
        yield words[0], float(words[1])


def begin(process: subprocess.Popen[str], seed: int) -> int:
    """Start a life and give its number."""
    assert process.stdin is not None
    process.stdin.write(f"{seed}\n")
    process.stdin.flush()
    return next(int(number) for word, number in said(process) if word == "born")


def end(process: subprocess.Popen[str]) -> None:
    """Let the nursery go, when its last child is dead."""
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.close()
    assert process.wait(10) == 0
    process.stdout.close()


def killed(process: subprocess.Popen[str], *, seed: int, after: float, opened_first: bool) -> int:
    """Live until `after` seconds of birth, or of opening, and die by kill -9; give how many passes were finished."""
    pid, passes = begin(process, seed), 0
    while opened_first and next(said(process))[0] != "open":
        pass
    timer = threading.Timer(after, os.kill, (pid, signal.SIGKILL))
    timer.start()
    for word, _ in said(process):
        passes += word == "tick"
        if word == "dead":
            break
    timer.join()
    return passes


def test_nothing_is_lost_or_doubled_by_kills_at_random_points(
    tmp_path: Path, url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    kind, (kills, days) = (
        ("sqlite", (KILLS, 3 * KILLS)) if url.startswith("sqlite") else ("postgresql", (KILLS // 3, KILLS + 4))
    )
    rng = Random(SEED)
    rows = made(2, days=days, start=START, broken=(*range(5, 8), *range(15, 18), 20, *range(30, 36), 50))
    now = START + (days + 100) * DAY
    with receiving() as site:
        folder = laid_out(tmp_path / "faulty", database=url, url=site.url)
        monitor = monitor_of(folder)
        process, passes = nursery(folder, speed=300, began=now), 0
        for number in range(kills):
            due = range(days * number // kills, days * (number + 1) // kills)
            growing = threading.Timer(rng.uniform(0, 0.3), growth, (folder, rows, due))
            growing.start()
            # one life is long enough to store something however slow the machine
            after = rng.uniform(0.02, 3.0) + 5.0 * (number == kills // 2)
            passes += killed(process, seed=number, after=after, opened_first=number % 5 > 0)
            growing.join()
        end(process)
        before = kept_by(monitor.database)
        first = restarted(folder, now + DAY)
        drain(monitor, now + DAY + HOUR)
        kept = kept_by(monitor.database)
        arrived = unfolded(monitor.database, site.arrived)
        found = violations(kept, rows, undisturbed(tmp_path / "sound", rows, now + DAY + HOUR), arrived)
    if kind == "sqlite":
        with monitor.database.read() as connection:
            assert connection.exec_driver_sql("PRAGMA integrity_check").scalar_one() == "ok"
    monitor.database.close()
    messages = len(kept.found["notices"])
    figures = {"fault": "F1", "database": kind, "kills": kills, "finished_passes": passes, "rows": rows.num_rows}
    figures |= {"rows_before_the_last_start": sum(before.ids.values()), "events": len(kept.found["events"])}
    figures |= {"messages": messages, "attempts": site.attempts, "repeats": len(arrived) - messages}
    show(capsys, figures | {"first_tick_seconds": round(first, 2), "lost_or_doubled": len(found)})
    assert found == []
    assert messages >= 5
    assert sum(before.ids.values()) > 0
    # 5 s of a quiet core are asked for; a core that others share takes up to twice the processor's time
    assert first < 20


def show(capsys: pytest.CaptureFixture[str], figures: Mapping[str, object]) -> None:
    with capsys.disabled():
        print("\n" + json.dumps(figures))  # noqa: T201  # the figures are the test's report


def restarted(folder: Path, now: datetime) -> float:
    """Start a process of its own; give the seconds of processor time until its first pass is done, imports included."""
    process = nursery(folder, speed=1, began=now)
    pid = begin(process, seed=1)
    took = next(seconds for word, seconds in said(process) if word == "tick")
    os.kill(pid, signal.SIGKILL)
    end(process)
    return took


def drain(monitor: Monitor, now: datetime) -> None:
    """Make passes, each two hours later, until nothing waits to be sent; before a message's three days are over."""
    for number in range(20):
        once(monitor, clock=lambda at=now + number * 2 * HOUR: at, rng=Random(number))  # type: ignore[misc]
        with monitor.database.read() as connection:
            if not connection.execute(select(outbox.c.id).where(outbox.c.state == "pending")).first():
                return
    raise AssertionError("messages still wait")


class Crash(BaseException):
    """What a killed process does to the line it is in."""


@dataclass
class Trial:
    """A small log and a monitor on it, in one process; `now` moves on by hours, so that leases and pauses end."""

    monitor: Monitor
    rows: pa.Table
    told: Told
    now: datetime

    def once(self) -> None:
        self.now += 2 * HOUR
        once(self.monitor, clock=lambda: self.now, rng=Random(1))

    def kept(self) -> Kept:
        return kept_by(self.monitor.database)

    def arrived(self) -> Arrived:
        return [(n.id, {"transition": n.transition, "alerts": [dict(a) for a in n.alerts]}) for n in self.told.notices]


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a folder with three days of a log, the first one bad, and an empty database; trials run on copies of it."""
    folder = laid_out(tmp_path_factory.mktemp("template") / "it", database="sqlite:///monitor.db")
    for day in range(3):
        grown(folder, ROWS, day)
    monitor_of(folder).database.close()
    return folder


def trial(template: Path, folder: Path, *, left: Path | None = None) -> Trial:
    """Begin where nothing was done yet, or with the database that a killed process `left`."""
    told = Told()
    shutil.copytree(template, folder)  # with the files' times, which are part of a cursor
    if left is not None:
        shutil.copytree(left, folder, dirs_exist_ok=True)
    return Trial(monitor_of(folder, {"hook": told}), ROWS, told, START + 90 * DAY)


@dataclass
class Sound:
    """What a trial without faults leaves behind."""

    kept: Kept
    arrived: Arrived


@pytest.fixture(scope="module")
def sound(template: Path, tmp_path_factory: pytest.TempPathFactory) -> Sound:
    one = trial(template, tmp_path_factory.mktemp("sound") / "it")
    one.once()
    found = Sound(one.kept(), one.arrived())
    one.monitor.database.close()
    assert violations(found.kept, one.rows, found.kept, found.arrived) == []
    assert {body["transition"] for _, body in found.arrived} == {"fired", "resolved"}
    return found


@dataclass
class States:
    """What a kill would leave at each statement and commit of a pass: how many there were, and the states that differ.

    left: by (changes of the database, messages sent), a folder with the database's files as they were.
    """

    stops: int = 0
    left: dict[tuple[int, int], Path] = field(default_factory=dict)


@contextmanager
def watching(one: Trial, folder: Path) -> Iterator[States]:
    """Keep what is on the disk at every statement and commit of the engine that writes, and at the end.

    A process that is killed leaves its files as they are, the open transaction's pages without their commit among
    them. Between two commits with no message sent all stops leave the same.
    """
    states, writer = States(), one.monitor.database.writer
    looking = sqlite3.connect(str(writer.url.database), check_same_thread=False)  # a receiver has a thread of its own

    def keep(*_: object) -> None:
        states.stops += 1
        state = looking.execute("PRAGMA data_version").fetchone()[0], len(one.told.notices)
        if state not in states.left:
            states.left[state] = folder / str(len(states.left))
            states.left[state].mkdir(parents=True)
            for file in Path(str(writer.url.database)).parent.glob("monitor.db*"):
                if not file.name.endswith("-shm"):  # an index of the log, which is made anew
                    shutil.copy2(file, states.left[state])

    for name in ("before_cursor_execute", "commit"):
        event.listen(writer, name, keep)
    yield states
    for name in ("before_cursor_execute", "commit"):
        event.remove(writer, name, keep)
    keep()
    looking.close()


def test_a_kill_at_any_statement_or_commit_changes_nothing_after_the_next_pass(
    template: Path, tmp_path: Path, sound: Sound, capsys: pytest.CaptureFixture[str]
) -> None:
    first = trial(template, tmp_path / "watched")
    with watching(first, tmp_path / "left") as states:
        first.once()
    first.monitor.database.close()
    wrong: dict[tuple[int, int], list[str]] = {}
    for (change, sent), left in states.left.items():
        one = trial(template, tmp_path / "again" / left.name, left=left)
        one.now, one.told.notices[:] = first.now, first.told.notices[:sent]
        one.once()
        if said := violations(one.kept(), one.rows, sound.kept, one.arrived()):
            wrong[change, sent] = said
        one.monitor.database.close()
    figures = {"fault": "F3", "stops": states.stops, "states_left": len(states.left)}
    show(capsys, figures | {"lost_or_doubled": len(wrong)})
    assert wrong == {}
    assert len(states.left) > 10


@dataclass
class Stopped:
    """A receiver at whose n-th message the process dies, before or after the message has gone out."""

    inner: Told
    at: int
    sent: bool
    seen: int = 0

    def send(self, notice: Notice, *, now: datetime) -> None:
        self.seen += 1
        if self.sent or self.seen != self.at:
            self.inner.send(notice, now=now)
        if self.seen == self.at:
            raise Crash


@pytest.mark.parametrize("sent", [False, True], ids=["before it went out", "after it went out"])
def test_a_stop_at_any_message_loses_none(
    template: Path, tmp_path: Path, sound: Sound, capsys: pytest.CaptureFixture[str], *, sent: bool
) -> None:
    found: dict[int, list[str]] = {}
    repeats = 0
    for number in range(1, len(sound.arrived) + 1):
        one = trial(template, tmp_path / str(number))
        one.monitor = replace(one.monitor, receivers={"hook": Stopped(one.told, number, sent)})
        with suppress(Crash):
            one.once()
        one.once()
        if wrong := violations(one.kept(), one.rows, sound.kept, one.arrived()):
            found[number] = wrong
        repeats += len(one.arrived()) - len(sound.arrived)
        one.monitor.database.close()
    show(capsys, {"fault": "F3 sends", "sends": len(sound.arrived), "repeats": repeats, "lost_or_doubled": len(found)})
    assert found == {}
    assert repeats == (len(sound.arrived) if sent else 0)


def marked_before_sending(one: Trial) -> None:
    """Deliver as one must not: mark, then send, to a receiver that refuses every other message."""
    one.monitor = replace(one.monitor, receivers={})
    with_routes = replace(one.monitor, receivers={"hook": one.told})
    for watch in one.monitor.watches:
        look(with_routes, watch, now=one.now, done=Pass(), progress=Progress())
    number = 0
    while claimed := claim(one.monitor.database, ("hook",), now=one.now, owner="me"):
        with one.monitor.database.write() as connection:
            mark_delivered(connection, claimed, now=one.now)
        number += 1
        if number % 2:
            one.told.send(claimed.notice, now=one.now)


def cursor_in_its_own_transaction(one: Trial) -> None:
    """Pull as one must not: note how far one has read, die, and only then store the rows."""
    (watch,) = one.monitor.watches
    database = one.monitor.database
    with database.write() as connection:
        register_model(connection, watch.name, now=one.now)

    def take(batches: Gathered) -> None:
        with database.write() as connection:
            write_cursors(connection, watch.records_source, batches.cursors)
        raise Crash

    with suppress(Crash):
        drained(database, watch.records_source, watch.source, take, now=one.now, admitted=lambda batch: batch)


def random_ids(one: Trial) -> None:
    """Send as one must not: under a new id each time."""

    @dataclass
    class Renaming:
        inner: Receiver
        luck: Random = field(default_factory=lambda: Random(3))

        def send(self, notice: Notice, *, now: datetime) -> None:
            self.inner.send(replace(notice, id=f"{self.luck.getrandbits(64):016x}"), now=now)
            if self.luck.random() < 0.3:
                raise DeliveryError("the answer got lost")

    one.monitor = replace(one.monitor, receivers={"hook": Renaming(one.told)})


def attempted_instead_of_inserted(one: Trial) -> None:
    """Pull as one must not: count and profile what was read, whether it was stored before or not."""
    one.once()
    (watch,) = one.monitor.watches
    database, layout = one.monitor.database, one.kept().layout
    for batches in gathered(watch.source.pull({}), admitted=partial(admitted_by, watch, now=one.now)):
        take_records(database, watch, layout, batches, now=one.now)
        added = sliced(batches.rows, layout, profile_groupings, base=watch.base, segment_values=20)
        with database.write() as connection:
            add_profiles(connection, watch.name, added)
            count_rows(connection, watch.records_source, stored=batches.rows.num_rows, quarantined=0)


MUTANTS: dict[Callable[[Trial], None], set[str]] = {
    marked_before_sending: {"a message never arrived"},
    cursor_in_its_own_transaction: {"rows are not those of the source", "profiles are not those of the rows"},
    random_ids: {"a message never arrived", "a message arrived that was never queued"},
    attempted_instead_of_inserted: {"rows are not counted once", "profiles are not those of the rows"},
}


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.__name__)
def test_a_mistake_that_loses_or_doubles_is_noticed(
    template: Path, tmp_path: Path, sound: Sound, mutant: Callable[[Trial], None], capsys: pytest.CaptureFixture[str]
) -> None:
    one = trial(template, tmp_path / "it")
    mutant(one)
    for _ in range(3):
        one.once()
    found = violations(one.kept(), one.rows, sound.kept, one.arrived())
    one.monitor.database.close()
    show(capsys, {"fault": "F2", "mutant": mutant.__name__, "noticed": found})
    assert set(found) >= MUTANTS[mutant]
