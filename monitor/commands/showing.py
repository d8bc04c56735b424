"""`monitor dashboard`: pages that open without a server."""

from pathlib import Path

import typer

from monitor.commands.clock import now
from monitor.commands.opening import configured_to_look, reaching_database, watching
from monitor.render.html import write_site


def dashboard(path: Path, folder: Path) -> int:
    """Write every page."""
    setup = configured_to_look(path)
    with watching(setup) as monitor, reaching_database(setup):
        watched = [watch.name for watch in monitor.watches]
        pages = write_site(monitor.database, folder, now=now(), watched=watched)
    typer.echo(f"{folder / 'index.html'}: {pages} files")
    return 0
