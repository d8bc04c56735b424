"""How the commands write: JSON lines, CSV, tables and progress bars."""

import csv
import json
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from shutil import get_terminal_size
from textwrap import wrap
from time import monotonic
from typing import Any

import typer

from monitor.alerts.public import instant, plain
from monitor.types import Progress, Window

LINE_EVERY = 60.0
BESIDE = 60
"""A text stands beside what is before it where it has so much room, and else below."""


def json_line(row: Mapping[str, Any]) -> None:
    """Print one JSON object: times in ISO 8601 UTC, numbers that are not finite as null."""
    typer.echo(json.dumps(plain(_timed(row)), allow_nan=False))


def csv_lines(names: Sequence[str], rows: Iterable[Mapping[str, Any]]) -> None:
    """Print a line of names and one a row; what is undefined is left empty."""
    writer = csv.DictWriter(sys.stdout, names, lineterminator="\n")
    writer.writeheader()
    writer.writerows(map(_timed, rows))


def table(names: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Print columns side by side; the last one may be as long as it likes, and is folded to a terminal's width."""
    cells = [tuple(names), *(tuple(map(_cell, row)) for row in rows)]
    widths = [*(max(map(len, column)) for column in zip(*cells, strict=True))][:-1]
    room = get_terminal_size().columns if sys.stdout.isatty() else None
    for *firsts, last in cells:
        before = "".join(f"{text.ljust(width)}  " for text, width in zip(firsts, widths, strict=True))
        typer.echo("\n".join(folded(before, last, room=room)))


def folded(before: str, text: str, *, room: int | None) -> list[str]:
    """Give what stands before a text, and the text, as lines of so much room; below it where there is little beside.

    >>> folded("firing  ", "age: the mean rose from 38 to 41 years", room=48)
    ['firing  age: the mean rose from 38 to 41 years']
    >>> folded("firing  ", "age: the mean rose from 38 to 41 years", room=40)
    ['firing', '    age: the mean rose from 38 to 41', '    years']
    >>> folded("", "age: the mean rose", room=None)
    ['age: the mean rose']
    """
    if room is None or not text or len(before) + len(text) <= room:
        return [f"{before}{text}".rstrip()]
    beside = room - len(before) >= BESIDE
    margin = " " * (len(before) if beside else 4)
    lines = wrap(text, max(room, 20), initial_indent=margin, subsequent_indent=margin, break_on_hyphens=False)
    return [before + lines[0][len(margin) :], *lines[1:]] if beside else [before.rstrip(), *lines]


def printable(text: str) -> str:
    r"""Give text that a terminal takes for nothing but text: names and values come from the data.

    >>> printable("a\x1b[2Jb")
    'a\ufffd[2Jb'
    """
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text)


def minute(at: datetime) -> str:
    """Give a time in UTC, to the minute."""
    return f"{at:%Y-%m-%d %H:%M}"


@contextmanager
def progress_bar(what: str = "") -> Iterator[Progress]:
    """Give what shows on standard error how far a pass has come; `what` stands first.

    On a terminal it is seen at once; elsewhere a line a minute is written.
    """
    before = printable(f"{what}: " if what else "")
    if not sys.stderr.isatty():
        yield _shown_by(_Lines(before, monotonic).tell)
        return
    from rich.console import Console  # noqa: PLC0415  # only a terminal needs it
    from rich.progress import Progress as Bar  # noqa: PLC0415
    from rich.progress import SpinnerColumn, TextColumn, TimeElapsedColumn  # noqa: PLC0415

    columns = (SpinnerColumn(), TextColumn("{task.description}", markup=False), TimeElapsedColumn())
    with Bar(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(f"{before}starting")
        yield _shown_by(lambda said: bar.update(task, description=f"{before}{said}"))


def _shown_by(tell: Callable[[str], None]) -> Progress:
    """Give a pass's progress in words, told at each step."""
    seen: dict[str, int] = {}

    def rows(model: str, count: int) -> None:
        seen[model] = seen.get(model, 0) + count
        tell(f"{model}: {seen[model]:,} rows read")

    def window(model: str, judged: Window) -> None:
        tell(f"{model}: judged {minute(judged.start)}")

    return Progress(rows, window)


class _Lines:
    """Writes what is told as a line a minute, so that a long pass is seen to be at work where its output is kept."""

    def __init__(self, before: str, clock: Callable[[], float]) -> None:
        self.before, self.clock, self.began = before, clock, clock()
        self.last = self.began

    def tell(self, said: str) -> None:
        now = self.clock()
        if now - self.last >= LINE_EVERY:
            self.last = now
            typer.echo(f"{self.before}{printable(said)}, {now - self.began:.0f} s", err=True)


@contextmanager
def spinner(what: str) -> Iterator[None]:
    """Show on standard error that something is being done; nothing where that is no terminal."""
    if not sys.stderr.isatty():
        yield
        return
    from rich.console import Console  # noqa: PLC0415  # only a terminal needs it
    from rich.text import Text  # noqa: PLC0415

    with Console(stderr=True).status(Text(printable(what))):
        yield


def _timed(row: Mapping[str, Any]) -> dict[str, Any]:
    return {name: instant(value) if isinstance(value, datetime) else value for name, value in row.items()}


def _cell(value: object) -> str:
    if value is None:
        return "-"
    if isinstance(value, float):
        return f"{value:.4g}"
    return printable(minute(value) if isinstance(value, datetime) else str(value))
