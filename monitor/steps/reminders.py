"""Who asked for it is told again of what still fires, in the transaction that notes when to tell it next."""

from dataclasses import dataclass, field, replace
from datetime import datetime

from sqlalchemy import Connection

from monitor.alerts.finding import Finding
from monitor.alerts.public import id_of
from monitor.alerts.reminder import REPEAT, REPEATED, Reminder, is_remembered, looked_at, reminder_of
from monitor.steps.notify import heard_by
from monitor.store.alerts import alarmed_findings
from monitor.store.outbox import enqueue, withdraw
from monitor.store.reminders import read_reminders, write_reminders
from monitor.store.silences import read_quieted
from monitor.types import Notice
from monitor.watch import Monitor


@dataclass(frozen=True)
class Look:
    """The reminders of a model, by receiver, before and after a look, and the messages that are due."""

    before: dict[str, Reminder]
    after: dict[str, Reminder] = field(default_factory=dict)
    due: dict[str, Notice] = field(default_factory=dict)


def tell_again(monitor: Monitor, model: str, *, now: datetime) -> list[Notice]:
    """Queue a message for each receiver with `repeat` for whom it is time, of what still fires of a model; give them.

    Nothing is written where nothing has changed.
    """
    if not monitor.repeats:
        return []
    with monitor.database.read() as connection:
        seen = _look(connection, monitor, model, now=now, locked=False)
    if seen.after == seen.before:
        return []
    with monitor.database.write() as connection:
        seen = _look(connection, monitor, model, now=now, locked=True)
        write_reminders(connection, model, seen.before, seen.after)
        for receiver, notice in seen.due.items():
            withdraw(connection, receiver, model, REPEATED, now=now)
            enqueue(connection, notice, receiver, now=now)
    return list(seen.due.values())


def _look(connection: Connection, monitor: Monitor, model: str, *, now: datetime, locked: bool) -> Look:
    look = Look(read_reminders(connection, model, locked=locked))
    quieted = read_quieted(connection, now=now)
    remembered = list(filter(is_remembered, map(quieted.noted, alarmed_findings(connection, model))))
    for receiver, every in monitor.repeats.items():
        heard = [finding for finding in remembered if receiver in heard_by(finding, monitor)]
        firing = [_told_again(finding) for finding in heard if finding.alert.state == "firing"]
        names = [id_of(finding) for finding in heard]
        before = look.before.get(receiver)
        after, due = looked_at(before, names, every=every, now=now, fires=bool(firing))
        if after:
            look.after[receiver] = after
        if before and due:
            look.due[receiver] = reminder_of(
                firing, receiver, due_at=before.due_at, config=monitor.config, base_url=monitor.link
            )
    return look


def _told_again(finding: Finding) -> Finding:
    return replace(finding, transition=REPEATED, reason=REPEAT)
