"""From plain dicts to pages: everything that comes from data or configuration is escaped, and nothing is invisible."""

from collections.abc import Collection, Iterator
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from monitor.alerts.phrasing import plain, quieted, under_alarm
from monitor.alerts.public import instant
from monitor.errors import MonitorError
from monitor.render import attacks, cards, charts, groups, lanes, model_view, shapes, views
from monitor.render.svg import TimeScale, read_number, read_time
from monitor.store.database import Database
from monitor.store.silences import read_quieted

MARKER = ".monitor-dashboard"
STATIC = {"style.css": "text/css", "script.js": "text/javascript"}


def overview_page(
    database: Database, *, now: datetime, watched: Collection[str] | None = None, live: bool = False
) -> bytes:
    """Give the page of all models. `live`: it is served, so that links may ask for other windows.

    now: by which silences run. watched: the models of the configuration; None is every model that the database knows.
    """
    with database.read() as connection:
        page = views.overview(connection, watched=watched, quieted=read_quieted(connection, now=now))
    return _written("overview.html", page, live=live, root="")


def model_page(
    database: Database,
    page_name: str,
    *,
    now: datetime,
    until: datetime | None = None,
    last: int = views.WINDOWS,
    live: bool = False,
) -> bytes | None:
    """Give the page of a model, by its name or its page's; None where there is no such model. now: as above."""
    with database.read() as connection:
        name = views.named(connection, page_name)
        if name is None:
            return None
        kept = read_quieted(connection, now=now)
        page = model_view.model_page(connection, name, until=until, last=last, quieted=kept)
    page["scale"] = TimeScale(*page["span"]) if page["span"] else None
    return _written("model.html", page, live=live, root="../")


def static_file(name: str) -> bytes | None:
    """Give a style or a script; None for every other name."""
    return (dashboards() / name).read_bytes() if name in STATIC else None


def site(database: Database, *, now: datetime, watched: Collection[str] | None = None) -> Iterator[tuple[str, bytes]]:
    """Give every page with its path, relative to a folder that can be opened without a server."""
    for name in STATIC:
        yield f"static/{name}", (dashboards() / name).read_bytes()
    with database.read() as connection:
        known = views.overview(connection, watched=watched)
        names = [row["page"] for row in (*known["models"], *known["gone"])]
    yield "index.html", overview_page(database, now=now, watched=watched)
    for name in names:
        page = model_page(database, name, now=now)
        if page is not None:
            yield f"model/{name}.html", page


def write_site(database: Database, folder: Path, *, now: datetime, watched: Collection[str] | None = None) -> int:
    """Write every page into `folder`, which is made where it is missing, and give how many files there are.

    Raises MonitorError when the folder holds something else, so that nothing of anybody's is overwritten, and when it
    cannot be written.
    """
    if folder.exists() and not folder.is_dir():
        raise MonitorError(f"{folder} is a file; name a folder for the dashboard")
    if folder.is_dir() and any(folder.iterdir()) and not (folder / MARKER).is_file():
        raise MonitorError(f"{folder} holds other files; name an empty or a new folder for the dashboard")
    pages = dict(site(database, now=now, watched=watched))
    marked = {MARKER: b"made by `monitor dashboard`; may be written anew\n"} | pages
    try:
        for path, content in marked.items():
            target = folder / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content)
    except OSError as error:
        raise MonitorError(f"{folder} cannot be written: {error.strerror or error}") from error
    return len(pages)


def dashboards() -> Path:
    """Give the folder that pages are made from: inside an installed package, beside it in a checkout."""
    package = Path(__file__).resolve().parents[1]
    return package / "dashboards" if (package / "dashboards").is_dir() else package.parent / "dashboards"


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(dashboards() / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "number": read_number,
        "time": read_time,
        "iso": instant,
        "counted": under_alarm,
        "quieted": quieted,
    }
    environment.globals |= {
        "charts": charts,
        "lanes": lanes,
        "shape": shapes.shape,
        "group_rates": groups.group_rates,
        "cards": cards.cards,
        "suspicion_lanes": attacks.suspicion_lanes,
    }
    return environment


def _written(template: str, page: dict[str, Any], **more: object) -> bytes:
    return plain(_environment().get_template(template).render(page=page, **more)).encode()
