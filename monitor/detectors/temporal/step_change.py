"""A column that left at once where it had come to, while an alert about it stands."""

import math
from collections.abc import Iterator, Sequence

from monitor.detectors.detector import Detector
from monitor.profiles.layout import Column
from monitor.stats.steps import ENOUGH, LEAST, step_test
from monitor.types import Measurement

NAME = "step_change"
TIMES = 1.5
FEW = f"{LEAST} windows before this one are needed, {ENOUGH} more with those of the reference, and that they vary"


def step_change(
    column: Column, earlier: Sequence[float], now: tuple[int, float, float], *, windows: int
) -> Iterator[Measurement]:
    """Give a column's mean beside that of the last windows, 28 at most; the effect is how unusual such a step is.

    That is in multiples of the farthest that any window known left those before it, from 0; the p-value is two-sided,
    see `step_test`. earlier: the means of windows before, oldest first. now: rows, mean and variance of this one.
    windows: how many the reference has.

    A column under alarm has left the reference, which tells nothing any more of what it should be: another unit may
    even lie where the reference did. Measured of such columns only, so that the others' budget is not spent.
    """
    n, mean, variance = now
    error, farthest = math.sqrt(variance / n), column.leap or 0.0
    found = step_test(earlier, mean, error=error, farthest=farthest, windows=windows if column.leap else 0)
    if found is None:
        yield Measurement(NAME, None, column=column.name, n=n, note=FEW)
    else:
        p_value, times = found.p_value, found.times
        yield Measurement(NAME, mean, column=column.name, n=n, p_value=p_value, effect=times, reference=found.before)


DETECTOR = Detector(NAME, "drift.data", "column's unit", step_change, armed=True, min_effect=TIMES, weight=0.2)
