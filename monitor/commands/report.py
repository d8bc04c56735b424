"""`monitor report`: Evidently's report of one window against the reference, made in a child process."""

from datetime import datetime
from pathlib import Path

import numpy as np
import pyarrow as pa
import typer

from monitor.commands.opening import configured_to_look, reaching_database, watch_named, watching
from monitor.commands.printing import minute, printable, spinner
from monitor.commands.rows import asked_window, reference_rows, window_rows
from monitor.errors import MonitorError
from monitor.render.deep_report import MAX_VALUES, too_many_values, write_report

MOST_ROWS = 10_000


def report(path: Path, asked: str | None, at: datetime | None, out: Path | None) -> int:
    """Write the report of a window; of many rows, evenly spaced ones take part.

    asked: the model; None for the only one. at: within it; None for the newest one that was judged.
    """
    setup = configured_to_look(path)
    with watching(setup) as monitor, reaching_database(setup):
        watch = watch_named(monitor, asked, place=setup.place)
        name = watch.name
        window = asked_window(monitor.database, watch, at)
        if watch.reference is None:
            raise MonitorError(f"{name}: the reference was learned and its rows not kept; a report needs `reference`")
        current = window_rows(monitor.database, watch, window)
        if not current.num_rows:
            raise MonitorError(f"{name}: no records in the window {minute(window.start)} to {minute(window.end)}")
        reference = reference_rows(watch.reference)
    target = out or Path(f"{name}-{window.start:%Y%m%dT%H%M}.html")
    empty = without_values(reference) | without_values(current)
    if empty:
        typer.echo(printable(f"left out, for want of values on one side: {', '.join(sorted(empty))}"), err=True)
    sides = [thinned(rows.select([c for c in rows.column_names if c not in empty])) for rows in (reference, current)]
    varied = too_many_values(sides[0], sides[1], watch.roles)
    if varied:
        said = f"left out, as texts, lists or of over {MAX_VALUES} different values: {', '.join(sorted(varied))}"
        typer.echo(printable(f"{said}; Evidently would take hours for them"), err=True)
        sides = [side.select([c for c in side.column_names if c not in varied]) for side in sides]
    with spinner(f"{name}: Evidently is at work"):
        write_report(*sides, roles=watch.roles, out=target)
    rows = " beside ".join(map(_counted, (current, reference), ("rows", "of the reference")))
    typer.echo(f"{target}: {name}, {minute(window.start)} to {minute(window.end)}, {rows}")
    return 0


def _counted(rows: pa.Table, what: str) -> str:
    taken = f"{MOST_ROWS:,} of " if rows.num_rows > MOST_ROWS else ""
    return f"{taken}{rows.num_rows:,} {what}"


def without_values(rows: pa.Table) -> set[str]:
    """Name the columns that hold nothing, with which Evidently makes no report at all."""
    return {name for name in rows.column_names if rows[name].null_count == rows.num_rows}


def thinned(rows: pa.Table) -> pa.Table:
    """Give at most `MOST_ROWS` rows, evenly spaced."""
    if rows.num_rows <= MOST_ROWS:
        return rows
    return rows.take(pa.array(np.linspace(0, rows.num_rows - 1, MOST_ROWS).astype(np.int64)))
