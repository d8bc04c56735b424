"""How the commands write: JSON lines, CSV, tables and progress bars."""

import csv
import json
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from time import monotonic
from typing import Any

import typer

from monitor.alerts.public import instant, plain
from monitor.types import Progress, Window

LINE_EVERY = 60.0


def json_line(row: Mapping[str, Any]) -> None:
    """Print one JSON object: times in ISO 8601 UTC, numbers that are not finite as null."""
    typer.echo(json.dumps(plain(_timed(row)), allow_nan=False))


def csv_lines(names: Sequence[str], rows: Iterable[Mapping[str, Any]]) -> None:
    """Print a line of names and one a row; what is undefined is left empty."""
    writer = csv.DictWriter(sys.stdout, names, lineterminator="\n")
    writer.writeheader()
    writer.writerows(map(_timed, rows))


def table(names: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Print columns side by side; the last one may be as long as it likes."""
    cells = [tuple(names), *(tuple(map(_cell, row)) for row in rows)]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    for row in cells:
        typer.echo("  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip())


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
