"""What a confusion matrix says of the classes on average.

`confusion` has shape (classes + 1, classes + 1), predicted x label; the last of each is any other class, which
counts as a mistake and has no score of its own.
"""

import math

import numpy as np
from numpy.typing import NDArray

from monitor.stats.intervals import Estimate, Z, share_estimate

Counts = NDArray[np.int64]
Floats = NDArray[np.float64]


def f1_score(hits: int, mistakes: int) -> Estimate | None:
    """Estimate 2 TP / (2 TP + FP + FN), in [0, 1], 1 is perfect, from TP and FP + FN; None when both are 0.

    F1 = 2 J / (1 + J) with J = TP / (TP + FP + FN), a plain share, so that its interval is the share's, carried over.

    >>> f1_score(6, 6).value
    0.6666666666666666
    """
    share = share_estimate(hits, hits + mistakes)
    if share is None:
        return None
    value, low, high = (2 * j / (1 + j) for j in (share.value, share.low or 0.0, share.high or 0.0))
    return Estimate(value, (share.error or 0.0) * 2 / (1 + share.value) ** 2, low, high, share.n)


def macro_precision(confusion: Counts) -> Estimate | None:
    """Average the classes' precision, in [0, 1], 1 is perfect; classes never predicted are left out."""
    return macro_recall(confusion.T)


def macro_recall(confusion: Counts) -> Estimate | None:
    """Average the classes' recall, in [0, 1], 1 is perfect; classes without a label are left out.

    None when no class is left. Interval by the delta method, a class's error from (hits + 1) / (rows + 2) so that a
    handful of faultless rows is not taken for certainty. (Agresti & Coull 1998)
    """
    hits, rows = confusion.diagonal()[:-1], confusion.sum(axis=0)[:-1]
    used = rows > 0
    if not used.any():
        return None
    hits, rows = hits[used], rows[used]
    careful = (hits + 1) / (rows + 2)
    return _bounded(float((hits / rows).mean()), float((careful * (1 - careful) / rows).sum()) / rows.size**2, rows)


def macro_f1(confusion: Counts) -> Estimate | None:
    """Average the classes' F1, in [0, 1], 1 is perfect; classes neither predicted nor labelled are left out.

    None when no class is left. Interval by the delta method over the multinomial cells, each class with one more
    hit and one more mistake. (Takahashi et al. 2022)
    """
    ends = (confusion.sum(axis=0) + confusion.sum(axis=1))[:-1]
    used = ends > 0
    if not used.any():
        return None
    value = float((2 * confusion.diagonal()[:-1][used] / ends[used]).mean())
    return _bounded(value, _f1_variance(confusion, used), ends[used])


def _f1_variance(confusion: Counts, used: NDArray[np.bool_]) -> float:
    cells = confusion.astype(float)
    known = np.flatnonzero(used)
    cells[known, known] += 1
    cells[known, -1] += 0.5
    cells[-1, known] += 0.5
    ends = cells.sum(axis=0) + cells.sum(axis=1)
    per_row = np.zeros(cells.shape[0])
    per_row[known] = 1 / ends[known]
    slope = per_row * 2 * cells.diagonal() * per_row
    gradient = np.diag(2 * per_row) - slope[:, None] - slope[None, :]
    return float((cells * gradient**2).sum()) / known.size**2


def _bounded(value: float, variance: float, rows: Counts) -> Estimate:
    error = math.sqrt(variance)
    return Estimate(value, error, max(0.0, value - Z * error), min(1.0, value + Z * error), int(rows.min()))
