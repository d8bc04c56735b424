"""How far predictions of a number were off, from sums over the rows' errors e = predicted - label."""

import math
from dataclasses import replace

from scipy.special import gammaincinv, stdtr, stdtrit

from monitor.stats.intervals import ROWS_NEEDED, Estimate, Z, mean_estimate, rise_test

FEWEST = 2.0
"""Degrees of freedom below which even a chi-square says nothing of a tail."""


def root_mean_squared_error(n: int, square: float, fourth: float) -> Estimate | None:
    """Estimate the root of the mean of e^2, in the label's unit, 0 is perfect; None without rows.

    The interval is `root_interval`'s by the window alone, without what a reference would tell of its tails.

    >>> root_mean_squared_error(2, 8.0, 32.0).value
    2.0
    """
    mean = mean_estimate(n, square, fourth)
    if mean is None:
        return None
    root = math.sqrt(mean.value)
    if mean.error is None or not root:
        return replace(mean, value=root)
    found = Estimate(root, mean.error / (2 * root), n=n)
    low, high = root_interval(found)
    return replace(found, low=low, high=high)


def root_interval(found: Estimate, usual: Estimate | None = None) -> tuple[float | None, float | None]:
    """Give the 95 % interval of a root mean squared error; the estimate's own at 0 and without a standard error.

    The sum of squares is taken for a chi-square of as many degrees of freedom as give its variance, which for normal
    errors are the rows (Satterthwaite 1946). A window that happens to hold none of the large errors that there are
    has too small a variance and lies too low: the upper end takes that of `usual`, of other rows, where it is larger
    for its mean. So it holds the truth in 93 to 98 of 100 windows of 50 to 1,000 rows beside 2,000 or more, with errors
    that are normal, gamma with zeros, of Student's t with 4 degrees, or lognormal; beside 300 lognormal ones in 88.
    Alone it holds it in 94 where errors are normal, and in fewer the more of their squares lie in few rows: of 50
    lognormal ones in 69.
    """
    if found.error is None or not found.value:
        return found.low, found.high
    own = _degrees(found, found.n)
    least = own if usual is None else min(own, _degrees(usual, found.n))
    low, high = 1 / _chi_square(own, 0.975), 1 / _chi_square(least, 0.025)
    return found.value * math.sqrt(low), found.value * math.sqrt(high)


def _degrees(told: Estimate, rows: int) -> float:
    """Give the degrees of freedom of so many rows' squares, if these vary about their mean as those of `told` do."""
    if not told.error or not told.value:
        return math.inf
    cautious = float(stdtrit(rows - 1, 0.975)) / Z
    spread = 2 * told.error / told.value * math.sqrt(told.n / rows) * cautious
    return max(2 / spread**2, FEWEST)


def _chi_square(degrees: float, level: float) -> float:
    """Give a quantile of a chi-square over its degrees of freedom; 1 for infinitely many."""
    return 2 * float(gammaincinv(degrees / 2, level)) / degrees if math.isfinite(degrees) else 1.0


def root_rise_test(reference: Estimate, current: Estimate, inflation: float = 1.0) -> float | None:
    """Give the one-sided p-value for a root mean squared error being above the reference's, as `rise_test` does.

    By the mean squares, whose skewness is taken for that of a gamma of their mean and variance, and is taken out of
    Student's t (Hall 1992). The reference's squares are taken to vary for their mean at least as the current ones do:
    a small one may hold none of the large errors that there are.
    """
    if reference.error is None or current.error is None or min(reference.n, current.n) < ROWS_NEEDED:
        return None
    if current.value:
        alike = abs(reference.value) * current.error / current.value * math.sqrt(current.n / reference.n)
        reference = replace(reference, error=max(reference.error, alike))
    unit = max(abs(reference.value), abs(current.value))
    (usual, usual_error), (found, error) = (_mean_square(one, unit) for one in (reference, current))
    total = math.hypot(usual_error, error) * math.sqrt(inflation)
    if not total:
        return rise_test(reference, current, inflation)
    t, skew = (found - usual) / total, (_third(found, error) - _third(usual, usual_error)) / total**3
    straight = t + skew * t**2 / 3 + skew**2 * t**3 / 27 + skew / 6
    return float(stdtr(min(reference.n, current.n) - 1, -straight))


def _mean_square(root: Estimate, unit: float) -> tuple[float, float]:
    """Give the mean square and its error; below 0 where a season takes a root there."""
    value = root.value / (unit or 1.0)
    return value * abs(value), 2 * abs(value) * (root.error or 0.0) / (unit or 1.0)


def _third(mean: float, error: float) -> float:
    """Give the third cumulant of a gamma of that mean and standard deviation."""
    return 2 * error**4 / abs(mean) if mean else 0.0


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
