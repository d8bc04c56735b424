"""Differences of means and of shares, with their significance."""

import math

from scipy.special import ndtr


def mean_shift_test(
    reference: tuple[int, float, float],
    current: tuple[int, float, float],
) -> tuple[float, float] | None:
    """Give (shift in reference standard deviations, two-sided p-value) from (n, mean, variance) of each side.

    The normal limit of Welch's test (Welch 1947). None below two rows on either side, or when the reference does
    not vary.

    >>> mean_shift_test((1000, 0.0, 1.0), (1000, 0.0, 1.0))
    (0.0, 1.0)
    """
    (n, mean, variance), (m, other, spread) = reference, current
    if n < 2 or m < 2 or variance <= 0:
        return None
    z = (other - mean) / math.sqrt(variance / n + spread / m)
    return (other - mean) / math.sqrt(variance), 2 * float(ndtr(-abs(z)))


def share_shift_test(reference: tuple[int, int], current: tuple[int, int]) -> tuple[float, float] | None:
    """Give (rise of the share, one-sided p-value) from (hits, rows) of each side; None when a side has no rows.

    Rises only: what is asked is whether the current share is larger. Pooled normal test (Fleiss 1981).
    """
    (a, n), (b, m) = reference, current
    if not (n and m):
        return None
    rise, pooled = b / m - a / n, (a + b) / (n + m)
    if pooled in {0.0, 1.0}:
        return rise, 1.0
    return rise, float(ndtr(-rise / math.sqrt(pooled * (1 - pooled) * (1 / n + 1 / m))))
