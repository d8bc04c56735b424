"""Whether a count of rows, or a silence, is like those before it."""

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtr

WINDOWS_NEEDED, FREE_AMONG_KINDS, SILENT_AFTER = 8, 6, 3

Floats = NDArray[np.float64]


def count_test(
    history: Sequence[int],
    rows: int,
    *,
    others: Sequence[Sequence[int]] = (),
    least: int = WINDOWS_NEEDED,
    shared: float = 0.0,
) -> float | None:
    """Give the two-sided p-value for `rows` coming from where the counts of `history` came from.

    The counts may vary more than Poisson's: the root-like transform of the negative binomial makes them about normal
    with one variance, which is estimated but never taken below a quarter, Poisson's; then Student's prediction of one
    more. others: counts of other kinds of windows, such as other weekdays, which tell of that variance only, each about
    its own mean; one window of the kind in question is then enough. shared: variance of an error that all of `history`
    have in common, as a part of one count's. None where all of them together leave fewer than six degrees of freedom,
    and without others below `least` windows. (Anscombe 1948)

    >>> week = [[3000, 3010], [2990, 3005], [3020, 2995], [3001, 2999], [3010, 2985], [1500, 1510]]
    >>> count_test([0, 0], 0, others=week), count_test([2995, 3015], 0, others=week) < 1e-6
    (1.0, True)
    """
    kinds = [np.asarray(kind, np.float64) for kind in (history, *others) if len(kind)]
    free = sum(kind.size - 1 for kind in kinds)
    if not len(history) or free < (FREE_AMONG_KINDS if others else least - 1):
        return None
    excess = sum(_excess(kind) * (kind.size - 1) for kind in kinds if kind.size > 1) / free
    before, *beside = (_stable(kind, excess) for kind in kinds)
    within = sum(float(((kind - kind.mean()) ** 2).sum()) for kind in (before, *beside))
    after = float(_stable(np.array([float(rows)]), excess)[0])
    t = (after - float(before.mean())) / math.sqrt(max(within / free, 0.25) * (1 + 1 / before.size + shared))
    return 2 * float(stdtr(free, -abs(t)))


def _excess(counts: Floats) -> float:
    mean = float(counts.mean())
    return max(float(counts.var(ddof=1)) - mean, 0.0) / mean**2 if mean else 0.0


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
