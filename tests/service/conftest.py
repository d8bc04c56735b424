"""Every test here runs on SQLite, and on PostgreSQL where MONITOR_TEST_POSTGRES names an empty database."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text

from monitor.store.database import Database, migrate, open_database


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'monitor.db'}"
    address = os.environ.get("MONITOR_TEST_POSTGRES")
    if not address:
        pytest.skip("MONITOR_TEST_POSTGRES is not set: not tried on PostgreSQL")
    _empty(address)
    return address


@pytest.fixture
def database(url: str) -> Iterator[Database]:
    migrate(url)
    opened = open_database(url)
    yield opened
    opened.close()


def _empty(address: str) -> None:
    engine = create_engine(address.replace("postgresql://", "postgresql+psycopg://"))
    with engine.begin() as connection:
        connection.execute(text("DROP SCHEMA public CASCADE"))
        connection.execute(text("CREATE SCHEMA public"))
    engine.dispose()
