"""`monitor send-test`: one message to one receiver, to see whether it arrives."""

from pathlib import Path

import typer

from monitor.commands.clock import now
from monitor.commands.opening import configured, named, watching
from monitor.errors import MonitorError
from monitor.store.outbox import switch_on
from monitor.types import Notice
from monitor.wiring import receiver_of


def send_test(path: Path, name: str) -> int:
    """Send the message at once, past the outbox; MonitorError when it is not taken.

    A receiver that had been switched off is on again once it takes it.
    """
    setup = configured(path)
    receiver = receiver_of(
        named(setup.config.receivers, name, place=f"{setup.place}: receivers", what="receiver"), root=setup.root
    )
    at = now()
    notice = Notice(
        id=f"test-{at:%Y%m%dT%H%M%S%f}",
        model="test",
        kind="test",
        transition="test",
        reason="test",
        title="Test message of monitor",
        lines=(f"If you read this, the receiver {name!r} gets the alerts of monitor.", "Nothing is wrong."),
    )
    try:
        receiver.send(notice, now=at)
    except MonitorError as error:
        raise MonitorError(f"{name}: not delivered: {error}") from error
    with watching(setup) as monitor, monitor.database.write() as connection:
        switch_on(connection, name)
    typer.echo(f"{name}: delivered")
    return 0
