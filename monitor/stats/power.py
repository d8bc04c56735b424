"""How small a change a test can still see."""

import math

from scipy.special import ndtri

POWER = 0.8


def detectable_shift(alpha: float, *, reference: float, current: float, inflation: float = 1.0) -> float | None:
    """Give the shift of a mean, in standard deviations, that a two-sided test at `alpha` finds in 80 % of windows.

    reference, current: rows of either side. inflation: by how many times the variance of the difference exceeds that
    of independent rows. At least 0; None where a side has no rows or `alpha` is not in (0, 1). (Cohen 1988)

    >>> round(detectable_shift(0.05, reference=100, current=100) or 0, 2)
    0.4
    """
    if not (reference > 0 and current > 0 and 0 < alpha < 1):
        return None
    return detectable_change(alpha, error=math.sqrt(inflation * (1 / reference + 1 / current)))


def detectable_change(alpha: float, *, error: float) -> float:
    """Give the change of a number of this standard error, in its unit, that a two-sided test finds in 80 % of windows.

    alpha: in (0, 1). (Cohen 1988)
    """
    return float((ndtri(POWER) - ndtri(alpha / 2)) * error)
