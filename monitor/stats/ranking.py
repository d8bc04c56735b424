"""How well scores rank positive rows above negative ones."""

import math

import numpy as np
from numpy.typing import NDArray

from monitor.stats.intervals import Estimate, Z, wilson_interval

Counts = NDArray[np.int64]


def roc_auc(negatives: Counts, positives: Counts) -> Estimate | None:
    """Estimate the chance that a positive row scores above a negative one, from rows per score bin, both (bins,).

    1 is perfect, 0.5 is chance. Two rows in one bin count half, which draws the value towards 0.5: by less than half
    the share of pairs that meet in a bin. The error is DeLong's, the interval is made on the logit scale; none below
    two rows of either class. None when a class has no rows. (DeLong et al. 1988; Newcombe 2006)

    >>> roc_auc(np.array([2, 1, 0]), np.array([0, 1, 2])).value
    0.9444444444444445
    """
    n, m = int(negatives.sum()), int(positives.sum())
    if not (n and m):
        return None
    below = (negatives.cumsum() - negatives / 2) / n
    above = (m - positives.cumsum() + positives / 2) / m
    value = float(positives @ below) / m
    if min(n, m) < 2:
        return Estimate(value, n=min(n, m))
    variance = _spread(positives, below, value) / m + _spread(negatives, above, value) / n
    error = math.sqrt(variance)
    return Estimate(value, error, *logit_interval(value, error, min(n, m)), n=min(n, m))


def _spread(counts: Counts, placements: NDArray[np.float64], mean: float) -> float:
    return float(counts @ (placements - mean) ** 2) / (int(counts.sum()) - 1)


def logit_interval(value: float, error: float, rows: int) -> tuple[float, float]:
    """Give the 95 % interval of a number in [0, 1] by its standard error on the logit scale; at an end, Wilson's."""
    if not error or not 0 < value < 1:
        return wilson_interval(value * rows, rows)
    centre, half = math.log(value / (1 - value)), Z * error / (value * (1 - value))
    return _logistic(centre - half), _logistic(centre + half)


def _logistic(x: float) -> float:
    return 1 / (1 + math.exp(-x)) if x > -700 else 0.0
