"""The command that shows the manual."""

from typing import Annotated

import typer
from typer.core import TyperGroup

from monitor.commands.manual import show


def help_(
    context: typer.Context,
    topic: Annotated[str | None, typer.Argument(help="A page of the manual; without it, all are listed.")] = None,
) -> None:
    """List the topics of the manual, or show one: through a pager on a terminal, as plain Markdown otherwise."""
    group = context.find_root().command
    commands = group.list_commands(context) if isinstance(group, TyperGroup) else []
    raise typer.Exit(show(topic, commands=commands))
