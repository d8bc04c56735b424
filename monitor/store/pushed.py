"""Bodies that applications pushed, kept as they came until they are pulled like any other source."""

from collections.abc import Iterator
from datetime import datetime
from typing import Literal

from sqlalchemy import ColumnElement, Connection, and_, delete, insert, select

from monitor.store.database import Database
from monitor.store.schema import model, pushed

Holds = Literal["records", "labels"]


def add_pushed(
    connection: Connection, name: str, body: bytes, content_type: str, *, now: datetime, holds: Holds = "records"
) -> None:
    """Keep a body for a model that is registered; once this is committed, it will not be lost.

    Another body of the model waits until this transaction ends, so that numbers are seen in their order.
    """
    # A reader goes on behind the highest number it saw: a lower one committed later would never be read. Rows that
    # point to the model may be written meanwhile.
    connection.execute(select(model.c.name).where(model.c.name == name).with_for_update(key_share=True))
    connection.execute(insert(pushed).values(model=name, at=now, content_type=content_type, data=body, holds=holds))


def read_pushed(
    database: Database, name: str, after: int, *, holds: Holds = "records"
) -> Iterator[tuple[int, bytes, str]]:
    """Give (number, body, content type) of a model's bodies behind a number, oldest first, one at a time."""
    while True:
        chosen = select(pushed.c.id, pushed.c.data, pushed.c.content_type).where(_of(name, holds))
        with database.read() as connection:
            row = connection.execute(chosen.where(pushed.c.id > after).order_by(pushed.c.id).limit(1)).first()
        if row is None:
            return
        yield row.id, row.data, row.content_type
        after = row.id


def forget_pushed(connection: Connection, name: str, *, until: int, holds: Holds = "records") -> None:
    """Delete the bodies that have been taken."""
    connection.execute(delete(pushed).where(_of(name, holds), pushed.c.id <= until))


def _of(name: str, holds: Holds) -> ColumnElement[bool]:
    return and_(pushed.c.model == name, pushed.c.holds == holds)
