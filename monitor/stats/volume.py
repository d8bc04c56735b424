"""Whether a count of rows, or a silence, is like those before it."""

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtr

WINDOWS_NEEDED = 8

Floats = NDArray[np.float64]


def count_test(history: Sequence[int], rows: int) -> float | None:
    """Give the two-sided p-value for `rows` coming from where the counts of `history` came from.

    The counts may vary more than Poisson's: the root-like transform of the negative binomial makes them about normal
    with one variance, which is estimated but never taken below a quarter, Poisson's; then Student's prediction of one
    more. None below eight windows of history. (Anscombe 1948)
    """
    k = len(history)
    if k < WINDOWS_NEEDED:
        return None
    counts = np.asarray(history, dtype=np.float64)
    mean = float(counts.mean())
    excess = max(float(counts.var(ddof=1)) - mean, 0.0) / mean**2 if mean else 0.0
    before, after = _stable(counts, excess), float(_stable(np.array([float(rows)]), excess)[0])
    variance = max(float(before.var(ddof=1)), 0.25)
    t = (after - float(before.mean())) / math.sqrt(variance * (1 + 1 / k))
    return 2 * float(stdtr(k - 1, -abs(t)))


def _stable(counts: Floats, excess: float) -> Floats:
    raised = counts + 3 / 8
    if excess < 1e-9:
        return np.sqrt(raised)
    return np.asarray(np.arcsinh(np.sqrt(excess * raised)) / math.sqrt(excess))


def silence_test(gaps: Sequence[float] | Floats, age: float, *, least: float = 1.0) -> float | None:
    """Give the one-sided p-value for a silence of `age` against `gaps` between arrivals, in one unit.

    Up to the longest gap it is the share of gaps as long, the new one counted in. Beyond, the tail is that of
    exponential gaps whose mean is known from these only; the standard deviation stands for the mean when larger, as
    with bursts, and of gaps that may be regular when it is `least` of the mean or more. None below eight gaps.
    (Pickands 1975)

    >>> silence_test([1.0] * 9, 1.0), silence_test([1.0] * 9, 3.0, least=0.25) < 0.001
    (1.0, True)
    """
    k = len(gaps)
    if k < WINDOWS_NEEDED:
        return None
    known = np.asarray(gaps, dtype=np.float64)
    longest, scale = float(known.max()), max(least * float(known.mean()), float(known.std(ddof=1)))
    if age <= longest:
        return (1 + int((known >= age).sum())) / (k + 1)
    return float((1 + (age - longest) / (k * scale)) ** -k) / (k + 1) if scale else 0.0
