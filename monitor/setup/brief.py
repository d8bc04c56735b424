"""References too short to know the hours and weekdays that windows are of."""

from datetime import timedelta

from monitor.alerts.phrasing import duration
from monitor.config import Model
from monitor.profiles.calendar import Calendar
from monitor.types import Window

DAY, WEEK = timedelta(days=1), timedelta(weeks=1)
WEEKS_NEEDED, HOURS = 2, 24
TAKEN = "what comes and goes with the hour and the weekday is told as drift"
MEND = "name a reference of two weeks or more, or make the window longer"


def unnamed(model: Model) -> tuple[str, str] | None:
    """Give (problem, mend) where a reference of a few hours will be learned; None elsewhere."""
    if model.reference is not None or model.window.unit != "h" or model.window.count >= HOURS:
        return None
    learned = f"none, so that it is learned from the first ten windows of {model.window}, or a thousand rows"
    return f"{learned}: {TAKEN}", MEND


def brief(calendar: Calendar | None, window: Window) -> str | None:
    """Say that a reference is too short for windows of such a length; None where it is not, or has no times."""
    length = window.end - window.start
    needed = WEEKS_NEEDED * WEEK if length < DAY else WEEK if length == DAY else timedelta(0)
    if calendar is None or calendar.last - calendar.first >= needed - length:
        return None
    span = calendar.last - calendar.first
    return f"the reference holds {duration(span)} only, so that {TAKEN}; {MEND}"
