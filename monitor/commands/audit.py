"""`monitor audit`: whether labelled rows look poisoned beside a model's reference."""

import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import typer
from numpy.typing import NDArray

from monitor.alerts.phrasing import listed
from monitor.commands.export import write_parquet
from monitor.commands.opening import configured, reaching_database, watch_named, watching
from monitor.commands.printing import json_line, printable, table
from monitor.commands.rows import reference_rows
from monitor.config import Model
from monitor.config.words import suggestion
from monitor.detectors.attack.batches import label_contradiction
from monitor.detectors.attack.batches.audit import audit as judged
from monitor.detectors.attack.batches.known import Known, seen
from monitor.detectors.attack.batches.naming import Text, named
from monitor.detectors.attack.batches.rows import Floats, Labelled
from monitor.detectors.attack.batches.verdict import FALSE_ALARMS, Verdict
from monitor.errors import ConfigError
from monitor.setup.sample import data_of, missing_files
from monitor.steps.poisoning import (
    CONTRIBUTOR,
    contributors_of,
    features_of,
    learned,
    of_known_labels,
    strange_labels,
    text_of,
    told_apart,
    too_often,
)
from monitor.steps.reference import learned_rows
from monitor.timestamps import times_of
from monitor.types import Roles
from monitor.watch import Monitor, Watch
from monitor.wiring import source_of

SHOWN, LISTED, SEED = 10, 1_000, 0
ROW, REASONS = "row", "reasons"


@dataclass(frozen=True, eq=False)
class Audited:
    """A verdict with what its numbers point at.

    rows: those with a label; places: of these in the batch, from 0. statistics: as they are printed. doubts: how much
    each row's label contradicts the reference, shape (rows,). young: labelled rows that were left out, since others of
    their days may still get a label. strange: of labels that the reference does not know, how many rows were left out.
    """

    verdict: Verdict
    rows: pa.Table
    places: list[int]
    statistics: list[dict[str, Any]]
    reference: int
    doubts: Floats
    young: int = 0
    strange: Mapping[str, int] = field(default_factory=dict)

    def suspicious(self) -> list[tuple[int, list[str]]]:
        """Give the suspicious rows with what names them: those of most reasons first, then the most doubtful."""
        reasons = self.verdict.reasons()
        return sorted(reasons.items(), key=lambda one: (-len(one[1]), -self.doubts[one[0]], one[0]))


@dataclass(frozen=True)
class How:
    """How a batch is to be judged: who labelled its rows, and whether they were chosen by the model's errors."""

    contributor: str | None = None
    by_error: bool = False


def audit(path: Path, name: str, batch: str, *, how: How, out: Path | None, as_json: bool) -> int:
    """Tell the verdict and write the suspicious rows; 0 when clean, else 1.

    ConfigError where the batch cannot be compared: no file, no label, no label that the reference knows, or a feature
    of the reference that it lacks.
    """
    setup = configured(path)
    with watching(setup) as monitor, reaching_database(setup):
        watch = watch_named(monitor, name, place=setup.place)
        with _telling("reading the batch"):
            rows = _batch_rows(batch)
            _checked(rows, watch.roles, batch, how.contributor)
        with _telling("reading the reference"):
            reference = _reference_rows(monitor, watch)
    with _telling("laying the batch beside the reference"):
        found = _audited(reference, rows, watch, batch, how)
    if out is not None:
        _write(found, out)
    if as_json:
        json_line(_as_json(found, name, batch, watch.roles))
    else:
        _tell(found, name, batch, watch.roles, out)
    return 0 if found.verdict.outcome == "clean" else 1


@contextmanager
def _telling(what: str) -> Iterator[None]:
    if not sys.stderr.isatty():
        yield
        return
    from rich.console import Console  # noqa: PLC0415  # only a terminal needs it

    with Console(stderr=True).status(what):
        yield


def _batch_rows(batch: str) -> pa.Table:
    here = Path.cwd()
    data = data_of(batch, here=here, root=here)
    missing = missing_files(data.files, root=here) if data.files else None
    if missing:
        raise ConfigError(batch, missing, "name a file or a glob")
    rows = reference_rows(source_of(data, root=here))
    if not rows.num_rows:
        raise ConfigError(batch, "holds no rows", "name a file with labelled rows")
    return rows


def _checked(rows: pa.Table, roles: Roles, batch: str, contributor: str | None) -> None:
    wanted = [name for name in (roles.label, contributor) if name is not None and name not in rows.column_names]
    if wanted:
        raise ConfigError(batch, f"no column {wanted[0]!r}", suggestion(wanted[0], rows.column_names))


def _reference_rows(monitor: Monitor, watch: Watch) -> pa.Table:
    if watch.reference is not None:
        return reference_rows(watch.reference)
    with monitor.database.read() as connection:
        kept = learned_rows(connection, watch)
    if kept is None:
        mend = "name a `reference` with labelled rows"
        raise ConfigError(f"models.{watch.name}.reference", "there is none to compare with", mend)
    return kept


def _audited(reference: pa.Table, rows: pa.Table, watch: Watch, batch: str, how: How) -> Audited:
    roles = watch.roles
    if roles.label is None or roles.label not in reference.column_names:
        raise ConfigError("columns.label", "names no column of the reference", "an audit needs labels on both sides")
    absent = [name for name, _ in features_of(reference, roles) if name not in rows.column_names]
    if absent:
        raise ConfigError(
            batch, f"no column {absent[0]!r}, which the reference has", suggestion(absent[0], rows.column_names)
        )
    rng = np.random.default_rng(SEED)
    known = learned(reference, roles, rng=rng, logged=rows.column_names)
    held = np.asarray(rows[roles.label].is_valid().to_numpy(), np.bool_)
    young = _young(rows, watch.settings, held)
    if isinstance(known, str):
        places = np.flatnonzero(held & ~young)
        rows = rows.take(pa.array(places, pa.int64()))
        return Audited(Verdict("undecided", known), rows, places.tolist(), [], 0, np.zeros(rows.num_rows))
    looked_at = rows.filter(pa.array(held & ~young))
    strange = _strange(looked_at, known, batch)
    hidden = too_often(strange, looked_at, reference, label=known.label, alpha=FALSE_ALARMS)
    places = np.flatnonzero(of_known_labels(rows, known) & ~young)
    rows = rows.take(pa.array(places, pa.int64()))
    who, names = contributors_of(rows, how.contributor or _contributor(rows, roles))
    batch_rows = seen(known, rows, who, rng=rng)
    verdict = judged(known, batch_rows, rng=rng, nulls={}, by_error=how.by_error)
    verdict = _with_hidden(verdict, {text: strange[text] for text in hidden})
    statistics = _statistics(known, batch_rows, verdict, names, partial(text_of, rows))
    doubts = label_contradiction.scores(batch_rows)
    left = int(np.count_nonzero(held & young))
    return Audited(verdict, rows, places.tolist(), statistics, known.rows.size, doubts, left, strange)


def _strange(rows: pa.Table, known: Known, batch: str) -> dict[str, int]:
    """Count the rows of each label that the reference does not know; ConfigError where it knows none."""
    strange = strange_labels(rows, known)
    if strange and sum(strange.values()) == rows.num_rows:
        mend = "write them alike, or name a `reference` whose labels are written so"
        raise ConfigError(f"{batch}: {known.label}", told_apart(list(strange), known.classes), mend)
    return strange


def _with_hidden(verdict: Verdict, hidden: Mapping[str, int]) -> Verdict:
    """Leave undecided what would be clean, where labels that cannot be judged come more often than chance explains."""
    if not hidden:
        return verdict
    labels, rows = _labels(hidden), sum(hidden.values())
    why = f"{rows:,} rows have labels that cannot be judged, as the reference lacks them or hardly has them: {labels}"
    outcome = "undecided" if verdict.outcome == "clean" else verdict.outcome
    return replace(verdict, outcome=outcome, why="; ".join(one for one in (verdict.why, why) if one))


def _young(rows: pa.Table, settings: Model, held: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Say which rows are within `max_delay` of the newest one, where some of these have no label yet.

    Labels that come first are no fair sample of all.
    """
    none, roles = np.zeros(rows.num_rows, np.bool_), settings.columns
    delay = settings.labels.max_delay if settings.labels else None
    if delay is None or held.all() or rows.column_names.count(roles.timestamp) != 1:
        return none
    times = times_of(rows[roles.timestamp], roles.zone).cast(pa.int64()).fill_null(0).to_numpy()
    young = np.asarray(times > times.max(initial=0) - delay / timedelta(microseconds=1), np.bool_)
    return young if (young & ~held).any() else none


def _contributor(rows: pa.Table, roles: Roles) -> str | None:
    return next((name for name in (CONTRIBUTOR, roles.client) if name in rows.column_names), None)


def _statistics(
    known: Known, batch: Labelled, verdict: Verdict, names: Sequence[str], text: Text
) -> list[dict[str, Any]]:
    return [
        {
            "statistic": one.name,
            "value": one.value,
            "threshold": one.threshold,
            "p_value": one.p_value,
            "alpha": one.alpha,
            "breaches": one.breaches,
            "rows": int(one.rows.size) if one.breaches else 0,
            **(named(known, batch, one, contributors=names, text=text) if one.breaches else {}),
        }
        for one in verdict.statistics
    ]


def _write(found: Audited, out: Path) -> None:
    named_rows = found.suspicious()
    taken = found.rows.take(pa.array([place for place, _ in named_rows], pa.int64()))
    kept = [name for name in taken.column_names if name not in (ROW, REASONS)]
    taken = taken.select(kept)
    taken = taken.append_column(ROW, pa.array([found.places[place] + 1 for place, _ in named_rows], pa.int64()))
    taken = taken.append_column(REASONS, pa.array([list(why) for _, why in named_rows], pa.list_(pa.string())))
    write_parquet([taken], taken.schema, out)


def _as_json(found: Audited, name: str, batch: str, roles: Roles) -> Mapping[str, Any]:
    verdict, suspicious = found.verdict, found.suspicious()
    return {
        "model": name,
        "batch": batch,
        "verdict": verdict.outcome,
        "why": verdict.why,
        "n": found.rows.num_rows,
        "judged": verdict.judged,
        "left_out": found.young,
        "unknown_labels": dict(found.strange),
        "parts": verdict.parts,
        "reference_n": found.reference,
        "false_alarms": FALSE_ALARMS,
        "p_value": verdict.p_value,
        "detectable_flips": verdict.detectable,
        "statistics": found.statistics,
        "suspicious": len(suspicious),
        "rows": [_row(found, place, why, roles) for place, why in suspicious[:LISTED]],
    }


def _row(found: Audited, place: int, why: list[str], roles: Roles) -> dict[str, Any]:
    row: dict[str, Any] = {ROW: found.places[place] + 1, "label": text_of(found.rows, str(roles.label), place)}
    if roles.id in found.rows.column_names:
        row["id"] = str(found.rows[roles.id][place].as_py())
    return row | {REASONS: why}


def _tell(found: Audited, name: str, batch: str, roles: Roles, out: Path | None) -> None:
    verdict, suspicious = found.verdict, found.suspicious()
    sure = "" if verdict.p_value is None else f", p = {verdict.p_value:.2g} over all statistics"
    typer.echo(printable(f"{batch}: {verdict.outcome} for {name}{sure}"))
    if verdict.why:
        typer.echo(f"  {verdict.why}")
    if not verdict.statistics:
        _tell_strange(found.strange)
        return
    parts = f" in {verdict.parts} parts" if verdict.parts > 1 else ""
    looked = f"{verdict.judged:,} of {found.rows.num_rows:,} labelled rows{parts}"
    typer.echo(f"{looked}, beside {found.reference:,} of the reference; one clean batch in 1,000 is called suspicious")
    if found.young:
        more = "left out: other labels of their days may still come (labels.max_delay)"
        typer.echo(f"{found.young:,} labelled rows of the newest days were {more}")
    _tell_strange(found.strange)
    typer.echo(f"{_power(verdict.detectable)}\n")
    lines = [
        (one["statistic"], one["value"], one["threshold"], one["p_value"], "yes" if one["breaches"] else "-", _at(one))
        for one in found.statistics
    ]
    table(("statistic", "value", "threshold", "p", "breaches", "at"), lines)
    if suspicious:
        typer.echo(f"\n{len(suspicious):,} suspicious rows" + (f", written to {out}" if out else "; -o writes them"))
        rows = [_row(found, place, why, roles) for place, why in suspicious[:SHOWN]]
        table(("row", "label", "why"), [(r[ROW], r["label"], ", ".join(r[REASONS])) for r in rows])


def _tell_strange(strange: Mapping[str, int]) -> None:
    if strange:
        rows = f"{sum(strange.values()):,} labelled rows were left out"
        typer.echo(printable(f"{rows}: the reference does not know their labels, {_labels(strange)}"))


def _labels(counts: Mapping[str, int]) -> str:
    return listed([f"'{text}' ({count:,})" for text, count in counts.items()], SHOWN)


def _power(detectable: float | None) -> str:
    if detectable is None:
        return "labels flipped at random could hardly be found: the reference tells too little of them"
    return f"labels flipped at random are found in four of five such batches from {detectable:.1%} of them on"


def _at(one: Mapping[str, Any]) -> str:
    values = " and ".join(f"{column} = {value}" for column, value in one.get("values", {}).items())
    parts = [values, f"contributor {one['contributor']}" if "contributor" in one else ""]
    parts.append(f"likely {one['likely']}" if "likely" in one else "")
    parts.append(f"labelled {one['label']}" if "label" in one else "")
    return ", ".join(part for part in parts if part) or "-"
