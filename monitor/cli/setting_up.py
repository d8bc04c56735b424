"""Commands before the first pass: see it work, look at the data, check, make the database."""

from pathlib import Path
from typing import Annotated

import typer

from monitor.cli.options import Config


def demo(
    *,
    serve: Annotated[bool, typer.Option("--serve/--no-serve", help="Leave the web page open.")] = True,
    port: Annotated[int, typer.Option(help="Where the web page listens.")] = 8080,
    home: Annotated[Path, typer.Option(help="Where the demo's files go.")] = Path("monitor-demo"),
) -> None:
    """Show the whole thing on real data, with a broken feed and an attack in it, in under two minutes."""
    from monitor.commands.daemon import demo as command  # noqa: PLC0415

    raise typer.Exit(command(serve=serve, home=home, port=port))


def init(
    *,
    data: Annotated[str, typer.Argument(help="A file, a glob, a folder or URL#table.", metavar="DATA")],
    reference: Annotated[str | None, typer.Option(help="What the model was trained or validated on.")] = None,
    labels: Annotated[str | None, typer.Option(help="Labels that come by themselves; written as DATA is.")] = None,
    name: Annotated[str | None, typer.Option(help="What to call the model.")] = None,
    out: Annotated[Path, typer.Option("-o", "--out", help="The configuration to write.")] = Path("monitor.yaml"),
    force: Annotated[bool, typer.Option("--force", help="Overwrite a configuration.")] = False,
) -> None:
    """Look at the data, guess the columns' roles, write a commented configuration."""
    from monitor.commands.setting_up import init as command  # noqa: PLC0415

    raise typer.Exit(command(data, reference=reference, labels=labels, name=name, out=out, force=force))


def check(config: Config) -> None:
    """Find everything that can be wrong before anything runs.

    Exit code 2 when something has to be mended; warnings alone give 0.
    """
    from monitor.commands.check import check as command  # noqa: PLC0415

    raise typer.Exit(command(config))


def migrate(config: Config) -> None:
    """Bring the database to the newest schema; `run` and `once` do so by themselves."""
    from monitor.commands.setting_up import migrate as command  # noqa: PLC0415

    raise typer.Exit(command(config))
