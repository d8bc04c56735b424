"""Commands by which people answer alerts: quiet them for a time, take them over, end them."""

from typing import Annotated

import typer

from monitor.cli.options import Config, Json

Why = Annotated[str, typer.Option(help="What to say of it; kept beside it.")]
Id = Annotated[
    str, typer.Argument(help="An alert's id, or its first 6 characters and more: see `monitor alerts`.", metavar="ID")
]


def silence(
    *,
    config: Config,
    ids: Annotated[
        list[str] | None, typer.Argument(help="Alerts by their ids, or the beginnings of these.", metavar="ID")
    ] = None,
    model: Annotated[str | None, typer.Option(help="Models that fit, such as 'fares*'.")] = None,
    kind: Annotated[str | None, typer.Option(help="Kinds that fit, such as 'drift.*'.")] = None,
    column: Annotated[str | None, typer.Option(help="Columns that fit.")] = None,
    segment: Annotated[str | None, typer.Option(help="Segments that fit; '' is all traffic.")] = None,
    length: Annotated[str | None, typer.Option("--for", help="For how long: 90s, 8h, 7d, at most 90d.")] = None,
    why: Why = "",
    as_json: Json = False,
) -> None:
    """Tell nothing of alerts for a time: of some by their ids, or of all that fit; without either, list the silences.

    Silenced alerts are judged, kept and shown as ever. What still fires when its silence ends, and was not told, is
    told then, once; the end of what was told before is told even in a silence.

    monitor silence monitor.yaml 3f2a90cc41d8-1 --for 8h --why "the feed is being mended"

    monitor silence monitor.yaml --model fares --kind 'drift.*' --for 7d
    """
    from monitor.commands.silencing import Asked  # noqa: PLC0415
    from monitor.commands.silencing import silence as command  # noqa: PLC0415

    asked = Asked(ids or (), model, kind, column, segment)
    raise typer.Exit(command(config, asked, length=length, why=why, as_json=as_json))


def unsilence(
    config: Config,
    numbers: Annotated[list[int], typer.Argument(help="Numbers that `monitor silence` lists.", metavar="NUMBER")],
) -> None:
    """End silences early.

    monitor unsilence monitor.yaml 3
    """
    from monitor.commands.silencing import unsilence as command  # noqa: PLC0415

    raise typer.Exit(command(config, numbers))


def ack(config: Config, alert: Id, *, why: Why = "") -> None:
    """Say that somebody has taken an alert over: until it ends, nothing more is told of it.

    Its end is told, and so is the next time that it fires.

    monitor ack monitor.yaml 3f2a90cc41d8-1 --why "Ada looks at the feed"
    """
    from monitor.commands.by_hand import ack as command  # noqa: PLC0415

    raise typer.Exit(command(config, alert, why=why))


def resolve(config: Config, alert: Id, *, why: Why = "") -> None:
    """End an alert that is firing or recovering.

    Its end is told to those who heard of it. It fires again where later windows breach as its rule asks.

    monitor resolve monitor.yaml 3f2a90cc41d8-1 --why "the feed is mended"
    """
    from monitor.commands.by_hand import resolve as command  # noqa: PLC0415

    raise typer.Exit(command(config, alert, why=why))
