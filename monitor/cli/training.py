"""Commands about rows that a model is to learn from: are they poisoned, and what was logged."""

from pathlib import Path
from typing import Annotated

import typer

from monitor.cli.options import Config, Json, ModelName


def audit(
    *,
    config: Config,
    model: ModelName,
    batch: Annotated[str, typer.Option(help="Labelled rows: a file, a glob, a folder or URL#table.")],
    contributor: Annotated[
        str | None,
        typer.Option(
            help="The column that says who labelled; by default the configured one, `contributor`, or the client."
        ),
    ] = None,
    chosen_by_error: Annotated[
        bool,
        typer.Option(
            "--chosen-by-error", help="Rows were chosen by how wrong the model was; flips are not looked for."
        ),
    ] = False,
    out: Annotated[Path | None, typer.Option("-o", "--out", help="Where suspicious rows go, as Parquet.")] = None,
    as_json: Json = False,
) -> None:
    """Say whether labelled rows are fit to train on: whether they look poisoned beside the model's reference.

    One clean batch in 1,000 is called suspicious. Exit code 0 when clean; 1 when suspicious or undecided; 2 when it
    cannot be compared.
    """
    from monitor.commands.audit import audit as command  # noqa: PLC0415
    from monitor.commands.audited import How  # noqa: PLC0415

    how = How(contributor, by_error=chosen_by_error)
    raise typer.Exit(command(config, model, batch, how=how, out=out, as_json=as_json))


def export(
    *,
    config: Config,
    model: ModelName,
    out: Annotated[Path, typer.Option("-o", "--out", help="The file to write.")],
    measurements: Annotated[bool, typer.Option("--measurements", help="Measurements, not records.")] = False,
    hard_examples: Annotated[
        bool,
        typer.Option("--hard-examples", help="Only what attackers sent, as soon as its right label is known."),
    ] = False,
) -> None:
    """Write a model's records with their labels as Parquet."""
    from monitor.commands.export import What  # noqa: PLC0415
    from monitor.commands.export import export as command  # noqa: PLC0415

    if measurements and hard_examples:
        raise typer.BadParameter("give --measurements or --hard-examples, not both")
    chosen: What = "measurements" if measurements else "hard examples" if hard_examples else "records"
    raise typer.Exit(command(config, model, out, what=chosen))
