"""Whether labels are distributed as before among rows that the model treats alike: concept drift.

Counts have shape (groups, labels): rows of one group are alike to the model, as in a score bin or a predicted class.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import chdtrc

Counts = NDArray[np.int64]

NEEDED = 5
MOST_GROUPS = 10
_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(64)


@dataclass(frozen=True)
class Shift:
    """How far two tables of labels are apart within their groups.

    distance: total variation distance of the labels, averaged over groups by their current rows, in [0, 1].
    statistic: chi-square with `degrees` when labels are distributed alike and rows are independent.
    harmonic: reference rows x current rows / all rows, of the groups that both sides have.
    """

    distance: float
    statistic: float
    degrees: int
    harmonic: float


Compared = Callable[[Counts, Counts], Shift | None]


def conditional_shift(reference: Counts, current: Counts) -> Shift | None:
    """Compare the labels within each group; what share of its rows a group has does not matter.

    Labels of which fewer than five rows are expected on the smaller side of their group count as one. None where no
    group has two labels with five expected rows each. (Pearson 1900; within strata: Cochran 1954)

    >>> round(conditional_shift(np.array([[50, 50]]), np.array([[40, 60]])).distance, 9)
    0.1
    """
    parts = [part for before, after in zip(reference, current, strict=True) if (part := _within(before, after))]
    if not parts:
        return None
    rows = np.array([part.harmonic for part in parts])
    weights = np.array([part.weight for part in parts])
    return Shift(
        float(weights @ [part.distance for part in parts] / weights.sum()),
        float(sum(part.statistic for part in parts)),
        sum(part.degrees for part in parts),
        float(rows.sum()),
    )


def shift_test(shift: Shift, likeness: float = 0.0, windows: int = 0) -> float:
    """Give the p-value for labels being distributed otherwise than in the reference, in any direction.

    likeness: the correlation of labels between rows of one window at equal group, measured on as many `windows` of
    the reference; it is taken to stand in one direction, which is careful at far tails. (Kish 1965)
    """
    extra = likeness * shift.harmonic * (1 + (1 / windows if windows else 0.0))
    return dispersed_tail(shift.statistic, shift.degrees, 1 + extra)


def dispersed_tail(statistic: float, degrees: int, inflation: float) -> float:
    """Give the upper tail of chi-square one of whose degrees has `inflation` times its variance.

    Exact, by integrating over that degree. (Gauss-Legendre; Abramowitz & Stegun 1964)

    >>> round(dispersed_tail(12.0, 3, 1.0), 6) == round(float(chdtrc(3, 12.0)), 6)
    True
    """
    if degrees < 2 or inflation <= 1:
        return float(chdtrc(degrees, statistic / inflation))
    reach = np.sqrt(max(statistic, 0.0) / inflation)
    z, weights = (_NODES + 1) / 2 * reach, _WEIGHTS * reach / 2
    # both signs of a normal deviate whose square is the inflated degree
    density = np.sqrt(2 / np.pi) * np.exp(-(z**2) / 2)
    rest = chdtrc(degrees - 1, np.maximum(statistic - inflation * z**2, 0.0))
    return float(min(1.0, weights @ (density * rest) + chdtrc(1, reach**2)))


def likeness_of(windows: Sequence[Counts], compared: Compared) -> float:
    """Give the correlation of labels between rows of one window at equal group, from 0: each window beside the rest.

    By the mean of the statistic, whose excess over its degrees grows with rows times likeness. (after Kish 1965)
    """
    total = np.asarray(np.sum(windows, axis=0))
    found = [shift for window in windows if (shift := compared(total - window, window))]
    rows = sum(shift.harmonic for shift in found)
    excess = sum(shift.statistic - shift.degrees for shift in found)
    return max(excess / rows, 0.0) if rows else 0.0


def stratified_shift(reference: Counts, current: Counts) -> Shift | None:
    """Compare the hits, of shape (bins, 2) with misses first, bin by bin, and add the bins up into at most ten runs.

    What is added up is the hits above those that each bin's own share leads to expect, so that scores that move
    within a run change nothing. Each run has five expected hits and misses, and gives one degree; bins that hold only
    hits or only misses are in none, for they tell nothing. The distance is the mean over the runs of
    |hits - expected| / rows. None where there are not enough rows for one run. (Mantel & Haenszel 1959)
    """
    held = (reference.sum(axis=1) > 0) & (current.sum(axis=1) > 0)
    met = int(current[held].sum())
    held &= ((reference + current) > 0).all(axis=1)
    before, after = reference[held], current[held]
    n, m = before.sum(axis=1), after.sum(axis=1)
    group = _runs(before + after, m.sum() / max(n.sum() + m.sum(), 1)) if held.any() else None
    if group is None:
        return None
    both, hits = n + m, before[:, 1] + after[:, 1]
    excess = np.bincount(group, after[:, 1] - m * hits / both)
    variance = np.bincount(group, n * m / both * (hits / both) * (both - hits) / (both - 1))
    gap = np.abs(np.bincount(group, after[:, 1] - m * before[:, 1] / n)).sum()
    statistic = float((excess**2 / variance).sum())
    return Shift(float(gap / met), statistic, int(group.max()) + 1, float((n * m / both).sum()))


@dataclass(frozen=True)
class _Part:
    distance: float
    weight: float
    statistic: float
    degrees: int
    harmonic: float


def _within(before: Counts, after: Counts) -> _Part | None:
    n, m = int(before.sum()), int(after.sum())
    if not (n and m):
        return None
    joined = _rare_joined(np.stack([before, after]).astype(np.float64), min(n, m) / (n + m))
    if joined is None:
        return None
    p, q = joined[0] / n, joined[1] / m
    harmonic = n * m / (n + m)
    pooled = joined.sum(axis=0) / (n + m)
    statistic = float(((p - q) ** 2 / pooled).sum()) * harmonic
    return _Part(float(np.abs(p - q).sum()) / 2, m, statistic, pooled.size - 1, harmonic)


def _rare_joined(table: NDArray[np.float64], smaller: float) -> NDArray[np.float64] | None:
    expected = table.sum(axis=0) * smaller
    order = np.argsort(-expected, kind="stable")
    kept = int((expected >= NEEDED).sum())
    rest = float(expected[order[kept:]].sum())
    # what is left over is put to the rarest that is kept where it is too little for a place of its own
    kept = kept if rest == 0 or rest >= NEEDED else kept - 1
    columns = [table[:, order[:kept]]] if kept > 0 else []
    columns += [table[:, order[kept:]].sum(axis=1, keepdims=True)] if rest else []
    joined = np.hstack(columns) if columns else table[:, :0]
    return joined if joined.shape[1] > 1 else None


def _runs(both: Counts, share: float) -> NDArray[np.intp] | None:
    """Assign neighbouring bins to runs; `share` is that of the current rows among all.

    Only both sides' total decides, so that the test keeps its level.
    """
    expected = both * min(share, 1 - share)
    least = expected.sum() / MOST_GROUPS
    group, current, held = np.zeros(len(both), np.intp), 0, np.zeros(2)
    for i, row in enumerate(expected):
        group[i] = current
        held = held + row
        if held.min() >= NEEDED and held.sum() >= least:
            current, held = current + 1, np.zeros(2)
    # what is left at the end is too little for a run of its own
    return np.minimum(group, current - 1) if current else None
