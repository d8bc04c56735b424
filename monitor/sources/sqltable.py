"""Open a database for reading, and find a table of it: only names that the database itself gave reach SQL."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from sqlalchemy import (
    URL,
    ColumnClause,
    Connection,
    Engine,
    TableClause,
    column,
    create_engine,
    event,
    inspect,
    make_url,
    quoted_name,
    table,
)
from sqlalchemy.engine import Inspector
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.pool import NullPool
from sqlalchemy.types import TypeEngine

from monitor.errors import SourceError
from monitor.sources.sqlvalues import python_type

_CONNECT_SECONDS = 10


@dataclass(frozen=True)
class Found:
    """A table as the database describes it; `typed` says whether values keep to the declared types."""

    source: TableClause
    types: Mapping[str, TypeEngine[Any]]
    typed: bool

    @property
    def declared(self) -> dict[str, type]:
        """Give the Python class of each column's declared type."""
        return {name: python_type(kind) for name, kind in self.types.items()}


def place_of(url: str) -> URL:
    """Read an address; SourceError when it is none, or names an SQLite file that is not there."""
    try:
        place = make_url(url)
    except SQLAlchemyError:
        raise SourceError("the database's address is none; write for example postgresql://user@host/name") from None
    if "@" in (place.host or ""):
        raise SourceError("the database's address holds an @ in its user or password; write it as %40")
    if place.drivername == "postgresql":
        place = place.set(drivername="postgresql+psycopg")
    missing = place.get_backend_name() == "sqlite" and place.database and not place.query
    if missing and not Path(str(place.database)).is_file():
        raise SourceError(f"{shown(place)}: there is no such file")
    return place


def shown(place: URL) -> str:
    """Give the address without its password."""
    return place.render_as_string(hide_password=True)


def problem_of(error: Exception, place: URL) -> str:
    """Give the first line of what went wrong, without the password; of a driver that is missing, what installs it."""
    told = str(getattr(error, "orig", None) or error).strip().partition("\n")[0]
    if isinstance(error, ModuleNotFoundError):
        package = "ml-monitor[postgres]" if error.name == "psycopg" else error.name
        return f'{told}; install the driver of {place.drivername}: pip install "{package}"'
    return told.replace(str(place.password), "***") if place.password else told


def engine_of(place: URL) -> Engine:
    """Give an engine that keeps no connection open and, on PostgreSQL and SQLite, refuses to write."""
    if place.get_backend_name() == "postgresql":
        options = {"connect_timeout": _CONNECT_SECONDS}
        engine = create_engine(place, poolclass=NullPool, connect_args=options)
        return engine.execution_options(postgresql_readonly=True)
    engine = create_engine(place, poolclass=NullPool)
    if place.get_backend_name() == "sqlite":
        event.listen(engine, "connect", lambda driver, _: driver.execute("PRAGMA query_only=ON").close())
    return engine


def found_table(connection: Connection, name: str) -> Found:
    """Find a table or view; a name with dots is tried whole, then as schema and name.

    Raises SourceError, with the nearest name, when there is none.
    """
    with connection.begin():
        inspector: Inspector = inspect(connection)
        schemas = inspector.get_schema_names()
        cuts = [i for i, letter in enumerate(name) if letter == "."]
        readings = [(None, name), *((name[:i], name[i + 1 :]) for i in cuts if name[:i] in schemas)]
        tables = {schema: _tables(inspector, schema) for schema, _ in readings}
        found = [(schema, bare) for schema, bare in readings if bare in tables[schema]]
        if not found:
            known = [f"{schema}.{each}" if schema else each for schema in tables for each in tables[schema]]
            raise SourceError(f"no table {name!r}; {_nearest(name, known)}")
        schema, bare = found[0]
        types = {each["name"]: each["type"] for each in inspector.get_columns(bare, schema=schema)}
    columns: list[ColumnClause[Any]] = [column(_quoted(each)) for each in types]
    source = table(_quoted(bare), *columns, schema=_quoted(schema) if schema else None)
    return Found(source, types, typed=connection.dialect.name != "sqlite")


def _tables(inspector: Inspector, schema: str | None) -> list[str]:
    names = [*inspector.get_table_names(schema=schema), *inspector.get_view_names(schema=schema)]
    if inspector.dialect.name == "postgresql":
        names += inspector.get_materialized_view_names(schema=schema)
    return names


def _quoted(name: str) -> quoted_name:
    return quoted_name(name, quote=True)


def known_name(name: str, names: Iterable[str], what: str) -> str:
    """Give `name` when it is one of `names`; SourceError with the nearest otherwise."""
    known = list(names)
    if name not in known:
        raise SourceError(f"no {what} {name!r}; {_nearest(name, known)}")
    return name


def _nearest(name: str, known: Sequence[str]) -> str:
    close = get_close_matches(name, known, n=1)
    return f"did you mean {close[0]!r}?" if close else f"known are {', '.join(map(repr, known)) or 'none'}"[:500]
