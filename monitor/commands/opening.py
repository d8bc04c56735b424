"""From the path on the command line to a configuration, a database, a model."""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from sqlalchemy.exc import DBAPIError

from monitor.config import Config, ConfigErrors, load
from monitor.config.words import suggestion
from monitor.errors import ConfigError, MonitorError
from monitor.store.database import Database, open_database
from monitor.watch import Monitor, Watch
from monitor.wiring import database_url, opened

T = TypeVar("T")

OF_SENDING = ("receivers", "web")
"""Sections of a configuration that a command which only looks does without."""


@dataclass(frozen=True)
class Setup:
    """A configuration; `place` is what messages call it, and `root` its folder, where relative paths begin."""

    config: Config
    place: str
    root: Path


def setup_at(path: Path, config: Config) -> Setup:
    """Give a configuration that was read from a path."""
    # A symbolic link is not followed: the files lie beside the link where a platform mounts configurations so.
    return Setup(config, str(path), path.absolute().parent)


def configured(path: Path) -> Setup:
    """Read the configuration; ConfigError or ConfigErrors when it cannot be read or used."""
    place = str(path)

    def read(name: str) -> str:
        return (path.absolute().parent / name).read_text(encoding="utf-8")

    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise ConfigError(place, f"cannot be read: {error.strerror}", "`monitor init DATA` writes one") from error
    except UnicodeDecodeError as error:
        raise ConfigError(place, f"no UTF-8 text at byte {error.start}", "save it as UTF-8") from error
    return setup_at(path, load(text, place=place, environ=os.environ, read=read))


def configured_to_look(path: Path) -> Setup:
    """Read the configuration for a command that sends nothing; without receivers where these have mistakes.

    Who looks at alerts need not know the secrets by which they are sent. Errors as of `configured`.
    """
    try:
        return configured(path)
    except ConfigErrors as mistakes:
        apart = tuple(f"{path}: {section}." for section in OF_SENDING)
        if mistakes.remains is None or not all(one.place.startswith(apart) for one in mistakes.errors):
            raise
        return setup_at(path, mistakes.remains.config)


@contextmanager
def watching(setup: Setup, *, owner: str = "monitor") -> Iterator[Monitor]:
    """Give everything that the configuration names, with the database at its newest schema, and close it after."""
    with reaching_database(setup):
        monitor = opened(setup.config, root=setup.root, owner=owner, place=setup.place)
    try:
        yield monitor
    finally:
        monitor.database.close()


@contextmanager
def stored(setup: Setup) -> Iterator[Database]:
    """Give the database as it is, without bringing it to the newest schema, and close it after."""
    with reaching_database(setup):
        database = open_database(database_url(setup.config, root=setup.root))
    try:
        yield database
    finally:
        database.close()


@contextmanager
def reaching_database(setup: Setup) -> Iterator[None]:
    """Turn an error of the database's driver into one sentence, without the address, which may hold a password."""
    try:
        yield
    except DBAPIError as error:
        said = str(error.orig).strip().partition("\n")[0]
        raise MonitorError(f"{setup.place}: database: cannot be used: {said}{_of_its_folder(setup)}") from error
    except ModuleNotFoundError as error:
        if error.name != "psycopg":
            raise
        mend = "install it with `pip install 'ml-monitor[postgres]'`"
        raise ConfigError(f"{setup.place}: database", "PostgreSQL needs psycopg", mend) from error


def _of_its_folder(setup: Setup) -> str:
    """Say what is wrong with the folder of a database that is a file; the empty text where nothing is."""
    url = database_url(setup.config, root=setup.root)
    folder = Path(url.removeprefix("sqlite:///")).parent
    if not url.startswith("sqlite:///") or (folder.is_dir() and os.access(folder, os.W_OK)):
        return ""
    if not folder.is_dir():
        return f"; the folder {folder} is not there: make it, or name a file elsewhere"
    return f"; the folder {folder} may not be written to, which SQLite needs to read, too"


def watch_named(monitor: Monitor, name: str | None, *, place: str) -> Watch:
    """Give a watched model by its name, or the only one where none is named; ConfigError for any other."""
    if name is None:
        if len(monitor.watches) != 1:
            names = ", ".join(watch.name for watch in monitor.watches)
            raise ConfigError(place, f"there are {len(monitor.watches)} models", f"name one of {names}")
        return monitor.watches[0]
    return named({watch.name: watch for watch in monitor.watches}, name, place=place, what="model")


def named(known: Mapping[str, T], name: str, *, place: str, what: str) -> T:
    """Give what has a name in the configuration; ConfigError with the name that was probably meant."""
    if name not in known:
        raise ConfigError(place, f"no {what} {name!r}", suggestion(name, known))
    return known[name]
