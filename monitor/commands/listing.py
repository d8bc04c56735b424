"""`monitor alerts`, `monitor measurements`, `monitor detectors`: what is known, as tables or one JSON object a line."""

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import typer

from monitor.alerts.finding import gravity_of
from monitor.alerts.lifecycle import UNDER_ALARM
from monitor.alerts.phrasing import quieted, under_alarm
from monitor.alerts.taxonomy import is_attack
from monitor.commands.clock import now
from monitor.commands.opening import configured_to_look, named, reaching_database, watch_named, watching
from monitor.commands.printing import csv_lines, json_line, table
from monitor.detectors import ALL
from monitor.store.alerts import alert_rows
from monitor.store.measurements import is_measured, read_measurements
from monitor.store.schema import measurement
from monitor.store.silences import read_quieted

SHOWN = ("window_start", "model", "detector", "column", "segment", "value", "n", "p_value", "effect", "outcome", "note")

# An alert is ok when it breached once and did not fire.
STATES = ("firing", "recovering", "pending", "resolved")
Row = dict[str, Any]


def alerts(path: Path, *, state: str | None, model: str | None, as_json: bool) -> int:
    """Print the alerts of a state, weightiest first; 1 when one of those printed is firing.

    Those of models that the configuration no longer holds are left out.

    state: "all" for every state; None for those under alarm, with how many others there are.
    """
    setup = configured_to_look(path)
    with watching(setup) as monitor, reaching_database(setup):
        if model is not None:
            watch_named(monitor, model, place=setup.place)
        watched = {watch.name for watch in monitor.watches}
        with monitor.database.read() as connection:
            rows = alert_rows(connection, model=model, quieted=read_quieted(connection, now=now()))
            known = [row for row in rows if row["model"] in watched]
    asked = UNDER_ALARM if state is None else STATES if state == "all" else (state,)
    rows = weightiest_first(row for row in known if row["state"] in asked)
    if as_json:
        for row in rows:
            json_line(row)
    else:
        _listed(rows)
        if state is None:
            if standing := under_alarm(known):
                folds = len(folded(rows)) < len(rows)
                typer.echo(standing + ("; segments stand with all traffic that says the same" if folds else ""))
            _counted(Counter(row["state"] for row in known))
    return 1 if any(row["state"] in UNDER_ALARM for row in rows) else 0


def weightiest_first(rows: Iterable[Row]) -> list[Row]:
    """Give firing alerts before recovering ones, then by severity, then attacks, all traffic, the newest first."""
    newest = sorted(rows, key=lambda row: row["since"] or "", reverse=True)

    def weight(row: Row) -> tuple[int, int, bool, bool]:
        gravity = STATES.index(row["state"]), gravity_of(row["severity"])
        return *gravity, not is_attack(row["kind"]), row["segment"] != ""

    return sorted(newest, key=weight)


def folded(rows: Sequence[Row]) -> list[tuple[Row, list[str]]]:
    """Give each alert with the segments that say the same and come behind it, which have no entry of their own."""
    entries: list[tuple[Row, list[str]]] = []
    whole: dict[tuple[str, ...], list[str]] = {}
    for row in rows:
        same = (row["model"], row["kind"], row["detector"], row["column"])
        if row["segment"] and same in whole:
            whole[same].append(row["segment"])
            continue
        entries.append((row, []))
        if not row["segment"]:
            whole[same] = entries[-1][1]
    return entries


def _listed(rows: Sequence[Row]) -> None:
    if not rows:
        typer.echo("no alerts")
        return
    several = len({row["model"] for row in rows}) > 1
    names = ("state", "severity", "since", *(["model"] if several else []), "kind", "id", "text")
    table(names, ([*(row[name] for name in names[:-1]), _said(row, segments)] for row, segments in folded(rows)))


def _said(row: Row, segments: Sequence[str]) -> str:
    """Give an alert's sentence, with what people have done about it before and the segments that say the same after."""
    done = f"[{', '.join(quieted(row))}] " if quieted(row) else ""
    also = f" (also in {', '.join(segments)})" if segments else ""
    return f"{done}{row['text']}{also}"


def _counted(states: Counter[str]) -> None:
    """Say how many alerts are not listed, and how to have them listed."""
    if hidden := [state for state in STATES if state not in UNDER_ALARM and states[state]]:
        said = ", ".join(f"{states[state]} {state}" for state in hidden)
        typer.echo(f"{said}: {', '.join(f'--state {state}' for state in (*hidden, 'all'))}")


def measurements(  # the command's options
    path: Path, *, model: str | None, detector: str | None, since: datetime | None, as_json: bool, as_csv: bool
) -> int:
    """Print what was measured, oldest window first."""
    setup = configured_to_look(path)
    with watching(setup) as monitor, reaching_database(setup):
        if model is not None:
            watch_named(monitor, model, place=setup.place)
        with monitor.database.read() as connection:
            if detector is not None and not is_measured(connection, detector):
                named({one.name: one for one in ALL}, detector, place="--detector", what="detector")
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
        (one.name, one.kind, one.unit, "armed" if one.armed else "shown", one.method.partition("\n")[0]) for one in ALL
    )
    table(("name", "kind", "unit", "alerts", "what it does"), rows)
    return 0
