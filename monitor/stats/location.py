"""Differences of means and of shares, with their significance.

`inflation` is the design effect: by how much the variance of a difference exceeds that of independent rows.
"""

import math

from scipy.special import betainc, ndtr, ndtri, stdtr

WINDOWS_NEEDED, MOST_DEGREES = 8, 8.0


def mean_shift_test(
    reference: tuple[int, float, float],
    current: tuple[int, float, float],
    inflation: float = 1.0,
) -> tuple[float, float] | None:
    """Give (shift in reference standard deviations, two-sided p-value) from (n, mean, variance) of each side.

    The normal limit of Welch's test (Welch 1947), or of that with one variance for both sides (Student 1908) where
    that is larger: of a column that mostly has one value few rows may hold nothing else, and seem not to vary. None
    below two rows on either side, or when the reference does not vary.

    >>> mean_shift_test((1000, 0.0, 1.0), (1000, 0.0, 1.0))
    (0.0, 1.0)
    """
    (n, mean, variance), (m, other, spread) = reference, current
    if n < 2 or m < 2 or variance <= 0:
        return None
    pooled = (n * variance + m * spread) / (n + m)
    error = max(variance / n + spread / m, pooled / n + pooled / m)
    z = (other - mean) / math.sqrt(error * inflation)
    return (other - mean) / math.sqrt(variance), 2 * float(ndtr(-abs(z)))


def level_test(mean: float, other: float, span: float, windows: int, compared: float = math.inf) -> float | None:
    """Give the two-sided p-value of a window's mean, by how far apart means of other windows lie.

    mean: of what it is compared with, as many rows as `compared` windows have. other: of the window. span: between the
    lowest and the highest mean of so many `windows`: so many normal deviates have an expected range, which is known the
    worse the fewer they are (Tippett 1925; Lord 1947, here by Blom's scores 1958). Means of windows have heavier tails:
    they are taken for those of Student's t with eight degrees of freedom, at most. None below eight windows, or where
    these do not differ.

    >>> f"{level_test(74.0, 24.0, 35.6, 91, 4.0):.1e}", level_test(0.0, 1.0, 2.0, 7)
    ('2.6e-04', None)
    """
    if windows < WINDOWS_NEEDED or span <= 0:
        return None
    expected = 2 * float(ndtri((windows - 0.375) / (windows + 0.25)))
    # the standard deviation of a range of normal deviates falls off with the logarithm of their number
    scatter = max(0.97 - 0.08 * math.log(windows), 0.5) / expected
    error = span / expected * math.sqrt(1 + 1 / max(compared, 1.0))
    degrees = min(1 / (2 * scatter**2), MOST_DEGREES)
    return 2 * float(stdtr(degrees, -abs(other - mean) / error))


def beyond_test(beyond: float, excess: float, known: float) -> float:
    """Give the two-sided p-value of one value that lies beyond all of so many known ones, by an exponential tail.

    beyond: how far, excess: by how much the outermost tenth of these lie beyond where it begins, in the mean. Larger
    than is due where the tail is that of normal deviates. (Pickands 1975)

    >>> round(beyond_test(0.0, 1.0, 99.0), 3), f"{beyond_test(10.0, 1.0, 99.0):.1e}", beyond_test(1.0, 0.0, 9.0)
    (0.02, '9.1e-07', 0.0)
    """
    return min(2 / (known + 1) * math.exp(-max(beyond, 0.0) / excess), 1.0) if excess > 0 else 0.0


def share_shift_test(
    reference: tuple[int, int], current: tuple[int, int], inflation: float = 1.0
) -> tuple[float, float] | None:
    """Give (rise of the share, one-sided p-value) from (hits, rows) of each side; None when a side has no rows.

    Rises only: what is asked is whether the current share is larger. Given all hits, those on the current side are
    binomial when hits are rare (Przyborowski & Wilenski 1940), so that no count is too small. For shares that are
    not rare the counts are scaled to the smaller variance of the hypergeometric (Fisher 1935), for `inflation` to the
    larger one; the beta function takes the fractions. Near Fisher's
    p-value where shares are small, above it for common ones in small windows.

    >>> rise, p = share_shift_test((0, 900), (2, 100))
    >>> rise, round(p, 4)
    (0.02, 0.0099)
    """
    (a, n), (b, m) = reference, current
    if not (n and m):
        return None
    rise, pooled = b / m - a / n, (a + b) / (n + m)
    if not b or pooled == 1:
        return rise, 1.0
    # with a reference smaller than the window the skew turns round, and the smaller variance would promise too much
    scale = 1 / inflation / (1 - pooled if m <= n else 1)
    # half a row less, as whole rows are counted, where a row weighs more than one
    step = max(scale - 1, 0.0) / 2
    return rise, float(betainc(scale * b - step, scale * a + step + 1, m / (n + m)))
