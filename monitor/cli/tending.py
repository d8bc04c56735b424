"""Commands that tend a deployment: how it is, whether messages arrive, what counts as right, what it can do."""

from typing import Annotated

import typer

from monitor.cli.options import Config, ModelName


def doctor(
    config: Config,
    *,
    attacks: Annotated[
        bool, typer.Option("--attacks", help="Try how soon simple attacks would be seen; reads the reference again.")
    ] = False,
) -> None:
    """Say how database, sources, windows and receivers are; changes nothing.

    Exit code 1 when something is wrong.
    """
    from monitor.commands.doctor import doctor as command  # noqa: PLC0415

    raise typer.Exit(command(config, attacks=attacks))


def send_test(
    config: Config,
    receiver: Annotated[str, typer.Argument(help="A receiver of the configuration.", metavar="RECEIVER")],
) -> None:
    """Send one test message to a receiver.

    Exit code 1 when it was not delivered.
    """
    from monitor.commands.send_test import send_test as command  # noqa: PLC0415

    raise typer.Exit(command(config, receiver))


def accept(config: Config, model: ModelName) -> None:
    """Have the next answers of a model's endpoint to its probes count as right."""
    from monitor.commands.accept import accept as command  # noqa: PLC0415

    raise typer.Exit(command(config, model))


def detectors() -> None:
    """List the detectors with what they do."""
    from monitor.commands.listing import detectors as command  # noqa: PLC0415

    raise typer.Exit(command())
