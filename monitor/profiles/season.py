"""By how much a number differs with the weekday and the hour, as the reference's own windows tell it."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, timedelta
from typing import Any

import numpy as np
from numpy.typing import NDArray

from monitor.stats.season import Effects, cycle_effects
from monitor.types import Window

WINDOWS_A_PLACE = 4
"""So many windows must come on each weekday, or hour, before these are told apart."""
EVIDENT = 0.05
"""Weekdays, or hours, are told apart where chance alone tells them apart so seldom."""
_HOUR, _DAY = timedelta(hours=1), timedelta(days=1)

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Season:
    """A number's weekly season, in UTC.

    days, hours: difference from the reference's number, in its unit, by weekday, Monday first, shape (7,), and by
    hour, shape (24,). doubts: variance of what is not known of these, shape (31,). spread: standard deviation of
    windows of one weekday and hour beyond their errors.
    """

    days: Floats
    hours: Floats
    doubts: Floats
    spread: float

    def at(self, window: Window) -> tuple[float, float]:
        """Give (difference, standard deviation) of a window: how far it should lie from the reference's number."""
        start, end = window.start.astimezone(UTC), window.end.astimezone(UTC)
        every = max(1, round((end - start) / _HOUR))
        times = [start + hour * _HOUR for hour in range(every)]
        days = np.bincount([time.weekday() for time in times], minlength=7) / every
        hours = np.bincount([time.hour for time in times], minlength=24) / every
        shares = np.concatenate([days, hours])
        return float(days @ self.days + hours @ self.hours), float(np.sqrt(self.spread**2 + shares**2 @ self.doubts))

    def described(self) -> dict[str, Any]:
        """Give it as JSON has it."""
        effects = [*self.days.tolist(), *self.hours.tolist()]
        return {"effects": effects, "doubts": self.doubts.tolist(), "spread": self.spread}

    @classmethod
    def of(cls, described: Mapping[str, Any]) -> "Season":
        """Give back what was described."""
        effects = np.array(described["effects"])
        return cls(effects[:7], effects[7:], np.array(described["doubts"]), described["spread"])


def season_of(windows: Sequence[Window], values: Floats, errors: Floats, rows: Floats) -> Season | None:
    """Learn a number's season from windows of one length; None where these are longer than a day, too few or alike.

    values, errors: the number in each window and its standard error, above 0, shape (windows,). rows: what each window
    counts in the reference. Weekdays are told apart first, then the hours in what these leave, so that it is blind to
    hours that differ on some weekdays only.
    """
    length = min((window.end - window.start for window in windows), default=_DAY)
    starts = [window.start.astimezone(UTC) for window in windows]
    left, told, spread = values, list[Effects | None](), 0.0
    for places, size in (([at.weekday() for at in starts], 7), ([at.hour for at in starts], 24)):
        enough = not _DAY % length and len(places) >= WINDOWS_A_PLACE * max(len(set(places)), 2)
        effects = cycle_effects(left, errors**2, places, size=size) if enough and len(set(places)) > 1 else None
        effects = effects if effects and effects.p_value <= EVIDENT else None
        if effects is not None:
            effects = replace(effects, size=effects.size - np.average(effects.size[places], weights=rows))
            left, spread = left - effects.size[places], effects.spread
        told.append(effects)
    if told == [None, None]:
        return None
    # a window of six hours speaks of all six
    within = np.arange(24) // max(length // _HOUR, 1) * max(length // _HOUR, 1)
    (days, day_doubts), (hours, hour_doubts) = _parts(told[0], np.arange(7)), _parts(told[1], within)
    return Season(days, hours, np.concatenate([day_doubts, hour_doubts]), math.sqrt(spread))


def _parts(effects: Effects | None, places: NDArray[np.intp]) -> tuple[Floats, Floats]:
    none = np.zeros(places.size)
    return (none, none) if effects is None else (effects.size[places], effects.variance[places])
