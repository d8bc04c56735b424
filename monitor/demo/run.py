"""`monitor demo`: replay four months as they were logged, watch it with the whole product, and say what came of it."""

import os
import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from functools import partial
from pathlib import Path
from random import Random
from threading import Event
from time import perf_counter

import pyarrow.parquet as pq
from rich.console import Console

from monitor import web
from monitor.alerts.finding import Finding
from monitor.alerts.phrasing import under_alarm
from monitor.alerts.public import as_json
from monitor.config import load
from monitor.demo.account import answer_to, seasons, standing
from monitor.demo.home import CONFIG, MESSAGES, REFERENCE, configuration, prepared, write_day
from monitor.demo.receiver import Inbox, receiving
from monitor.demo.screen import Reached, Track, introduce, say, show, sum_up, tracking
from monitor.demo.traffic import FIRST, LAST, Replay, build
from monitor.pipeline import once
from monitor.watch import Monitor
from monitor.wiring import opened

HOME = Path("monitor-demo")
DAYS_A_PASS = 7


@dataclass
class Account:
    """What the demo did: what became of alerts, counts, and seconds by part."""

    findings: list[Finding] = field(default_factory=list)
    problems: dict[str, str] = field(default_factory=dict)
    rows: int = 0
    labels: int = 0
    messages: int = 0
    seconds: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def timed(self, part: str) -> Iterator[None]:
        """Count the seconds of a part."""
        began = perf_counter()
        yield
        self.seconds[part] = perf_counter() - began


def run(
    *,
    serve: bool,
    home: Path | None = None,
    port: int = 8080,
    console: Console | None = None,
    first: date = FIRST,
    last: date = LAST,
    days_a_pass: int = DAYS_A_PASS,
) -> int:
    """Replay the days from `first` to `last` and print what was alerted; 0 when every pass went through, else 1.

    serve: open the web page at the beginning, on `port` or another free one, and leave it open until Ctrl-C.
    home: where logs, configuration and database go; it may be there only if an earlier demo made it.
    days_a_pass: how many days are logged between two passes; what is alerted does not depend on it.
    """
    console, home = console or Console(), prepared(home or HOME)
    done = Account()
    with ExitStack() as stack:
        inbox = stack.enter_context(receiving())
        port = free_port(port) if serve else port
        monitor = watched(home, inbox, port=port)
        stack.callback(monitor.database.close)
        address = stack.enter_context(served(monitor, port)) if serve else ""
        introduce(console, home=home, address=address, first=first, last=last)
        with done.timed("building the replay"):
            replay = build(progress=partial(say, console), first=first, last=last)
            pq.write_table(replay.reference, home / REFERENCE)
        with done.timed("replaying"), tracking(console, days=len(replay.days)) as track:
            replayed(monitor, home, replay, inbox, track=track, done=done, days_a_pass=days_a_pass)
        tell(console, home, replay, done)
        if address:
            wait(console, address)
    return 1 if done.problems else 0


def watched(home: Path, inbox: Inbox, *, port: int) -> Monitor:
    """Write the configuration, and open it as `monitor once` would."""
    text = configuration(home, slack=inbox.url, port=port)
    (home / CONFIG).write_text(text, encoding="utf-8")
    config = load(text, place=str(home / CONFIG), environ=os.environ, read=lambda _: "")
    return opened(config, root=home, owner="demo", place=str(home / CONFIG))


def replayed(
    monitor: Monitor, home: Path, replay: Replay, inbox: Inbox, *, track: Track, done: Account, days_a_pass: int
) -> None:
    """Log some days, make a pass at the end of the last one, show what came in; until the days are over."""
    began = perf_counter()
    for place in range(0, len(replay.days), days_a_pass):
        days = replay.days[place : place + days_a_pass]
        for day in days:
            write_day(home, replay, day)
            done.rows += replay.predictions(day).num_rows
            done.labels += replay.labels(day).num_rows
        passed(monitor, done, now=midnight_after(days[-1]))
        for message in inbox.taken():
            done.messages += 1
            show(track.console, message, on=days[-1])
        pace = done.rows / (perf_counter() - began)
        track.reached(Reached(days[-1], pace, len(standing(done.findings))), days=place + len(days))


def passed(monitor: Monitor, done: Account, *, now: datetime) -> None:
    """Make one pass at the replayed time `now`."""
    one = once(monitor, clock=lambda: now, rng=Random(0))  # noqa: S311  # it spreads retries
    done.findings += one.findings
    done.problems |= one.problems


def midnight_after(day: date) -> datetime:
    """Give the end of a day in UTC."""
    return datetime.combine(day + timedelta(days=1), time(), UTC)


def tell(console: Console, home: Path, replay: Replay, done: Account) -> None:
    """Print the account of the demo."""
    answers = [answer_to(fact, done.findings) for fact in replay.facts]
    seconds = ", ".join(f"{part} {spent:.1f} s" for part, spent in done.seconds.items())
    sum_up(console, answers, list(seasons(done.findings, answers)))
    say(console, f"\n{done.rows:,} predictions and {done.labels:,} labels: {done.messages} messages", style="bold")
    say(console, f"alerts at the end: {under_alarm(map(as_json, standing(done.findings))) or 'none'}")
    for what, why in done.problems.items():
        say(console, f"stood still: {what}: {why}")
    say(console, seconds)
    say(console, f"configuration, database, logs, labels and {MESSAGES} are in {home}; go on with")
    say(console, f"monitor alerts {home / CONFIG}", lead="    ")


def free_port(port: int) -> int:
    """Give the port if it is free on loopback, else any that is."""
    try:
        with socket.create_server(("127.0.0.1", port)) as listening:
            return int(listening.getsockname()[1])
    except OSError:
        with socket.create_server(("127.0.0.1", 0)) as listening:
            return int(listening.getsockname()[1])


@contextmanager
def served(monitor: Monitor, port: int) -> Iterator[str]:
    """Serve the pages until the block is left; give their address."""
    app = web.create_app(monitor.database, now=lambda: datetime.now(UTC))
    service = web.serve(app, "127.0.0.1", port)
    try:
        yield service.address
    finally:
        service.stop()


def wait(console: Console, address: str) -> None:
    """Leave everything open until Ctrl-C."""
    say(console, f"\nThe pages are at {address} until Ctrl-C.")
    with suppress(KeyboardInterrupt):
        Event().wait()
