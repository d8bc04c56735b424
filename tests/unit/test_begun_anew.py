"""An alert that waited untold is dated by what it shows now, where it was clear in between."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from monitor.alerts.lifecycle import Alert, begun_anew
from monitor.alerts.public import mark_of
from monitor.steps.standing import Standing

START, DAY = datetime(2024, 3, 1, tzinfo=UTC), timedelta(days=1)
FIRED = START + 3 * DAY


def fired(*days: int | None, now: int) -> Alert:
    """Give an alert that fired on the third day; days: of the windows that breached, None for each that did not."""
    breaches = tuple(None if day is None else START + day * DAY for day in days)
    return Alert("f", "firing", 1, since=START, fired_at=FIRED, breaches=breaches, window_end=START + now * DAY)


@pytest.mark.parametrize(
    ("alert", "since"),
    [
        (fired(0, None, 2, now=3), 0),  # it fires now
        (fired(3, 4, 5, now=6), 0),  # it has gone on meanwhile
        (fired(2, None, 9, now=10), 9),  # it was clear, and breaches anew
        (fired(9, now=10), 0),  # where one breach fires, the window before is not known
        (replace(fired(2, None, None, now=10), state="recovering", clears=2), 0),
    ],
)
def test_what_went_by_untold_does_not_begin_what_is_told_now(alert: Alert, since: int) -> None:
    for told, expected in ((False, since), (True, 0)):
        row = {"id": "f-1", "evidence": {"told": told}}
        standing = Standing({"f": alert}, {mark_of("f-1"): row}, {})
        assert standing.dated("f", alert).since == START + expected * DAY, "people know of one that they were told of"
    assert begun_anew(alert).since == START + since * DAY
