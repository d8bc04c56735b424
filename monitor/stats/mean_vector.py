"""How far apart the means of two samples of vectors are, in many coordinates at once."""

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import chdtrc, ndtri, stdtrit

Floats = NDArray[np.float64]

WINDOWS_NEEDED, ROWS_NEEDED = 8, 30
RARE = 0.995
_DEVIATES = np.linspace(0.0, 8.5, 341)
_WEIGHTS = np.exp(-(_DEVIATES**2) / 2) / np.exp(-(_DEVIATES**2) / 2).sum()


class Sums(NamedTuple):
    """A sample: its rows, its mean, shape (coordinates,), and the variance of one row summed over the coordinates."""

    n: int
    mean: Floats
    scatter: float


class Shift(NamedTuple):
    """The squared distance of two means less what chance makes of it, its p-value, and its null distribution.

    factor x squared + degrees follows chi-square with so many degrees when nothing changed and windows are alike.
    """

    squared: float
    p_value: float
    degrees: float
    factor: float


def mean_vector_test(before: Sums, after: Sums, *, squares: float, between: float = 0.0) -> Shift | None:
    """Compare two mean vectors; None below two rows on a side or where nothing varies.

    The squared distance of the means less their own variances is 0 on average, however the rows are distributed; its
    null distribution is taken for that of a chi-square of the same mean and variance. (Chen & Qin 2010; Box 1954)
    squares: trace of the squared covariance of one row of the first sample. between: the variance of windows' means
    beyond that of independent rows, summed over the coordinates, as if all lay in one direction, which is the worst.

    >>> same = Sums(100, np.zeros(3), 3.0)
    >>> mean_vector_test(same, same, squares=3.0).p_value > 0.5
    True
    """
    if min(before.n, after.n) < 2 or not squares or not (before.scatter and after.scatter):
        return None
    # rows that spread more widely than the reference's have a mean that does, too
    rows = 1 / before.n + after.scatter / before.scatter / after.n
    apart = after.mean - before.mean
    squared = float(apart @ apart) - before.scatter * rows
    deviation = math.sqrt(2 * squares) * rows
    degrees = min(max(before.scatter**2 / squares, 1.0), float(apart.size))
    factor = math.sqrt(2 * degrees) / deviation
    # a shift of windows among themselves adds to the distance, and to the noise in its own direction
    own = between * _DEVIATES**2
    scale = np.sqrt(1 + 4 * own * (squares / before.scatter) * rows / deviation**2)
    above = chdtrc(degrees, np.maximum((squared - own) * factor / scale + degrees, 0.0))
    return Shift(squared, float(min(above @ _WEIGHTS, 1.0)), degrees, factor)


def between_windows(windows: Sequence[Sums]) -> float | None:
    """Give the variance of windows' means beyond that of independent rows, summed over the coordinates, from 0.

    Raised for being estimated from so few windows (Student 1908); None below eight of thirty rows.
    """
    held = [one for one in windows if one.n >= ROWS_NEEDED]
    if len(held) < WINDOWS_NEEDED:
        return None
    spread = float(np.var([one.mean for one in held], axis=0, ddof=1).sum())
    beyond = spread - float(np.mean([one.scatter / one.n for one in held]))
    return max(beyond, 0.0) * (float(stdtrit(len(held) - 1, RARE)) / float(ndtri(RARE))) ** 2
