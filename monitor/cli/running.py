"""Commands that judge windows: as a daemon, once, or over history."""

from datetime import datetime
from typing import Annotated

import typer

from monitor.cli.options import Config, Json, OnlyModel, instant_of


def run(config: Config) -> None:
    """Run the daemon with its web page.

    It stops at SIGTERM and reads the configuration once: restart it when the file changes.
    """
    from monitor.commands.daemon import run as command  # noqa: PLC0415

    raise typer.Exit(command(config))


def once(config: Config) -> None:
    """Make one full pass: pull to the end, judge every closed window, deliver, exit.

    Exit code 1 when a source stood still; alerts alone give 0.
    """
    from monitor.commands.passes import once as command  # noqa: PLC0415

    raise typer.Exit(command(config))


def replay(
    *,
    config: Config,
    begin: Annotated[datetime | None, typer.Option("--from", parser=instant_of, help="Windows from here.")] = None,
    end: Annotated[datetime | None, typer.Option("--to", parser=instant_of, help="Windows up to here.")] = None,
    model: OnlyModel = None,
    inject: Annotated[list[str] | None, typer.Option(help="Put this in; may be repeated.", metavar="CHANGE")] = None,
    share: Annotated[str, typer.Option(help="Of what share of the rows, or of several: 0.01,0.03,0.1.")] = "1",
    at: Annotated[
        datetime | None, typer.Option(parser=instant_of, help="From when; from half of the windows on by default.")
    ] = None,
    until: Annotated[datetime | None, typer.Option(parser=instant_of, help="Until when; for ever by default.")] = None,
    seed: Annotated[int, typer.Option(min=0, help="Which rows are changed.")] = 0,
    as_json: Json = False,
) -> None:
    """Say what would have been alerted over history; sends nothing.

    All of history is judged anew; --from and --to limit which windows are told. Exit code 1 when a source stood
    still; alerts alone give 0.

    --inject puts a change into history, each by itself, and says whether, when and by which alert it would have been
    found that would not have been told anyway: shift:COLUMN:0.5sd (or +3, or *1.2), scale:COLUMN:1000, drop:COLUMN,
    missing:COLUMN, swap:COLUMN:COLUMN, label-flip, or evasion: rows decided positive take over everything but their
    label from rows that were barely decided negative; --share is then one of the rows decided positive.
    """
    from monitor.commands.replay import Span  # noqa: PLC0415

    span = Span(begin, end)
    if inject:
        from monitor.commands.inject import Asked  # noqa: PLC0415
        from monitor.commands.inject import inject as trial  # noqa: PLC0415

        asked = Asked(inject, share, at, until, seed)
        raise typer.Exit(trial(config, span=span, model=model, as_lines=as_json, asked=asked))
    if share != "1" or at or until:
        raise typer.BadParameter("--share, --at and --until belong to --inject")
    from monitor.commands.replay import replay as command  # noqa: PLC0415

    raise typer.Exit(command(config, span=span, model=model, as_lines=as_json))
