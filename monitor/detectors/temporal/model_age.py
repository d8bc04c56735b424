"""How old the newest record is that the model's reference holds."""

from collections.abc import Iterator
from datetime import timedelta

from monitor.detectors.detector import Detector
from monitor.profiles.calendar import Calendar, Hours
from monitor.types import Measurement, Window

NAME = "model_age"
UNTIMED = "the reference has no times"


def model_age(
    calendar: Calendar | None, window: Window, rows: int, hours: Hours | None = None
) -> Iterator[Measurement]:
    """Count the days from the reference's last record to the end of the window, from 0; 0 within its own time.

    The reference is what the model was trained or validated on, so that this is the age of what the model knows.
    Undefined when the reference has no times. Blind to how fast the world moves: an old model may be as good as ever.
    """
    del hours  # the last record is as old at every hour
    if calendar is None:
        yield Measurement(NAME, None, n=rows, note=UNTIMED)
    else:
        yield Measurement(NAME, calendar.age(window.end) / timedelta(days=1), n=rows)


DETECTOR = Detector(NAME, "bias.temporal", "days", model_age)
