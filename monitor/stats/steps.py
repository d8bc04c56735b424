"""Whether a level left at once where the windows before had it, by how these scatter and how far they ever went."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import stdtr

LAST, LEAST, ENOUGH = 28, 8, 30
"""A window is laid beside the last so many, which are at least so many; that so many were says how far they may go."""


@dataclass(frozen=True)
class Step:
    """How far a level left those of the windows before.

    before: the mean of these. p_value: two-sided. times: how many times as far as any window before left those before
    it, from 0.
    """

    before: float
    p_value: float
    times: float


def farthest_step(levels: Sequence[float], last: int = LAST) -> float:
    """Give how far any level of windows, oldest first, left the mean of the last ones before it, in their unit.

    0 of a few.

    >>> farthest_step([1.0] * 8), farthest_step([1.0] * 8 + [3.0, 1.0])
    (0.0, 2.0)
    """
    known = np.asarray(levels, np.float64)
    if known.size <= LEAST:
        return 0.0
    # about their mean, so that sums lose no digits
    known = known - known.mean()
    places, sums = np.arange(LEAST, known.size), np.concatenate([[0.0], known.cumsum()])
    first = np.maximum(places - last, 0)
    return float(np.abs(known[places] - (sums[places] - sums[first]) / (places - first)).max())


def step_test(
    earlier: Sequence[float],
    now: float,
    *,
    error: float = 0.0,
    farthest: float = 0.0,
    windows: int = 0,
    last: int = LAST,
) -> Step | None:
    """Give how far a window's level left those of the last windows before it; None where too few are known to vary.

    earlier: levels of the windows before, oldest first, in any unit. error: the standard error of the window's own.
    farthest: how far any of so many `windows` of the reference left those before it. last: so many windows before,
    eight at least, say where levels were. The p-value is Student's of one more draw (Student 1908), as if windows were
    independent, which those of a season are not: `times` says what such windows have done before, of which 30 must be
    known. Blind to what leaves by less than the windows vary, and for as long as they are remembered after a step as
    large.

    >>> levels = [5.0, 6.0, 4.0, 5.0] * 10
    >>> found = step_test(levels, 20.0)
    >>> round(found.before, 1), found.p_value < 1e-9, round(found.times)
    (5.0, True, 14)
    """
    known = max(len(earlier) - LEAST, 0) + max(windows - LEAST, 0)
    if len(earlier) < LEAST or known < ENOUGH:
        return None
    last = max(last, LEAST)
    lately = np.asarray(earlier[-last:], np.float64)
    between, farthest = float(lately.std(ddof=1)), max(farthest, farthest_step(earlier, last))
    if not (between and farthest):
        return None
    before = float(lately.mean())
    apart = abs(now - before)
    t = apart / math.sqrt(max(between, error) ** 2 + between**2 / lately.size)
    return Step(before, 2 * float(stdtr(lately.size - 1, -t)), apart / farthest)
