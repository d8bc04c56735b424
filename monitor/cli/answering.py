"""Commands by which people answer alerts: quiet them for a time, take them over, end them."""

from typing import Annotated

import typer

from monitor.cli.options import Config, Json

Why = Annotated[str, typer.Option(help="What to say of it; kept beside it.")]
Ids = Annotated[
    list[str],
    typer.Argument(help="Alerts by their ids, or the first 6 characters and more: see `monitor alerts`.", metavar="ID"),
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
    silences: Annotated[
        list[str],
        typer.Argument(help="Numbers that `monitor silence` lists, or ids of silenced alerts.", metavar="NUMBER|ID"),
    ],
) -> None:
    """End silences early.

    monitor unsilence monitor.yaml 3
    """
    from monitor.commands.silencing import unsilence as command  # noqa: PLC0415

    raise typer.Exit(command(config, silences))


def ack(config: Config, alerts: Ids, *, why: Why = "") -> None:
    """Say that somebody has taken alerts over: until they end, nothing more is told of them.

    Their end is told, and so is the next time that they fire.

    monitor ack monitor.yaml 3f2a90cc41d8-1 --why "Ada looks at the feed"
    """
    from monitor.commands.by_hand import ack as command  # noqa: PLC0415

    raise typer.Exit(command(config, alerts, why=why))


def resolve(config: Config, alerts: Ids, *, why: Why = "") -> None:
    """End alerts that are firing or recovering.

    Their end is told to those who heard of them. They fire again where later windows breach as their rules ask.

    monitor resolve monitor.yaml 3f2a90cc41d8-1 --why "the feed is mended"
    """
    from monitor.commands.by_hand import resolve as command  # noqa: PLC0415

    raise typer.Exit(command(config, alerts, why=why))
