"""Opens the database: one engine that writes, one that cannot, and gives it the newest schema."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import (
    URL,
    Column,
    Connection,
    Engine,
    MetaData,
    PrimaryKeyConstraint,
    String,
    Table,
    create_engine,
    event,
    inspect,
    make_url,
    text,
)
from sqlalchemy.dialects import postgresql, sqlite

from monitor.errors import ConfigError
from monitor.store.schema import metadata

_BUSY_MILLISECONDS = 30_000
_PAGES = "page_size=16384"  # segments are large; counts only while the file is empty, before WAL
_MIGRATION_LOCK = 7_236_115_204  # any number, the same for every process that migrates


@dataclass(frozen=True)
class Database:
    """Two engines on one database. `close` it when done."""

    writer: Engine
    reader: Engine

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """Give a connection in one transaction: committed at the end, rolled back on an error."""
        with self.writer.begin() as connection:
            yield connection

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """Give a connection that sees one snapshot and refuses to write."""
        with self.reader.begin() as connection:
            yield connection

    def close(self) -> None:
        """Close every pooled connection."""
        self.writer.dispose()
        self.reader.dispose()


def open_database(url: str) -> Database:
    """Give the database at `url`, such as `sqlite:///monitor.db` or `postgresql://host/name`; nothing is read yet.

    Raises `ConfigError` for any other kind of database, and for SQLite in memory, which two engines cannot share.
    """
    place = _parsed(url)
    if place.get_backend_name() == "sqlite":
        return Database(
            writer=_sqlite(place, begin="BEGIN IMMEDIATE", pragmas=(_PAGES, "journal_mode=WAL", "foreign_keys=ON")),
            reader=_sqlite(place, begin="BEGIN", pragmas=("query_only=ON",)),
        )
    read_only = {"postgresql_readonly": True, "isolation_level": "REPEATABLE READ"}
    return Database(
        writer=create_engine(place, pool_pre_ping=True),
        reader=create_engine(place, pool_pre_ping=True, execution_options=read_only),
    )


def migrate(url: str) -> None:
    """Bring the database at `url` to the newest schema in one transaction; does nothing where it is there already.

    Where there are no tables they are made as they are; else the migrations make them so.
    """
    database = open_database(url)
    try:
        with database.read() as connection:
            if revision_of(connection) == newest_revision():
                return
    finally:
        database.close()
    engine = _migration_engine(_parsed(url))
    try:
        with engine.begin() as connection:
            if connection.dialect.name == "postgresql":
                connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _MIGRATION_LOCK})
            if metadata.tables.keys().isdisjoint(inspect(connection).get_table_names()):
                _create(connection)
            else:
                _upgrade(connection)
    finally:
        engine.dispose()


def revision_of(connection: Connection) -> str | None:
    """Give the revision of the schema that the database has; None where it has no tables yet."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    return connection.execute(text("SELECT version_num FROM alembic_version")).scalar()


def newest_revision() -> str:
    """Give the revision that the migrations lead to: their files begin with their number."""
    return max(file.name.partition("_")[0] for file in (home() / "migrations" / "versions").glob("[0-9]*.py"))


def _create(connection: Connection) -> None:
    metadata.create_all(connection)
    number = Column("version_num", String(32))
    version = Table("alembic_version", MetaData(), number, PrimaryKeyConstraint(number, name="alembic_version_pkc"))
    version.create(connection, checkfirst=True)
    connection.execute(version.delete())
    connection.execute(version.insert().values(version_num=newest_revision()))


def _upgrade(connection: Connection) -> None:
    # Alembic is needed but once for a version, and takes a third of a second to import.
    from alembic import command  # noqa: PLC0415
    from alembic.config import Config  # noqa: PLC0415

    config = Config(home() / "alembic.ini")
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


def insert_new(connection: Connection, table: Table, **values: Any) -> bool:  # noqa: ANN401 (columns)
    """Insert a row and say whether it was new; one with the same unique key, even of another process, stays."""
    dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
    new = dialect.insert(table).values(values).on_conflict_do_nothing().returning(*table.primary_key)
    return connection.execute(new).first() is not None  # PostgreSQL's driver counts no inserted rows


def _migration_engine(place: URL) -> Engine:
    if place.get_backend_name() != "sqlite":
        return create_engine(place)
    # Foreign keys stay off: a batch migration drops and renames tables that others point to.
    return _sqlite(place, begin="BEGIN IMMEDIATE", pragmas=(_PAGES, "journal_mode=WAL"))


def home() -> Path:
    """Give the folder of alembic.ini and the migrations."""
    # An installed package carries the migrations inside; a checkout has them beside the package.
    package = Path(__file__).resolve().parents[1]
    return package if (package / "migrations").is_dir() else package.parent


def _parsed(url: str) -> URL:
    place = make_url(url)
    if "@" in (place.host or ""):
        raise ConfigError("database", "an @ stands in the user or password", "write it as %40")
    backend = place.get_backend_name()
    if backend == "sqlite":
        if place.database in (None, "", ":memory:"):
            raise ConfigError(
                "database", "SQLite in memory cannot be shared", "name a file, as in sqlite:///monitor.db"
            )
        return place
    if backend == "postgresql":
        return place.set(drivername="postgresql+psycopg")
    raise ConfigError("database", f"{backend!r} is not supported", "use sqlite:///file or postgresql://host/name")


def _sqlite(place: URL, *, begin: str, pragmas: tuple[str, ...]) -> Engine:
    engine = create_engine(place)

    @event.listens_for(engine, "connect")
    def configure(connection: Any, _record: object) -> None:  # noqa: ANN401 (the driver's own connection)
        # The driver must not begin by itself: it would begin deferred, and two such writers deadlock at once.
        connection.isolation_level = None
        for pragma in (f"busy_timeout={_BUSY_MILLISECONDS}", *pragmas):
            connection.execute(f"PRAGMA {pragma}").close()

    @event.listens_for(engine, "begin")
    def start(connection: Connection) -> None:
        connection.exec_driver_sql(begin)

    return engine
