"""`monitor explain`: whether a window's inputs can be told from the reference's, and by which columns."""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import typer
from numpy.typing import NDArray

from monitor.alerts.phrasing import chance
from monitor.commands.opening import configured_to_look, reaching_database, watch_named, watching
from monitor.commands.printing import json_line, minute, printable, table
from monitor.commands.rows import asked_window, reference_rows, window_rows
from monitor.detectors.change import change_of
from monitor.errors import ConfigError, MonitorError
from monitor.profiles.arrow import profile_table
from monitor.profiles.layout import Column
from monitor.profiles.profile import ColumnProfile, Profile
from monitor.profiles.reading import categories, floats
from monitor.stats.classifier_two_sample import (
    FEWEST_ROWS,
    MOST_CODES,
    MOST_ROWS,
    Separation,
    classifier_two_sample_test,
)
from monitor.steps.of_a_time import as_of, rows_at
from monitor.steps.reference import References, kept_reference, learned_rows, timed_rows
from monitor.store.database import Database
from monitor.store.references import WHOLE
from monitor.types import Window
from monitor.watch import Watch

Floats = NDArray[np.float64]

ALERT_ID = re.compile(r"[0-9a-f]{12}(-[0-9]+)?")
ALPHA = 0.01
SHOWN = 20
MISSING_MOVED = 0.05
SEED = 0


def explain(path: Path, asked: str | None, at: datetime | None, *, as_json: bool) -> int:
    """Say how well a window is told from the reference, and by which columns; 1 when it is.

    asked: the model; None for the only one. at: within it; None for the newest one that was judged.
    """
    setup = configured_to_look(path)
    with watching(setup) as monitor, reaching_database(setup):
        if asked and ALERT_ID.fullmatch(asked) and asked not in {watch.name for watch in monitor.watches}:
            mend = "name its model, and after --window a time within its window, as `monitor alerts` shows them"
            raise ConfigError(setup.place, f"{asked!r} is an alert, and a window is explained", mend)
        watch = watch_named(monitor, asked, place=setup.place)
        name = watch.name
        window = asked_window(monitor.database, watch, at)
        references = _reference(monitor.database, watch)
        current = _current_rows(monitor.database, watch, window)
        before = _rows_before(monitor.database, watch, references[WHOLE])
    kept, before = _at_such_times(watch, references, before, window)
    timed = kept is not references[WHOLE]
    columns = [c for c in kept.layout.columns if c.role in {"feature", "sensitive"}]
    used = [c for c in columns if c.kind in {"numeric", "categorical"}]
    left_out = [c.name for c in columns if c not in used]
    found = _separation(name, used, before, current)
    rows = _explained(used, found, kept, profile_table(current, kept.layout))
    if as_json:
        whole = {"model": name, "window_start": window.start, "window_end": window.end, "timed": timed}
        whole |= {"n": current.num_rows, "reference_n": before.num_rows}
        json_line(whole | {"auc": found.auc, "p_value": found.p_value, "columns": rows, "left_out": left_out})
    else:
        typer.echo(f"{name}, {minute(window.start)} to {minute(window.end)}: ", nl=False)
        of_times = " at such times" if timed else ""
        typer.echo(f"{_bounded(current)} rows against {_bounded(before)} of the reference{of_times}")
        _tell(found, rows, left_out)
    return int(found.p_value <= ALPHA)


def _at_such_times(watch: Watch, references: References, rows: pa.Table, window: Window) -> tuple[Profile, pa.Table]:
    """Give what a window is laid beside: where columns differ by the weekday, or the hour, the rows of its own."""
    then = as_of(references, references, {WHOLE: window}, watch.period)[WHOLE]
    timed = timed_rows(rows, watch) if any(column.timed for column in then.layout.columns) else None
    if timed is None:
        return references[WHOLE], rows
    return then, rows_at(timed, watch.roles.timestamp, window, watch.period)


def _reference(database: Database, watch: Watch) -> References:
    kept = kept_reference(database, watch)
    if kept is None:
        raise MonitorError(f"{watch.name}: there is no reference yet; `monitor once` reads or learns it")
    return kept


def _current_rows(database: Database, watch: Watch, window: Window) -> pa.Table:
    rows = window_rows(database, watch, window)
    if not rows.num_rows:
        span = f"{minute(window.start)} to {minute(window.end)}"
        raise MonitorError(f"{watch.name}: no records of the window {span} are kept; name another with --window")
    return rows


def _rows_before(database: Database, watch: Watch, kept: Profile) -> pa.Table:
    if watch.reference is not None:
        return reference_rows(watch.reference)
    with database.read() as connection:
        learned = learned_rows(connection, watch)
    if learned is None or learned.num_rows != kept.rows:
        problem = "the records that the reference was learned from are not all kept, or others came late"
        raise MonitorError(f"{watch.name}: {problem}; name files or a table as `reference`")
    return learned


def _separation(name: str, used: Sequence[Column], before: pa.Table, current: pa.Table) -> Separation:
    if not used:
        raise MonitorError(f"{name}: no inputs of numbers or categories to tell the rows by")
    rng = np.random.default_rng(SEED)
    sides = _encoded(used, [_sampled(rows, rng) for rows in (before, current)])
    categorical = [place for place, column in enumerate(used) if column.kind == "categorical"]
    found = classifier_two_sample_test(*sides, rng=rng, categorical=categorical)
    if found is None:
        few = f"{current.num_rows} rows in the window and {before.num_rows} in the reference"
        raise MonitorError(f"{name}: {few}; {FEWEST_ROWS} on each side are needed")
    return found


def _sampled(rows: pa.Table, rng: np.random.Generator) -> pa.Table:
    if rows.num_rows <= MOST_ROWS:
        return rows
    return rows.take(pa.array(np.sort(rng.choice(rows.num_rows, MOST_ROWS, replace=False))))


def _bounded(rows: pa.Table) -> str:
    return str(rows.num_rows) if rows.num_rows <= MOST_ROWS else f"{MOST_ROWS} of {rows.num_rows}"


def _encoded(used: Sequence[Column], sides: Sequence[pa.Table]) -> tuple[Floats, Floats]:
    """Give both sides as (rows, columns); NaN where a value is missing, invalid or its column absent."""
    matrices = [np.full((rows.num_rows, len(used)), np.nan) for rows in sides]
    for place, column in enumerate(used):
        values = [rows[column.name] if column.name in rows.column_names else None for rows in sides]
        encoded = _codes(values) if column.kind == "categorical" else [None if v is None else floats(v) for v in values]
        for matrix, found in zip(matrices, encoded, strict=True):
            if found is not None:
                matrix[:, place] = found
    return matrices[0], matrices[1]


def _codes(sides: Sequence[pa.ChunkedArray | None]) -> list[Floats | None]:
    """Give each value's place among the most frequent of both sides; the rest share the last code."""
    read = [None if side is None else categories(side) for side in sides]
    counted: dict[str, int] = {}
    for one in read:
        if one is not None:
            rows = np.bincount(one.positions, minlength=len(one.texts) + 1).tolist()
            for text, n in zip(one.texts, rows, strict=False):
                if text is not None:
                    counted[text] = counted.get(text, 0) + n
    most = sorted(counted, key=lambda text: (-counted[text], text))[: MOST_CODES - 1]
    place = {text: float(code) for code, text in enumerate(most)}

    def coded(texts: Sequence[str | None]) -> Floats:
        return np.array([*(np.nan if t is None else place.get(t, float(len(most))) for t in texts), np.nan])

    return [None if one is None else coded(one.texts)[one.positions] for one in read]


def _explained(used: Sequence[Column], found: Separation, before: Profile, after: Profile) -> list[dict[str, Any]]:
    """Give a row a column, the one that explains most first."""
    rows = [
        {"column": column.name, "auc_lost": float(lost), "change": _change(before, after, column.name)}
        for column, lost in zip(used, found.losses, strict=True)
    ]
    return sorted(rows, key=lambda row: -row["auc_lost"])


def _change(before: Profile, after: Profile, name: str) -> Mapping[str, Any] | None:
    sides = before.columns[name], after.columns[name]
    missing = [_missing(side, rows) for side, rows in zip(sides, (before.rows, after.rows), strict=True)]
    if abs(missing[1] - missing[0]) >= MISSING_MOVED:
        return {"of": "missing", "before": missing[0], "after": missing[1]}
    return change_of(*sides)


def _missing(column: ColumnProfile, rows: int) -> float:
    return (column.missing + column.invalid) / rows if rows else 0.0


def _tell(found: Separation, rows: Sequence[Mapping[str, Any]], left_out: Sequence[str]) -> None:
    told = "they are told apart" if found.p_value <= ALPHA else "no difference found"
    typer.echo(f"{told}: AUC {found.auc:.3f} (0.5 is chance), {chance(found.p_value)}, as of independent rows")
    telling = [row for row in rows if row["auc_lost"] > 0][:SHOWN]
    if found.p_value <= ALPHA and telling:
        cells = [(row["column"], round(row["auc_lost"], 4), _change_told(row["change"])) for row in telling]
        table(("column", "AUC lost", "how it moved"), cells)
    if left_out:
        typer.echo(printable(f"left out, being texts or vectors: {', '.join(sorted(left_out))}"), err=True)


def _change_told(change: Mapping[str, Any] | None) -> str:
    if change is None:
        return "-"
    if change["of"] not in ("missing", "share"):
        return f"{change['of']} {change['before']:.4g} \N{RIGHTWARDS ARROW} {change['after']:.4g}"
    what = "missing" if change["of"] == "missing" else f"share of {change['category']!r}"
    return f"{what} {change['before']:.1%} \N{RIGHTWARDS ARROW} {change['after']:.1%}"
