"""`monitor init`, `monitor check`, `monitor migrate`: before anything runs."""

import os
import re
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import typer
import yaml
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from monitor.commands.opening import Setup, configured, reaching_database, stored
from monitor.commands.printing import printable
from monitor.commands.unspent import unspent_budgets
from monitor.errors import ConfigError, MonitorError
from monitor.setup.checks import Finding
from monitor.setup.checks import check as findings_of
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


def check(path: Path) -> int:
    """Print everything that is wrong with a configuration and its data; 2 when something has to be mended."""
    setup = configured(path)
    findings = [*_of_store(setup), *findings_of(setup.config, root=setup.root, place=setup.place)]
    if not any(finding.severity == "error" for finding in findings):
        findings += unspent_budgets(setup)
    for finding in findings:
        typer.echo(printable(f"{finding.severity}: {finding}"), err=True)
    errors = sum(finding.severity == "error" for finding in findings)
    if errors:
        return 2
    models, receivers = len(setup.config.models), len(setup.config.receivers)
    typer.echo(f"{setup.place}: no mistakes; models: {models}, receivers: {receivers}, warnings: {len(findings)}")
    return 0


def _of_store(setup: Setup) -> Iterator[Finding]:
    """Say why the store's database cannot be used; a SQLite file that is not there yet is not made."""
    place, url = f"{setup.place}: database", database_url(setup.config, root=setup.root)
    file = Path(url.removeprefix("sqlite:///"))
    if url.startswith("sqlite:///") and not file.exists():
        if not (file.parent.is_dir() and os.access(file.parent, os.W_OK)):
            mend = "make the folder, or name a file elsewhere"
            yield Finding("error", place, f"the folder {file.parent} is not there or may not be written to", mend)
        return
    try:
        with stored(setup) as database, database.read() as connection:
            connection.execute(text("SELECT 1"))
    except MonitorError as error:
        yield Finding("error", place, str(error).removeprefix(f"{place}: "), "start it, or correct its address")
    except DBAPIError as error:
        said = str(error.orig).strip().partition("\n")[0]
        yield Finding("error", place, f"cannot be used: {said}", "start it, or correct its address")


def migrate(path: Path) -> int:
    """Bring the database to the newest schema."""
    setup = configured(path)
    with reaching_database(setup):
        to_newest(database_url(setup.config, root=setup.root))
    typer.echo("the database has the newest schema")
    return 0
