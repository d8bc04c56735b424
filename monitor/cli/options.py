"""Arguments and options that several commands take."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer


def instant_of(text: str) -> datetime:
    """Read a time in ISO 8601; without a zone it is UTC.

    >>> instant_of("2013-05-15")
    datetime.datetime(2013, 5, 15, 0, 0, tzinfo=datetime.timezone.utc)
    """
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter(f"{text!r} is no time; write for example 2013-05-15 or 2013-05-15T06:00Z") from None
    return (time if time.tzinfo else time.replace(tzinfo=UTC)).astimezone(UTC)


Config = Annotated[Path, typer.Argument(help="The configuration, such as monitor.yaml.", metavar="CONFIG")]
ModelName = Annotated[str, typer.Argument(help="A model of the configuration.", metavar="MODEL")]
OneModel = Annotated[
    str | None, typer.Argument(help="A model of the configuration; needed where it has several.", metavar="MODEL")
]
OnlyModel = Annotated[str | None, typer.Option("--model", help="Only this model.")]
Json = Annotated[bool, typer.Option("--json", help="One JSON object a line, and nothing else.")]
