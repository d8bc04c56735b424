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

    At least half of its windows must be known of then: hours of few rows are not judged one by one. A shift that has
    lasted for a cycle does not come and go with it. None when it lasts, or that is not known. first: the place of the
    window with which it began.
    """
    began, ended = series.at[first].start, series.at[-1].end
    for name, cycle in CYCLES.items():
        if ended - began >= cycle:
            continue
        before = [place for place, at in enumerate(series.at) if began <= at.start + cycle and at.end + cycle <= ended]
        if 2 * len(before) >= len(series.at) - first and _were_as_far(series, before, first):
            return name
    return None


def _were_as_far(series: Series, before: Sequence[int], first: int) -> bool:
    now, then = float(series.scores[first:].mean()), float(series.scores[list(before)].mean())
    usual = float(np.median(series.scores))
    return is_as_far(then - usual, now - usual)
