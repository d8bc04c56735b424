"""How far predictions of a number were off, from sums over the rows' errors e = predicted - label."""

import math
from dataclasses import replace

from monitor.stats.intervals import Estimate, Z, mean_estimate


def root_mean_squared_error(n: int, square: float, fourth: float) -> Estimate | None:
    """Estimate the root of the mean of e^2, in the label's unit, 0 is perfect; None without rows.

    The interval is that of the mean square, carried over: the fourth powers say how much the squares vary.

    >>> root_mean_squared_error(2, 8.0, 32.0).value
    2.0
    """
    mean = mean_estimate(n, square, fourth)
    if mean is None:
        return None
    root = math.sqrt(mean.value)
    if mean.error is None or mean.low is None or mean.high is None or not root:
        return replace(mean, value=root)
    low, high = math.sqrt(max(mean.low, 0.0)), math.sqrt(mean.high)
    return Estimate(root, mean.error / (2 * root), low, high, n)


def r2_score(n: int, square: float, fourth: float, label: float, label_square: float) -> Estimate | None:
    """Estimate the share of the labels' variance that the predictions explain: 1 is perfect, 0 is the mean's.

    `label` and `label_square` sum y and y^2, about any fixed number. The interval is that of the logarithm of
    1 - R^2, by the delta method, for labels that are about normal and squares of error and label that do not move
    together; where they do, as with predictions that are means, it is too wide, and with heavy tails of the labels
    too narrow. None below two rows or when the labels do not vary.

    >>> r2_score(3, 0.5, 0.1, 0.0, 2.0).value
    0.75
    """
    if n < 2:
        return None
    total = label_square - label * label / n
    # below this the difference is rounding, and the labels are constant for all that can be known
    if not total > 1e-12 * label_square:
        return None
    left = square / total
    if not math.isfinite(left):
        return None
    if not square:
        return Estimate(1.0, n=n)
    error = math.sqrt((fourth * n / square**2 + 1) / n)
    return Estimate(1 - left, left * error, 1 - left * math.exp(Z * error), 1 - left * math.exp(-Z * error), n)
