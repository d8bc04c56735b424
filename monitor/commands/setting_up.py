"""`monitor init` and `monitor migrate`: before anything runs."""

import re
from contextlib import suppress
from pathlib import Path

import typer
import yaml

from monitor.commands.opening import configured, reaching_database
from monitor.errors import ConfigError, MonitorError
from monitor.setup.initial import initial
from monitor.store.database import migrate as to_newest
from monitor.wiring import database_url

_NAME = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]*")


def init(  # the command's options
    data: str, *, reference: str | None, labels: str | None, name: str | None, out: Path, force: bool
) -> int:
    """Write a first configuration; ConfigError when one stands there already."""
    if out.exists() and not force:
        raise ConfigError(str(out), "is there already", "name another file with -o, or overwrite it with --force")
    root = out.absolute().parent
    if name is not None and not _NAME.fullmatch(name):
        raise ConfigError("--name", f"{name!r} is no name of a model", "write letters, digits, dot, dash, underscore")
    taken = _models_beside(out.absolute())
    written = initial(data, reference=reference, labels=labels, here=Path.cwd(), root=root, model=name, taken=taken)
    try:
        out.write_text(written, encoding="utf-8")
    except OSError as error:
        raise MonitorError(f"{out} cannot be written: {error.strerror or error}") from error
    typer.echo(f"{out}: written; read it, then `monitor check {out}`")
    return 0


def _models_beside(out: Path) -> set[str]:
    """Name the models of other configurations in the folder: their database is the same one, unless it is changed."""
    found: set[str] = set()
    for path in sorted({*out.parent.glob("*.yaml"), *out.parent.glob("*.yml")} - {out}):
        with suppress(OSError, ValueError, yaml.YAMLError):
            written = yaml.safe_load(path.read_text(encoding="utf-8"))
            models = written.get("models") if isinstance(written, dict) else None
            found |= {str(name) for name in models} if isinstance(models, dict) else set()
    return found


def migrate(path: Path) -> int:
    """Bring the database to the newest schema."""
    setup = configured(path)
    with reaching_database(setup):
        to_newest(database_url(setup.config, root=setup.root))
    typer.echo("the database has the newest schema")
    return 0
