"""When labels count as overdue."""

from datetime import UTC, datetime, timedelta

import pytest

from monitor.steps.losses import overdue_labels
from monitor.store.measurements import Judgement
from monitor.types import Window

START, DAY = datetime(2024, 1, 1, tzinfo=UTC), timedelta(days=1)


def days(*labelled: int, rows: int = 60, first: int = 0) -> list[Judgement]:
    starts = [START + (first + day) * DAY for day in range(len(labelled))]
    return [Judgement(Window(at, at + DAY), 1, rows, n, matured=False) for at, n in zip(starts, labelled, strict=True)]


@pytest.mark.parametrize(
    ("judged", "at", "expected", "since"),
    [
        (days(60, 60, 60), 30, 0.0, None),
        (days(60, 60, *[0] * 7), 9, 60.0, 2),  # the third day's labels should have come on the eighth
        (days(60, 60, *[0] * 6), 8, 0.0, None),  # one window is borne
        (days(60, 60, *[0] * 9), 11, 180.0, 2),
        (days(60, 60, *[0] * 5, 1, 0, 0), 10, 0.0, None),  # one came late
        (days(*[0] * 7), 7, 60.0, 0),  # none ever came
        (days(*[0] * 6), 6, 0.0, None),
        (days(6, 6, *[0] * 9), 11, 18.0, 2),  # one in ten has a label
        ([*days(60, 60), *days(0, first=60)], 61, 0.0, None),  # a gap in the records
    ],
)
def test_labels_are_overdue_one_window_and_the_delay_after_their_own(
    judged: list[Judgement], at: int, expected: float, since: int | None
) -> None:
    found = overdue_labels(judged, clock=START + at * DAY, delay=5 * DAY)
    assert found == (pytest.approx(expected), None if since is None else START + since * DAY)
