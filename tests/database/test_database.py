"""The store's ways in and out, and its migrations."""

import multiprocessing
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.command import upgrade
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, create_engine, func, insert, inspect, make_url, select, text
from sqlalchemy.exc import DBAPIError, IntegrityError, StatementError

from monitor.errors import ConfigError
from monitor.store.database import Database, home, migrate, newest_revision, open_database, revision_of
from monitor.store.schema import cursor, metadata, model, profile

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.fixture
def stepped(url: str, tmp_path: Path) -> Iterator[Database]:
    """Give a database that all migrations have made, one after the other, from nothing."""
    place = make_url(url)
    if place.get_backend_name() == "sqlite":
        place = place.set(database=str(tmp_path / "stepped.db"))
    else:
        server, place = (
            create_engine(place, isolation_level="AUTOCOMMIT"),
            place.set(database=f"{place.database}_steps"),
        )
        with server.connect() as connection:
            connection.execute(text(f'DROP DATABASE IF EXISTS "{place.database}"'))
            connection.execute(text(f'CREATE DATABASE "{place.database}"'))
        server.dispose()
    opened = open_database(place.render_as_string(hide_password=False))
    config = Config(home() / "alembic.ini")
    with opened.write() as connection:
        config.attributes["connection"] = connection
        upgrade(config, "head")
    yield opened
    opened.close()


def test_the_migrations_from_empty_give_the_schema(stepped: Database) -> None:
    with stepped.read() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []


def test_an_empty_database_gets_the_tables_that_the_migrations_lead_to(database: Database, stepped: Database) -> None:
    with database.read() as made, stepped.read() as led_to:
        assert shape_of(made) == shape_of(led_to)


def shape_of(connection: Connection) -> dict[str, Any]:
    """Give all that a database knows of its tables, in the order of their columns, and the revision that it holds."""
    its = inspect(connection)
    told = (its.get_columns, its.get_pk_constraint, its.get_foreign_keys, its.get_indexes)
    told = (*told, its.get_unique_constraints, its.get_check_constraints)
    tables = its.get_table_names()
    assert set(tables) == {*metadata.tables, "alembic_version"}
    shape = {name: [sorted(map(str, look(name))) for look in told] for name in tables}
    order = {name: [column["name"] for column in its.get_columns(name)] for name in tables}
    return {"shape": shape, "order": order, "revision": revision_of(connection)}


def test_migrating_twice_keeps_what_is_there(database: Database, url: str) -> None:
    with database.write() as connection:
        connection.execute(insert(model).values(name="flights", created_at=NOON))
    migrate(url)
    with database.read() as connection:
        assert connection.scalar(select(model.c.name)) == "flights"


def test_the_newest_revision_is_the_one_that_the_migrations_lead_to(database: Database) -> None:
    assert newest_revision() == ScriptDirectory.from_config(Config(home() / "alembic.ini")).get_current_head()
    with database.read() as connection:
        assert revision_of(connection) == newest_revision()


def test_a_database_without_tables_has_no_revision(tmp_path: Path) -> None:
    database = open_database(f"sqlite:///{tmp_path / 'monitor.db'}")
    with database.read() as connection:
        assert revision_of(connection) is None
    database.close()


def test_what_only_looks_waits_for_no_writer(database: Database, url: str) -> None:
    with database.write():
        migrate(url)


def test_a_time_of_any_zone_comes_back_as_the_same_instant_in_utc(database: Database) -> None:
    given = datetime(2026, 3, 1, 1, 30, 0, 5, tzinfo=timezone(timedelta(hours=5, minutes=30)))
    with database.write() as connection:
        connection.execute(insert(model).values(name="flights", created_at=given))
    with database.read() as connection:
        back = connection.execute(select(model.c.created_at)).scalar_one()
    assert back == given
    assert back.tzinfo is UTC


def test_times_of_different_zones_sort_by_instant(database: Database) -> None:
    tokyo = timezone(timedelta(hours=9))
    times = {
        "last": NOON,
        "first": datetime(2026, 3, 1, 20, 59, tzinfo=tokyo),
        "middle": NOON - timedelta(microseconds=1),
    }
    with database.write() as connection:
        connection.execute(insert(model), [{"name": name, "created_at": at} for name, at in times.items()])
    with database.read() as connection:
        assert connection.scalars(select(model.c.name).order_by(model.c.created_at)).all() == [
            "first",
            "middle",
            "last",
        ]
        assert connection.scalar(select(func.count()).where(model.c.created_at < NOON)) == 2


def test_a_naive_time_is_refused(database: Database) -> None:
    naive = NOON.replace(tzinfo=None)
    with pytest.raises(StatementError, match="no time zone"), database.write() as connection:
        connection.execute(insert(model).values(name="flights", created_at=naive))


def test_the_read_engine_refuses_to_write(database: Database) -> None:
    with pytest.raises(DBAPIError, match=r"readonly|read-only"), database.read() as connection:
        connection.execute(insert(model).values(name="flights", created_at=NOON))


def test_an_error_undoes_the_whole_write(database: Database) -> None:
    row = {"source": "s", "shard": "a", "state": {"line": 3}}
    with pytest.raises(IntegrityError), database.write() as connection:
        [connection.execute(insert(cursor), row) for _ in range(2)]
    with database.read() as connection:
        assert connection.execute(select(cursor)).all() == []


def test_a_profile_of_an_unknown_model_is_refused(database: Database) -> None:
    row = {"model": "nobody", "version": "", "segment": "", "start": NOON, "end": NOON, "revision": 0}
    with pytest.raises(IntegrityError), database.write() as connection:
        connection.execute(insert(profile).values(**row, rows=1, data=b""))


def test_processes_that_read_then_write_at_once_all_succeed(database: Database, url: str) -> None:
    if database.writer.dialect.name != "sqlite":
        pytest.skip("about SQLite's one writer at a time")
    with database.write() as connection:
        connection.execute(insert(cursor).values(source="s", shard="a", state=0))
    spawn = multiprocessing.get_context("spawn")
    workers = [spawn.Process(target=_count_up, args=(url, 50)) for _ in range(2)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(60)
    assert [worker.exitcode for worker in workers] == [0, 0]
    with database.read() as connection:
        assert connection.scalar(select(cursor.c.state)) == 100


def test_sqlite_keeps_a_write_ahead_log(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'monitor.db'}"
    migrate(url)
    database = open_database(url)
    with database.read() as connection:
        assert connection.scalar(text("PRAGMA journal_mode")) == "wal"
    database.close()


@pytest.mark.parametrize("url", ["sqlite://", "sqlite:///:memory:", "mysql://host/name"])
def test_a_database_that_cannot_serve_is_refused(url: str) -> None:
    with pytest.raises(ConfigError, match="sqlite:///"):
        open_database(url)


def _count_up(url: str, times: int) -> None:
    database = open_database(url)
    for _ in range(times):
        with database.write() as connection:
            state = connection.execute(select(cursor.c.state)).scalar_one()
            connection.execute(cursor.update().values(state=state + 1))
    database.close()
