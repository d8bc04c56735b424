"""A column of which a window holds hardly a value is not said to have drifted."""

from datetime import UTC, datetime, timedelta

import pytest

from monitor.config import Model
from monitor.detectors import DETECTORS
from monitor.profiles.layout import Layout
from monitor.steps.measure import compared, found_of
from monitor.types import Measurement, Window

DAY = Window(datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 1, 1, tzinfo=UTC) + timedelta(days=1))
SETTINGS = Model(source={"push": True}, columns={"timestamp": "timestamp"}, window="1d")
BY_NAME = {detector.name: detector for detector in DETECTORS}


@pytest.mark.parametrize(
    ("detector", "values", "outcome", "note"),
    [
        ("smooth_test", 2, "insufficient", "2 rows hold a value, 10 are needed"),
        ("smooth_test", 10, "breach", ""),
        ("missing_share", 2, "breach", ""),
    ],
)
def test_of_hardly_any_values_nothing_is_said(detector: str, values: int, outcome: str, note: str) -> None:
    one = Measurement(detector, 0.9, column="note", n=values, p_value=1e-12, effect=0.9)
    found = found_of(BY_NAME[detector], one, SETTINGS, Layout(()), shared=0.1)
    (judged,) = compared([found], SETTINGS, window=DAY, settled=True)
    assert (judged.outcome, judged.measurement.note) == (outcome, note)
