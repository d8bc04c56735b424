"""Runs the migrations on a connection given by `monitor.store.database.migrate`, or on `-x url=...`."""

from typing import Any

from alembic import context
from sqlalchemy import Connection

from monitor.store.database import open_database
from monitor.store.schema import UTCDateTime, metadata


def render_item(kind: str, item: object, _autogenerate: object) -> Any:  # noqa: ANN401 (text, or False for "as usual")
    # A migration never imports the app, so our own type is written as what it is made of.
    if kind == "type" and isinstance(item, UTCDateTime):
        return 'sa.DateTime(timezone=True).with_variant(sa.String(26), "sqlite")'
    return False


def run(connection: Connection) -> None:
    context.configure(
        connection=connection,
        target_metadata=metadata,
        render_as_batch=connection.dialect.name == "sqlite",
        render_item=render_item,
    )
    with context.begin_transaction():
        context.run_migrations()


given = context.config.attributes.get("connection")
if given is not None:
    run(given)
else:
    database = open_database(context.get_x_argument(as_dictionary=True)["url"])
    with database.write() as opened:
        run(opened)
    database.close()
