"""`monitor check`: everything that is wrong with a configuration and its data, told at once."""

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

import typer
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from monitor.commands.opening import Setup, configured, setup_at, stored
from monitor.commands.printing import printable
from monitor.commands.unspent import unspent_budgets
from monitor.config import ConfigErrors
from monitor.config.remains import Remains
from monitor.errors import MonitorError
from monitor.setup.checks import check as findings_of
from monitor.setup.finding import Finding
from monitor.wiring import database_url


def check(path: Path) -> int:
    """Print everything that is wrong with a configuration and its data; 2 when something has to be mended."""
    try:
        setup, findings = configured(path), list[Finding]()
        findings += _of_store(setup)
        findings += findings_of(setup.config, root=setup.root, place=setup.place)
    except ConfigErrors as mistakes:
        if mistakes.remains is None:
            raise
        setup = setup_at(path, mistakes.remains.config)
        findings = [Finding("error", one.place, one.problem, one.mend) for one in mistakes.errors]
        findings += _of_remains(setup, mistakes.remains)
    wrong = [finding.place for finding in findings if finding.severity == "error"]
    findings += unspent_budgets(setup, [name for name in setup.config.models if not _is_wrong(setup, name, wrong)])
    for finding in findings:
        typer.echo(printable(f"{finding.severity}: {finding}"), err=True)
    if wrong:
        return 2
    models, receivers = len(setup.config.models), len(setup.config.receivers)
    typer.echo(f"{setup.place}: no mistakes; models: {models}, receivers: {receivers}, warnings: {len(findings)}")
    return 0


def _is_wrong(setup: Setup, name: str, places: Sequence[str]) -> bool:
    at = f"{setup.place}: models.{name}"
    return any(place == at or place.startswith(f"{at}.") for place in places)


def _of_remains(setup: Setup, remains: Remains) -> Iterator[Finding]:
    """Look at what can be looked at beside the mistakes of the configuration.

    What may only seem so since a part is left out is not told: warnings of such a model, and a time that was not named.
    """
    if remains.database:
        yield from _of_store(setup)
    unnamed = {name for name, model in setup.config.models.items() if not model.columns.timestamp}
    for finding in findings_of(setup.config, root=setup.root, place=setup.place):
        seems = finding.severity == "warning" and any(_is_wrong(setup, one, [finding.place]) for one in remains.partial)
        if not seems and finding.place not in {f"{setup.place}: models.{one}.columns.timestamp" for one in unnamed}:
            yield finding


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
