"""Whether two sets of counts over the same ordered bins have one shape.

`reference` and `current` are counts of shape (bins,), `inflation` and `others` design effects (Kish 1965), `accepted`
what a difference that is no news adds to the mean; None when either side is empty or all rows share one bin.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammaincc, ndtri

from monitor.stats.divergence import clumps, inflated_moments, is_uneven, uneven_tail

Counts = NDArray[np.int64]
Floats = NDArray[np.float64]

ORDER, ROUGHLY, ROWS_NEEDED = 4, 2, 300
FURTHEST = 2.75
"""Scores beyond would make single rows of a small window count for more than all others."""


@dataclass(frozen=True)
class Shift:
    """How far one shape lies from another, and what chance makes of that.

    length: in standard deviations, 0 is equal. usual: the mean square of the length when nothing has changed. scale,
    degrees: of the chi-square that scale x length^2 then follows.
    """

    length: float
    p_value: float
    usual: float
    scale: float
    degrees: float

    @property
    def beyond(self) -> float:
        """Give the length less what chance makes of it, 0 where that is all. (Miller 1955)."""
        return float(np.sqrt(max(self.length**2 - self.usual, 0.0)))


def smooth_test(
    reference: Counts, current: Counts, inflation: float = 1.0, others: float = 1.0, accepted: float = 0.0
) -> tuple[float, float] | None:
    """Give (length of the shift, p-value) of Neyman's smooth test; see `smooth_shift`."""
    found = smooth_shift(reference, current, inflation, others, accepted)
    return None if found is None else (found.length, found.p_value)


def smooth_shift(
    reference: Counts, current: Counts, inflation: float = 1.0, others: float = 1.0, accepted: float = 0.0
) -> Shift | None:
    """Give the shift of Neyman's smooth test: location, spread, skewness, tails of normal scores.

    The length is in standard deviations, 0 is equal. The first four powers of the pooled rows' normal scores, below
    300 independent rows the first two, are made orthogonal and averaged on either side; the sum of squares of the
    differences, each over its permutation variance, follows chi-square with as many degrees, and in small windows, or
    those of few clumps, a wider gamma; where windows differ in their level most, it is that of a sum of unlike ones,
    where that is longer. Sees broad changes, a few per cent of moved rows among them; blind to a narrow peak.
    (Neyman 1937; Javitz 1975)
    """
    n, m = int(reference.sum()), int(current.sum())
    before, after = _within_range(reference), _within_range(current)
    held = (before + after) > 0
    if not (n and m) or held.sum() < 2:
        return None
    mass, total = (before + after)[held] / (n + m), n + m
    scores = np.clip(ndtri(mass.cumsum() - mass / 2), -FURTHEST, FURTHEST)
    independent = min(n, m) * ORDER / (inflation + others * (ORDER - 1))
    order = ORDER if independent >= ROWS_NEEDED else ROUGHLY
    basis = _orthogonal(scores, mass, min(order, mass.size - 1))
    shifts = (after[held] / m - before[held] / n) @ basis
    weight, degrees = (n * m / total) * (total - 1) / total, basis.shape[1]
    squared = float(shifts @ shifts)
    # few rows, or few clumps of them, make the squares vary more than chi-square's: by what is averaged to the fourth
    excess = float(mass @ (basis**2).sum(axis=1) ** 2) - degrees**2 - 2 * degrees
    mean, half = inflated_moments(degrees, inflation, others, accepted)
    variance = 2 * half + max(excess, 0.0) * (1 + clumps(degrees, inflation, others)) / min(n, m)
    scale, freedom = 2 * weight * mean / variance, 2 * mean**2 / variance
    p_value = float(gammaincc(freedom / 2, scale * squared / 2))
    if is_uneven(degrees, inflation, others):
        p_value = max(p_value, uneven_tail(weight * squared, degrees, inflation, others, accepted))
    return Shift(float(np.sqrt(squared)), p_value, (mean - accepted) / weight, scale, freedom)


def _within_range(counts: Counts) -> Counts:
    """Join the bins beyond the reference's range, which no reference row can be in, with those beside them."""
    if counts.size < 3:
        return counts
    joined = counts[1:-1].copy()
    joined[[0, -1]] += counts[[0, -1]]
    return joined


def _orthogonal(scores: Floats, shares: Floats, order: int) -> Floats:
    """Give polynomials of the scores of mean 0 and variance 1 under the shares, shape (bins, up to order)."""
    root = np.sqrt(shares)
    powers = scores[:, None] ** np.arange(order + 1)
    basis, upper = np.linalg.qr(powers * root[:, None])
    # a power that the ones before it explain is none of its own
    kept = np.abs(np.diag(upper)) > 1e-8 * np.abs(upper).max()
    return np.asarray((basis / root[:, None])[:, kept][:, 1:])
