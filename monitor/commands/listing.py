"""`monitor alerts`, `monitor measurements`, `monitor detectors`: what is known, as tables or one JSON object a line."""

from datetime import datetime
from pathlib import Path

import typer

from monitor.alerts.grouping import UNDER_ALARM
from monitor.commands.opening import configured, reaching_database, watch_named, watching
from monitor.commands.printing import csv_lines, json_line, printable, table
from monitor.detectors import DETECTORS, HISTORY_DETECTORS
from monitor.store.alerts import alert_rows
from monitor.store.measurements import read_measurements
from monitor.store.schema import measurement

SHOWN = ("window_start", "model", "detector", "column", "segment", "value", "n", "p_value", "effect", "outcome", "note")


def alerts(path: Path, *, state: str | None, model: str | None, as_json: bool) -> int:
    """Print alerts, the latest to change first; 1 when one of those printed is firing."""
    setup = configured(path)
    with watching(setup) as monitor, reaching_database(setup):
        if model is not None:
            watch_named(monitor, model, place=setup.place)
        with monitor.database.read() as connection:
            rows = [
                row for row in alert_rows(connection, model=model) if row["state"] in ((state,) if state else LIVED)
            ]
    for row in rows:
        if as_json:
            json_line(row)
        else:
            typer.echo(
                printable(f"{row['state']:<10} {row['severity']:<8} {row['kind']:<20} {row['id']}  {row['text']}")
            )
    if not rows and not as_json:
        typer.echo("no alerts")
    return 1 if any(row["state"] in UNDER_ALARM for row in rows) else 0


# An alert is ok when it breached once and did not fire.
LIVED = ("pending", "firing", "recovering", "resolved")


def measurements(  # the command's options
    path: Path, *, model: str | None, detector: str | None, since: datetime | None, as_json: bool, as_csv: bool
) -> int:
    """Print what was measured, oldest window first."""
    setup = configured(path)
    with watching(setup) as monitor, reaching_database(setup):
        if model is not None:
            watch_named(monitor, model, place=setup.place)
        with monitor.database.read() as connection:
            rows = read_measurements(connection, model=model, detector=detector, since=since)
            if as_csv:
                csv_lines(measurement.columns.keys(), rows)
            elif as_json:
                for row in rows:
                    json_line(row)
            else:
                table(SHOWN, ([row[name] for name in SHOWN] for row in rows))
    return 0


def detectors() -> int:
    """Print every detector with what it does."""
    rows = (
        (one.name, one.kind, one.unit, "armed" if one.armed else "shown", one.method.partition("\n")[0])
        for one in (*DETECTORS, *HISTORY_DETECTORS)
    )
    table(("name", "kind", "unit", "alerts", "what it does"), rows)
    return 0
