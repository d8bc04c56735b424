"""How much of a window lies in times of the year, the week and the day that the reference does not hold."""

from collections.abc import Iterator

from monitor.detectors.detector import Detector
from monitor.detectors.temporal.model_age import UNTIMED
from monitor.profiles.calendar import Calendar, Hours, Uncovered, uncovered_now
from monitor.types import Measurement, Window

NAME = "uncovered_time_share"


def uncovered_time_share(
    calendar: Calendar | None, window: Window, rows: int, hours: Hours | None = None
) -> Iterator[Measurement]:
    """Estimate the share of the window's rows, in [0, 1], of times that the reference holds no or hardly any rows of.

    A month of the year, or the window's hours of a weekday (UTC), is such a time when the reference has fewer than
    50 rows of it and less than a twentieth of what it would have if all had alike. Rows are taken as spread evenly
    over the window, but a weekday or hours of which it holds none do not count; its months and hours are named in the
    note. Undefined without rows, and when the reference has
    no times. Blind to holidays, to years that differ, and to hours within windows of a day or more.
    """
    if calendar is None or not rows:
        yield Measurement(NAME, None, n=rows, note="no rows in this window" if calendar else UNTIMED)
        return
    found = uncovered_now(calendar, [window], window, hours)
    evidence = {"months": list(found.months), "times": list(found.times)} if found.share else {}
    yield Measurement(NAME, found.share, n=rows, note=_said(found), evidence=evidence)


def _said(found: Uncovered) -> str:
    named = ", ".join((*found.months, *found.times))
    return f"the reference holds {'no' if found.never else 'hardly any'} rows of {named}" if named else ""


DETECTOR = Detector(NAME, "bias.temporal", "share", uncovered_time_share)
