"""What a few numbers tell of another one, in a line."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

MOST, LEAST_GAIN, LEAST_LEFT = 4, 0.01, 1e-6
"""So many numbers are chosen at most; each adds so much of the variance, and is not told by those before it."""


@dataclass(frozen=True)
class Line:
    """The line chosen: the places of what tells, the slope of each, and the share of the variance that they tell."""

    places: tuple[int, ...]
    slopes: Floats
    explained: float


def line_of(correlations: Floats, place: int) -> Line | None:
    """Choose the few numbers that tell most of one, one after the other; None where none tells a hundredth of it.

    correlations: shape (numbers, numbers), finite. Slopes are of standardised numbers. Of numbers that tell the same,
    the first is chosen. (Efroymson 1960) Blind to what does not follow in a line, and to what only many tell.

    >>> line_of(np.array([[1.0, 0.8, 0.0], [0.8, 1.0, 0.0], [0.0, 0.0, 1.0]]), 0)
    Line(places=(1,), slopes=array([0.8]), explained=0.64)
    """
    left = np.array(correlations, np.float64)
    chosen: list[int] = []
    while len(chosen) < MOST:
        own = np.diag(left)
        gains = np.where(own > LEAST_LEFT, left[place] ** 2 / np.where(own > LEAST_LEFT, own, 1.0), 0.0)
        gains[[place, *chosen]] = 0.0
        best = int(gains.argmax())
        if gains[best] < LEAST_GAIN:
            break
        chosen.append(best)
        left = left - np.outer(left[:, best], left[best]) / left[best, best]
    if not chosen:
        return None
    slopes = np.asarray(np.linalg.solve(correlations[np.ix_(chosen, chosen)], correlations[chosen, place]), np.float64)
    return Line(tuple(chosen), slopes, round(float(np.clip(1 - left[place, place], 0.0, 1.0)), 12))
