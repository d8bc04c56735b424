"""`monitor help`: the pages of the manual, which are files of the package."""

import os
import re
import sys
from collections.abc import Collection
from difflib import get_close_matches
from pathlib import Path

import typer

from monitor.errors import ConfigError

PAGES = Path(__file__).parent.parent / "manual"

TOPICS = (
    "connect",
    "labels",
    "reference",
    "configuration",
    "running",
    "alerts",
    "measures",
    "thresholds",
    "replay",
    "groups",
    "probes",
    "attacks",
    "audit",
    "validate",
)
"""Every page, in the order in which a newcomer needs them."""

_LINK = re.compile(r"\[([^\]]+)\]\((\w+)\.md(?:#[\w-]*)?\)")
_WIDEST = 120


def show(topic: str | None, *, commands: Collection[str]) -> int:
    """List all topics, or print the page of one; `commands` are those that have a help of their own.

    Raises ConfigError where there is no such topic.
    """
    if topic is None:
        typer.echo(_listed())
    elif topic not in TOPICS:
        raise ConfigError("help", f"no topic {topic!r}", _mend(topic, commands))
    elif sys.stdout.isatty():
        _paged(page(topic))
    else:
        typer.echo(page(topic), nl=False)
    return 0


def page(topic: str) -> str:
    """Give a page as Markdown, its links to other pages as the commands that show them."""
    text = (PAGES / f"{topic}.md").read_text(encoding="utf-8")
    return _LINK.sub(lambda link: as_command(link[1], link[2]), text)


def as_command(words: str, topic: str) -> str:
    """Give what stands in place of a link to a page.

    >>> as_command("groups", "groups"), as_command("what is told", "alerts")
    ('`monitor help groups`', 'what is told (`monitor help alerts`)')
    """
    command = f"`monitor help {topic}`"
    return command if words == topic else f"{words} ({command})"


def _listed() -> str:
    width = max(map(len, TOPICS))
    rows = [f"  {topic.ljust(width)}  {_purpose(topic)}" for topic in TOPICS]
    return "\n".join(["monitor help TOPIC shows a page; monitor COMMAND --help what a command takes.", "", *rows])


def _purpose(topic: str) -> str:
    """Give what a page is about, from its heading: `# topic: purpose`."""
    return page(topic).partition("\n")[0].partition(": ")[2]


def _mend(topic: str, commands: Collection[str]) -> str:
    if topic in commands:
        return f"`monitor {topic} --help` says what the command does"
    near = get_close_matches(topic, TOPICS, n=1)
    return f"did you mean {near[0]!r}?" if near else f"topics are {', '.join(TOPICS)}"


def _paged(text: str) -> None:
    from rich.console import Console  # noqa: PLC0415  # only a terminal needs it
    from rich.markdown import Markdown  # noqa: PLC0415

    # as git does: a page that fits the screen is not paged, and what was shown stays there
    os.environ.setdefault("LESS", "FRX")
    console = Console()
    with console.pager(styles=True):
        console.print(Markdown(text, code_theme="ansi_dark", hyperlinks=False), width=min(console.width, _WIDEST))
