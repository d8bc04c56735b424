"""An alert about a fault in data does not end while a tenth of the rows still show it."""

from datetime import UTC, datetime, timedelta

import pytest

from monitor.config import Model
from monitor.detectors import DETECTORS
from monitor.steps.measure import compared, found_of
from monitor.store.measurements import Judged
from monitor.types import Measurement, Window

START = datetime(2026, 1, 1, tzinfo=UTC)
BY_NAME = {detector.name: detector for detector in DETECTORS}
SETTINGS = Model(source={"push": True}, columns={"timestamp": "timestamp"}, window="1d")


DAY = Window(START, START + timedelta(days=1))


def judged(detector: str, effect: float, p_value: float) -> Judged:
    one = Measurement(detector, effect, column="temp", n=900, p_value=p_value, effect=effect)
    return compared([found_of(BY_NAME[detector], one, SETTINGS)] * 400, SETTINGS, window=DAY, settled=True)[0]


@pytest.mark.parametrize(
    ("detector", "effect", "times", "lingers"),
    [
        ("out_of_range_share", 0.484, 6.0, True),
        ("out_of_range_share", 0.484, 4.0, True),  # as of every alert
        ("out_of_range_share", 0.02, 6.0, False),
        ("out_of_range_share", 0.484, 1e3, False),
        ("smooth_test", 2.0, 6.0, False),
    ],
)
def test_what_is_still_far_off_lingers_though_a_window_cannot_prove_it(
    detector: str, effect: float, times: float, *, lingers: bool
) -> None:
    alpha = judged(detector, effect, 0.5).alpha
    assert alpha is not None
    found = judged(detector, effect, min(times * alpha, 0.9))
    assert (found.outcome, found.lingers) == ("clear", lingers)
