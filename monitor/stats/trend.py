"""Whether a series goes one way, how fast, and when it will be somewhere."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri

from monitor.stats.ranks import mean_ranks

VALUES_NEEDED = 10

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Trend:
    """A line through a series: slope a unit of time, its 95 % interval, and the level at the last time.

    p_value: two-sided, for there being no trend. pivot: time from the middle of the series, about which the line turns,
    to the last. error: standard error of the level in the middle.
    """

    slope: float
    low: float
    high: float
    p_value: float
    level: float
    pivot: float = 0.0
    error: float = 0.0

    def time_to(self, limit: float) -> tuple[float, float, float | None] | None:
        """Give (time, earliest, latest) from the last one until the line reaches a limit; latest may be never, None.

        All lines that go with the slope's interval and the level's error reach it in between. None when the line does
        not go there, or is there already. (Fieller 1954)

        >>> Trend(-0.5, -1.0, -0.25, 0.001, 10.0).time_to(5.0)
        (10.0, 5.0, 20.0)
        """
        way = limit - self.level
        if way * self.slope <= 0:
            return None
        way_up = math.copysign(1.0, way)
        slow, fast = sorted((way_up * self.low, way_up * self.high))
        far, slope = abs(way) + abs(self.slope) * self.pivot, abs(self.slope)
        earliest = (far**2 - self._reach**2) / (far * slope + self._root(far, fast - slope))
        latest = (far * slope + self._root(far, slope - slow)) / (slow * (2 * slope - slow)) if slow > 0 else None
        return way / self.slope, max(earliest - self.pivot, 0.0), None if latest is None else latest - self.pivot

    @property
    def _reach(self) -> float:
        return -float(ndtri(0.025)) * self.error

    def _root(self, far: float, aside: float) -> float:
        return math.sqrt(max(aside**2 * (far**2 - self._reach**2) + (self._reach * self.slope) ** 2, 0.0))


def trend_of(times: Floats, values: Floats) -> Trend | None:
    """Fit the median of the slopes between all pairs, and test for a trend by ranks; None below ten values.

    times: shape (values,), rising, no two alike, in any unit. Values that are alike from one time to the next tell less
    than their number says: the test's variance grows by what the ranks about the line have in common at each lag, where
    that is significant, or by as much as their nearest neighbours' likeness makes it if that is more; so do the slope's
    interval and the level's error. (Theil 1950; Sen 1968; Mann 1945; Hamed & Rao 1998)

    Blind to what rises and falls again in between.
    """
    if values.size < VALUES_NEEDED:
        return None
    score, variance = _mann_kendall(values)
    slopes = _slopes(times, values)
    slope = float(np.median(slopes))
    about = values - slope * times
    alike = _alike(about)
    variance *= alike
    # A step towards 0, as the score moves in steps of two. (Kendall 1975)
    z = math.copysign(max(abs(score) - 1, 0.0), score) / math.sqrt(variance) if variance else 0.0
    level, pivot = float(np.median(about)), float(times[-1] - np.median(times))
    return Trend(
        slope,
        *_bounds(slopes, variance),
        min(1.0, 2 * float(ndtr(-abs(z)))),
        level + slope * float(times[-1]),
        pivot,
        _median_error(about) * math.sqrt(alike),
    )


def _slopes(times: Floats, values: Floats) -> Floats:
    """Give the slopes between all pairs, from the lowest; scipy's is slow to load."""
    later, earlier = np.tril_indices(values.size, -1)
    return np.sort((values[later] - values[earlier]) / (times[later] - times[earlier]))


def _bounds(slopes: Floats, variance: float) -> tuple[float, float]:
    """Give the two slopes that bound the median one at 95 %, by the score's variance."""
    reach, size = -float(ndtri(0.025)) * math.sqrt(variance), slopes.size
    first, last = max(round((size - reach) / 2) - 1, 0), min(round((size + reach) / 2), size - 1)
    return float(slopes[first]), float(slopes[last])


def _median_error(values: Floats) -> float:
    """Give the standard error of the median, by the median distance from it."""
    apart = float(np.median(np.abs(values - np.median(values)))) / float(ndtri(0.75))
    return apart * math.sqrt(math.pi / 2 / values.size)


def _mann_kendall(values: Floats) -> tuple[float, float]:
    n = values.size
    score = float(np.sign(values[None, :] - values[:, None])[np.triu_indices(n, 1)].sum())
    ties = np.unique(values, return_counts=True)[1]
    return score, (n * (n - 1) * (2 * n + 5) - float((ties * (ties - 1) * (2 * ties + 5)).sum())) / 18


def _alike(residuals: Floats) -> float:
    """Give by how much the variance of the score exceeds that of independent values; at least 1."""
    n, ranks = residuals.size, mean_ranks(residuals)
    ranks = ranks - ranks.mean()
    total = float(ranks @ ranks)
    if not total:
        return 1.0
    lags = np.arange(1, n // 4 + 1)
    common = np.array([float(ranks[lag:] @ ranks[:-lag]) for lag in lags]) / total
    common = np.where(np.abs(common) > float(ndtri(0.975)) / math.sqrt(n), common, 0.0)
    weights = (n - lags) * (n - lags - 1) * (n - lags - 2)
    found = 1 + 2 / (n * (n - 1) * (n - 2)) * float(weights @ common)
    # About a fitted line neighbours look less alike than they are. (Marriott & Pope 1954)
    nearest = min(float(ranks[1:] @ ranks[:-1]) / total * (1 + 4 / n) + 2 / n, 0.95)
    return max(1.0, found, (1 + nearest) / (1 - nearest))
