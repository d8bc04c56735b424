"""With which cycle, a day's, a week's or a year's, a difference comes and goes, and so is no lasting one."""

from collections.abc import Mapping, Sequence
from datetime import timedelta

import numpy as np

from monitor.detectors.temporal.series import Series

CYCLES: Mapping[str, timedelta] = {"day": timedelta(days=1), "week": timedelta(weeks=1), "year": timedelta(days=365)}
AS_FAR = 0.5
"""What was off by at least that part of now, and the same way, was as far off."""


def is_as_far(then: float, now: float) -> bool:
    """Say whether something was about as far off as it is now, the same way; never where it is not off now.

    >>> is_as_far(0.6, 1.0), is_as_far(0.4, 1.0), is_as_far(-1.0, 1.0), is_as_far(2.0, 1.0)
    (True, False, False, True)
    """
    return now != 0 and then / now >= AS_FAR


def cycle_of(series: Series, first: int) -> str | None:
    """Name the cycle (day, week or year) in which a shift comes and goes: one cycle ago the same time had it too.

    And two cycles ago, where that is known, and what lies between did not: of days that differ widely some are off a
    week after others that were. At least half of its windows must be known of then: hours of few rows are not judged
    one by one. A shift that has lasted for a cycle does not come and go with it. None when it lasts, or that is not
    known. first: the place of the window with which it began.
    """
    began, ended = series.at[first].start, series.at[-1].end
    for name, cycle in CYCLES.items():
        if ended - began >= cycle:
            continue
        once, twice = (_known_before(series, first, times * cycle) for times in (1, 2))
        between = range(max(once, default=first) + 1, first)
        if once and _was_as_far(series, once, first) and not (between and _was_as_far(series, between, first)):
            return name if not twice or _was_as_far(series, twice, first) else None
    return None


def _known_before(series: Series, first: int, ago: timedelta) -> list[int]:
    """Give the places of the same windows so long ago; none where fewer than half of them are known."""
    began, ended = series.at[first].start, series.at[-1].end
    before = [place for place, at in enumerate(series.at) if began <= at.start + ago and at.end + ago <= ended]
    return before if 2 * len(before) >= len(series.at) - first else []


def _was_as_far(series: Series, then: Sequence[int], first: int) -> bool:
    now, before = float(series.scores[first:].mean()), float(series.scores[list(then)].mean())
    usual = float(np.median(series.scores))
    return is_as_far(before - usual, now - usual)
