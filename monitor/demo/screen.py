"""What the demo shows: messages as their readers see them, and how far the replay has come."""

import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Protocol

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from rich.text import Text

from monitor.alerts.finding import Finding
from monitor.alerts.wording import text_of
from monitor.demo.account import Answer
from monitor.demo.receiver import Message

LINES_SHOWN = 1
RED, GREEN = "red", "green"
STEPS = (
    """The model is trained on half of the days of January and February 2013. From {first} to {last} it is asked about \
every flight. A broken weather feed in May and an attack in June are put among the requests.""",
    """The application's logs grow in {home}, and so do the labels, as the flights arrive.""",
    """monitor reads both as they grow, judges every day against the reference, and sends messages to a receiver on \
this machine that answers as Slack does. They are shown here as they come.""",
    """At the end stands what was put in, and what was said about it. Nothing leaves this machine.""",
)


@dataclass(frozen=True)
class Reached:
    """How far the replay has come: the day it has replayed, rows read a second, alerts that are firing."""

    day: date
    rows_per_second: float
    firing: int

    def __str__(self) -> str:
        """Give it in one line."""
        return f"{self.day}  {self.rows_per_second:,.0f} rows/s  {self.firing} alerts firing"


class Track(Protocol):
    """Where the replay is told of: `console` is where to print meanwhile."""

    console: Console

    def reached(self, reached: Reached, *, days: int) -> None:
        """Show that `days` days are behind."""


def introduce(console: Console, *, home: Path, address: str, first: date, last: date) -> None:
    """Say in one screen what is going to happen."""
    say(console, "Flights out of New York, and a model that says which of them will arrive late\n", style="bold")
    for number, step in enumerate(STEPS, start=1):
        say(console, step.format(first=first, last=last, home=home), lead=f"{number}. ")
    if address:
        say(console, f"\nWatch it at {address}")
    console.print()


def sum_up(console: Console, answers: Iterable[Answer], seasons: Sequence[str]) -> None:
    """Say what was put in and what was said about it; then the alerts that only the seasons explain."""
    say(console, "\nWhat was put in, and what was said about it", style="bold")
    for answer in answers:
        for lead, text in answered(answer):
            say(console, text, lead=lead)
    say(console, "\nThe rest: seasons, schedules, weather, and what is nothing but chance", style="bold")
    for line in seasons or ["no other alert"]:
        say(console, line, lead="- ")


def answered(answer: Answer) -> Iterator[tuple[str, str]]:
    """Say, in lines with their leads, what became of one thing that was put in; also what was not seen."""
    fact = answer.fact
    where = f"by client {fact['client']}" if fact["client"] else f"in {', '.join(fact['columns'])}"
    when = f"{fact['start']:%b %d %H:%M} to {fact['end']:%b %d %H:%M} UTC"
    yield "- ", f"{fact['what']} {where}, {when}, {fact['rows']:,} rows"
    yield from ((f"    told {finding.window.end:%b %d}  ", _sentence(finding)) for finding in answer.told)
    if not answer.seen:
        yield "    ", "NOT SEEN: no alert on its columns, or on the rows as a whole, was sent"
    yield from ((f"    besides {finding.window.end:%b %d}  ", _sentence(finding)) for finding in answer.besides)
    if answer.held:
        yield "    ", f"{answer.held} more held back behind weightier ones"
    if answer.earlier:
        yield "    ", f"firing before, so not told again: {', '.join(map(_name, answer.earlier))}"
    if answer.named is False:
        yield "    ", f"no alert names {fact['client']}"


def _sentence(finding: Finding) -> str:
    return f"{finding.kind}: {', '.join(text_of(finding).split(', ')[:2])}"


def _name(finding: Finding) -> str:
    within = f" ({finding.segment})" if finding.segment else ""
    return f"{finding.column} {finding.detector}{within} since {finding.alert.since:%b %d}"


def show(console: Console, message: Message, *, on: date) -> None:
    """Show a message beside a coloured bar: red with its first sentence, or green and one line when it is over."""
    over = ": resolved: " in message.title
    colour = GREEN if over else RED
    say(console, f"{on:%b %d}  {message.title}", style="" if over else "bold", lead="▌ ", bar=colour)
    for line in () if over else message.lines[:LINES_SHOWN]:
        say(console, line, lead="▌ ", bar=colour)


def say(console: Console, text: str, *, style: str = "", lead: str = "", bar: str = "") -> None:
    """Print text as it is, what looks like markup in it being none, with a lead before its first line.

    bar: the lead's colour, and then it stands before every line; else the other lines are indented by as much.
    """
    lines = Text(text, style=style).wrap(console, max(console.width - len(lead), 20))
    for place, line in enumerate(lines):
        line.rstrip()
        before = (lead, bar) if bar or place == 0 else (" " * len(lead), "")
        console.print(Text.assemble(before, line), highlight=False, soft_wrap=True)


@contextmanager
def tracking(console: Console, *, days: int) -> Iterator[Track]:
    """Give what shows the replay's progress on standard error: a bar on a terminal, else a line a month."""
    if not sys.stderr.isatty():
        yield _Lines(console, Console(stderr=True))
        return
    columns = (TextColumn("{task.description}", markup=False), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), redirect_stdout=False, transient=True) as bar:
        # On the same terminal the bar's own console prints above the bar.
        yield _Bar(bar.console if console.is_terminal else console, bar, days)


class _Bar:
    def __init__(self, console: Console, bar: Progress, days: int) -> None:
        self.console, self.bar = console, bar
        self.task = bar.add_task("replaying", total=days)

    def reached(self, reached: Reached, *, days: int) -> None:
        self.bar.update(self.task, completed=days, description=str(reached))


@dataclass
class _Lines:
    console: Console
    errors: Console
    month: int = 0

    def reached(self, reached: Reached, *, days: int) -> None:
        del days  # the date says it
        if reached.day.month != self.month:
            self.month = reached.day.month
            say(self.errors, str(reached))
