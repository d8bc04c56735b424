"""How far each shard of a source has been read."""

from sqlalchemy import Connection, delete, insert, select

from monitor.store.schema import cursor
from monitor.types import Cursor


def read_cursors(connection: Connection, source: str) -> dict[str, Cursor]:
    """Give the cursor of every shard of a source that was read before."""
    rows = connection.execute(select(cursor.c.shard, cursor.c.state).where(cursor.c.source == source))
    return {shard: state for shard, state in rows}  # noqa: C416 (the rows are no pairs to mypy)


def write_cursor(connection: Connection, source: str, shard: str, state: Cursor) -> None:
    """Move a shard's cursor; belongs into the transaction that stores the rows in front of it."""
    connection.execute(delete(cursor).where(cursor.c.source == source, cursor.c.shard == shard))
    connection.execute(insert(cursor).values(source=source, shard=shard, state=dict(state)))
