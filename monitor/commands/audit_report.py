"""What is written and printed of an audited batch."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa
import typer

from monitor.alerts.phrasing import chance, first_of
from monitor.commands.audited import SHOWN, Audited, counted_labels
from monitor.commands.export import write_parquet
from monitor.commands.printing import printable, table
from monitor.detectors.attack.batches.verdict import FALSE_ALARMS
from monitor.steps.poisoning import text_of
from monitor.types import Roles

LISTED = 1_000
ROW, REASONS = "row", "reasons"
CLEAN = (
    "of clean batches that are like the reference, or like its own stretches of time, one in 1,000 is called "
    "suspicious; of others, as of another season, more may be: look at the rows"
)


def write_suspicious(found: Audited, out: Path) -> None:
    """Write the suspicious rows as Parquet, each with its number in the batch and the statistics that name it."""
    named_rows = found.suspicious()
    taken = found.rows.take(pa.array([place for place, _ in named_rows], pa.int64()))
    kept = [name for name in taken.column_names if name not in (ROW, REASONS)]
    taken = taken.select(kept)
    taken = taken.append_column(ROW, pa.array([found.places[place] + 1 for place, _ in named_rows], pa.int64()))
    taken = taken.append_column(REASONS, pa.array([list(why) for _, why in named_rows], pa.list_(pa.string())))
    write_parquet([taken], taken.schema, out)


def object_of(found: Audited, name: str, batch: str, roles: Roles) -> Mapping[str, Any]:
    """Give a verdict as one JSON object, with the first thousand suspicious rows."""
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


def tell(found: Audited, name: str, batch: str, roles: Roles, out: Path | None) -> None:
    """Print a verdict, every statistic beside its threshold, and the first suspicious rows."""
    verdict, suspicious = found.verdict, found.suspicious()
    sure = "" if verdict.p_value is None else f", {chance(verdict.p_value)} over all statistics"
    typer.echo(printable(f"{batch}: {verdict.outcome} for {name}{sure}"))
    if verdict.why:
        typer.echo(f"  {verdict.why}")
    if not verdict.statistics:
        _tell_strange(found.strange)
        return
    parts = f" in {verdict.parts} parts" if verdict.parts > 1 else ""
    looked = f"{verdict.judged:,} of {found.rows.num_rows:,} labelled rows{parts}"
    typer.echo(f"{looked}, beside {found.reference:,} of the reference")
    typer.echo(CLEAN)
    if found.young:
        more = "left out: other labels of their days may still come (labels.max_delay)"
        typer.echo(f"{found.young:,} labelled rows of the newest days were {more}")
    _tell_strange(found.strange)
    typer.echo(f"{_power(verdict.detectable)}\n")
    lines = [
        (
            one["statistic"],
            one["value"],
            one["threshold"],
            _p(one["p_value"]),
            "yes" if one["breaches"] else "-",
            _at(one),
        )
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
        typer.echo(printable(f"{rows}: the reference does not know their labels, {counted_labels(strange)}"))


def _power(detectable: float | None) -> str:
    if detectable is None:
        return "labels flipped at random could hardly be found: the reference tells too little of them"
    return f"labels flipped at random are found in four of five such batches from {detectable:.1%} of them on"


def _p(value: float) -> float | str:
    return value or "< 1e-300"


def _at(one: Mapping[str, Any]) -> str:
    values = " and ".join(f"{column} = {value}" for column, value in one.get("values", {}).items())
    people = [one["contributor"], *one.get("others", ())] if "contributor" in one else []
    parts = [values, f"contributor{'s' * (len(people) > 1)} {first_of(people)}" if people else ""]
    parts.append(f"likely {one['likely']}" if "likely" in one else "")
    parts.append(f"labelled {one['label']}" if "label" in one else "")
    return ", ".join(part for part in parts if part) or "-"
