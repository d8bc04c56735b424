"""How sure an estimate is: 95 % intervals, and whether one estimate is above another."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import bdtrik, ndtri, stdtr, stdtrit

Z = float(ndtri(0.975))
ROWS_NEEDED = 10


@dataclass(frozen=True)
class Estimate:
    """A number estimated from `n` rows, its standard error, and its 95 % interval where one is known.

    Where several classes enter, `n` counts the rows of the smallest: they are what the error is uncertain by.
    """

    value: float
    error: float | None = None
    low: float | None = None
    high: float | None = None
    n: int = 0


def wilson_interval(hits: float, rows: float, z: float = Z) -> tuple[float, float]:
    """Give the interval of a share, of 95 % unless `z` says otherwise; [0, 1] without rows. (Wilson 1927).

    >>> tuple(round(end, 3) for end in wilson_interval(8, 10))
    (0.49, 0.943)
    """
    if not rows:
        return 0.0, 1.0
    share, weight = hits / rows, z**2 / rows
    middle = share + weight / 2
    half = z * math.sqrt(share * (1 - share) / rows + weight / rows / 4)
    return max(0.0, (middle - half) / (1 + weight)), min(1.0, (middle + half) / (1 + weight))


def share_estimate(hits: int, rows: int) -> Estimate | None:
    """Estimate a share in [0, 1] with Wilson's interval; None without rows."""
    if not rows:
        return None
    share = hits / rows
    return Estimate(share, math.sqrt(share * (1 - share) / rows), *wilson_interval(hits, rows), n=rows)


def mean_estimate(n: int, total: float, squares: float) -> Estimate | None:
    """Estimate a mean from a sum and a sum of squares, by the central limit theorem, with Student's t.

    None without rows or beyond the floats; below two rows there is no error and no interval.
    """
    if not n or not (math.isfinite(total) and math.isfinite(squares)):
        return None
    mean = total / n
    if n < 2:
        return Estimate(mean, n=n)
    error = math.sqrt(max(squares - total * mean, 0.0) / (n - 1) / n)
    half = float(stdtrit(n - 1, 0.975)) * error
    return Estimate(mean, error, mean - half, mean + half, n)


def surely_above_zero(values: NDArray[np.float64], *, chance: float = 0.001) -> bool:
    """Say whether the mean of values, shape (n,), is above 0, where `chance` is that of saying so of a mean of 0.

    False below two values. (Student 1908)

    >>> surely_above_zero(np.array([1.0, 1.1, 0.9, 1.0])), surely_above_zero(np.array([1.0, -0.5, 2.0, 0.5]))
    (True, False)
    """
    n = values.size
    return n > 1 and float(values.mean()) > float(stdtrit(n - 1, 1 - chance)) * float(values.std(ddof=1)) / math.sqrt(n)


def log_interval(value: float, error: float, z: float = Z) -> tuple[float, float]:
    """Give the interval of a number above 0 by its standard error on the log scale; (0, z error) at 0.

    >>> tuple(round(end, 3) for end in log_interval(2.0, 0.5))
    (1.225, 3.265)
    """
    if not value:
        return 0.0, z * error
    grown = math.exp(min(z * error / value, 700.0))
    return value / grown, value * grown


def prediction_interval(value: float, error: float, rows: int) -> tuple[float, float]:
    """Give where a number in [0, 1] will lie in 95 of 100 cases, by its expected value and standard deviation.

    Between the quantiles of a share with that mean and deviation, of as many rows as that takes: where few hits are
    expected there may be none. At an end, or without deviation, Wilson's interval of so many rows.

    >>> tuple(round(end, 3) for end in prediction_interval(0.02, 0.014, 100))
    (0.0, 0.056)
    """
    if not error or not 0 < value < 1:
        return wilson_interval(value * rows, rows)
    n = value * (1 - value) / error**2
    low, high = (float(bdtrik(level, n, value)) for level in (0.025, 0.975))
    return low / n, min((high + 1) / n, 1.0)


def rise_test(reference: Estimate, current: Estimate, inflation: float = 1.0) -> float | None:
    """Give the one-sided p-value for the current estimate being above the reference's, which is independent of it.

    Student's t with the degrees of freedom of the smaller side, which is careful (Welch 1947). `inflation` is the
    design effect, by which the variance grows. None below ten rows on either side or without a standard error.
    """
    if min(reference.n, current.n) < ROWS_NEEDED or reference.error is None or current.error is None:
        return None
    rise, error = current.value - reference.value, math.hypot(reference.error, current.error) * math.sqrt(inflation)
    if not error:
        return None if rise else 1.0
    return float(stdtr(min(reference.n, current.n) - 1, -rise / error))
