"""When each receiver is told again of what still fires of a model."""

from collections.abc import Mapping

from sqlalchemy import Connection, delete, select, update

from monitor.alerts.reminder import Reminder
from monitor.store.database import insert_new
from monitor.store.schema import reminder


def read_reminders(connection: Connection, model: str, *, locked: bool = False) -> dict[str, Reminder]:
    """Give the reminders of a model by receiver; locked: nobody else changes them before this transaction ends."""
    chosen = select(reminder).where(reminder.c.model == model).order_by(reminder.c.receiver)
    rows = connection.execute(chosen.with_for_update() if locked else chosen)
    return {row.receiver: Reminder(row.due_at, tuple(row.alerts), row.times) for row in rows}


def write_reminders(
    connection: Connection, model: str, before: Mapping[str, Reminder], after: Mapping[str, Reminder]
) -> None:
    """Store the reminders of a model in place of those that there were; one that somebody else has begun stays."""
    mine = reminder.c.model == model
    for name in before.keys() - after.keys():
        connection.execute(delete(reminder).where(mine, reminder.c.receiver == name))
    for name, one in after.items():
        values = {"due_at": one.due_at, "alerts": list(one.alerts), "times": one.times}
        if name in before:
            connection.execute(update(reminder).where(mine, reminder.c.receiver == name).values(values))
        else:
            insert_new(connection, reminder, model=model, receiver=name, **values)
