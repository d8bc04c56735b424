"""Commands that show what was found: alerts, measurements, pages, and single windows."""

from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from monitor.cli.options import Config, Json, OneModel, OnlyModel, instant_of

WithinWindow = Annotated[
    datetime | None, typer.Option(parser=instant_of, help="A time within the window; else the newest that was judged.")
]


class AlertState(StrEnum):
    """States of an alert worth asking for."""

    pending = "pending"
    firing = "firing"
    recovering = "recovering"
    resolved = "resolved"
    all = "all"


def alerts(
    *,
    config: Config,
    state: Annotated[AlertState | None, typer.Option(help="Only alerts in this state, or all.")] = None,
    model: OnlyModel = None,
    as_json: Json = False,
) -> None:
    """List the alerts that are firing or recovering, weightiest first, or those of a state.

    Exit code 1 when one of those listed is firing or recovering.
    """
    from monitor.commands.listing import alerts as command  # noqa: PLC0415

    raise typer.Exit(command(config, state=state.value if state else None, model=model, as_json=as_json))


def measurements(
    *,
    config: Config,
    model: OnlyModel = None,
    detector: Annotated[str | None, typer.Option(help="Only this detector.")] = None,
    since: Annotated[datetime | None, typer.Option(parser=instant_of, help="Windows that end after this.")] = None,
    as_json: Json = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="Comma-separated values.")] = False,
) -> None:
    """List what was measured, oldest window first."""
    from monitor.commands.listing import measurements as command  # noqa: PLC0415

    if as_json and as_csv:
        raise typer.BadParameter("--json and --csv exclude each other")
    raise typer.Exit(command(config, model=model, detector=detector, since=since, as_json=as_json, as_csv=as_csv))


def dashboard(
    config: Config, out: Annotated[Path, typer.Option("-o", "--out", help="A new folder, or one written before.")]
) -> None:
    """Write static pages that need no server."""
    from monitor.commands.showing import dashboard as command  # noqa: PLC0415

    raise typer.Exit(command(config, out))


def report(
    config: Config,
    model: OneModel = None,
    window: WithinWindow = None,
    out: Annotated[Path | None, typer.Option("-o", "--out", help="The page to write.")] = None,
) -> None:
    """Write Evidently's report of a window against the reference."""
    from monitor.commands.report import report as command  # noqa: PLC0415

    raise typer.Exit(command(config, model, window, out))


def explain(
    *,
    config: Config,
    model: OneModel = None,
    window: WithinWindow = None,
    as_json: Json = False,
) -> None:
    """Say whether a classifier can tell a window's inputs from the reference's, and by which columns.

    AUC lost is what the classifier loses where a column is shuffled: that shows changes of how columns go together,
    too. The p-value takes rows for independent: with many of them any real day differs a little from all of the
    reference, and the AUC says how much. At most 5,000 rows a side take part, without texts, vectors and what the
    model answered. Exit code 1 when p <= 0.01.
    """
    from monitor.commands.explain import explain as command  # noqa: PLC0415

    raise typer.Exit(command(config, model, window, as_json=as_json))
