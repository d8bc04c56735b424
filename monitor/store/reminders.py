"""When each receiver is told again of what still fires of a model."""

from collections.abc import Mapping

from sqlalchemy import Connection, delete, insert, select

from monitor.alerts.reminder import Reminder
from monitor.store.schema import reminder


def read_reminders(connection: Connection, model: str, *, locked: bool = False) -> dict[str, Reminder]:
    """Give the reminders of a model by receiver; locked: nobody else changes them before this transaction ends."""
    chosen = select(reminder).where(reminder.c.model == model).order_by(reminder.c.receiver)
    rows = connection.execute(chosen.with_for_update() if locked else chosen)
    return {row.receiver: Reminder(row.due_at, tuple(row.alerts), row.times) for row in rows}


def write_reminders(connection: Connection, model: str, reminders: Mapping[str, Reminder]) -> None:
    """Store the reminders of a model in place of those that there were."""
    connection.execute(delete(reminder).where(reminder.c.model == model))
    rows = [
        {"model": model, "receiver": name, "due_at": one.due_at, "alerts": list(one.alerts), "times": one.times}
        for name, one in reminders.items()
    ]
    if rows:
        connection.execute(insert(reminder), rows)
