"""An alert that waited untold, and is told at last, is dated by what is told."""

from datetime import UTC, datetime, timedelta

import pytest

from monitor.alerts.finding import Finding
from monitor.alerts.lifecycle import Alert
from monitor.alerts.telling import settled
from monitor.types import Window

START, DAY = datetime(2024, 3, 1, tzinfo=UTC), timedelta(days=1)
FIRED = START + 3 * DAY
WAITED = {"told": False, "inhibited_by": "other-1"}


def drift(*days: int | None, now: int) -> Finding:
    """Give an alert that fired on the third day; days: of the windows that breached, None for each that did not."""
    breaches = tuple(None if day is None else START + day * DAY for day in days)
    end = START + now * DAY
    alert = Alert("f", "firing", 1, since=START, fired_at=FIRED, breaches=breaches, window_end=end)
    return Finding(alert, "m", "drift.data", "psi", Window(end - DAY, end), column="age", value=0.4, breaches=True)


@pytest.mark.parametrize(
    ("finding", "since"),
    [
        (drift(0, None, 2, now=3), 0),  # it fires now
        (drift(3, 4, 5, now=6), 0),  # it has gone on meanwhile
        (drift(2, None, 9, now=10), 9),  # it was clear, and breaches anew
        (drift(9, now=10), 0),  # where one breach fires, the window before is not known
    ],
)
def test_what_was_over_before_it_was_told_does_not_begin_what_is_told_now(finding: Finding, since: int) -> None:
    told = settled(finding, WAITED, None)
    assert (told.transition, told.since) == ("fired", START + since * DAY)
    assert settled(finding, WAITED, "other-1").since == START, "it goes on waiting"
    assert settled(finding, {"told": True}, None).since == START, "people know of it"
