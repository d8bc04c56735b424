"""What a binary model's performance is expected to be before labels come: from scores, decisions and chances of a hit.

Every number is a function of the served rows by (score group, decision) and of the chance of a hit in each group; its
slopes say how it answers to one row's label and to one more row, and with them how uncertain it is. (Garg et al. 2022;
Guillory et al. 2021)
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Counts = NDArray[np.int64]
Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Expected:
    """A number that is expected of a window.

    by_label: shape (groups, 2), how much it would rise were one row's label a hit instead of a miss.
    by_row: shape (groups, 2), a row's share in how far it strays from its mean, times the number of rows.
    """

    value: float
    by_label: Floats
    by_row: Floats


Expecting = Callable[[Counts, Floats], Expected | None]
"""From served rows and their chances of a hit, both (groups, 2) by score and decision; None is undefined."""

DECISION = np.array([0.0, 1.0])


def expected_accuracy(served: Counts, chances: Floats) -> Expected | None:
    """Give the expected share of right decisions, in [0, 1]; None without rows.

    >>> expected_accuracy(np.array([[10, 0], [0, 10]]), np.array([[0.1, 0.1], [0.7, 0.7]])).value
    0.8
    """
    n = int(served.sum())
    if not n:
        return None
    right = np.where(DECISION, chances, 1 - chances)
    value = float((served * right).sum() / n)
    return Expected(value, np.broadcast_to((2 * DECISION - 1) / n, served.shape), right - value)


def expected_precision(served: Counts, chances: Floats) -> Expected | None:
    """Give the expected share of hits among rows predicted positive, in [0, 1]; None with none predicted."""
    return _ratio(served, chances, top=(0, 1), bottom=((0, 1), (0, 0)))


def expected_recall(served: Counts, chances: Floats) -> Expected | None:
    """Give the expected share of the hits that were predicted positive, in [0, 1]; None where no hit is expected."""
    return _ratio(served, chances, top=(0, 1), bottom=((0, 0), (1, 1)))


def expected_f1(served: Counts, chances: Floats) -> Expected | None:
    """Give twice the expected hits over rows predicted positive and hits, in [0, 1]; None where both are 0."""
    return _ratio(served, chances, top=(0, 2), bottom=((0, 1), (1, 1)))


def _ratio(
    served: Counts, chances: Floats, *, top: tuple[float, float], bottom: tuple[tuple[float, float], ...]
) -> Expected | None:
    """Divide sums over rows: of top[decision] * label by bottom[0][decision] + bottom[1][decision] * label."""
    plain, labelled = (np.asarray(part) for part in bottom)
    gain = chances * top
    cost = plain + chances * labelled
    total = float((served * cost).sum())
    if not total:
        return None
    value = float((served * gain).sum()) / total
    by_label = np.broadcast_to((np.asarray(top) - value * labelled) / total, served.shape)
    return Expected(value, by_label, (gain - value * cost) * (served.sum() / total))


def expected_roc_auc(served: Counts, chances: Floats) -> Expected | None:
    """Give the expected chance that a hit scores above a miss, rows of one group counting half; None without either.

    served: in the order of the scores.
    """
    hits, misses = served * chances, served * (1 - chances)
    positives, negatives = hits.sum(axis=1), misses.sum(axis=1)
    p, n = float(positives.sum()), float(negatives.sum())
    if not (p and n):
        return None
    below = (negatives.cumsum() - negatives / 2) / n
    above = 1 - (positives.cumsum() - positives / 2) / p
    value = float(positives @ below) / p
    hit, miss = ((below - value) / p)[:, None], ((above - value) / n)[:, None]
    by_label = np.broadcast_to(hit - miss, served.shape)
    return Expected(value, by_label, served.sum() * (chances * hit + (1 - chances) * miss))


def label_variance(found: Expected, served: Counts, chances: Floats) -> float:
    """Give by how much the realised number will vary about the expected one, for labels drawn by their chances."""
    return float((served * chances * (1 - chances) * found.by_label**2).sum())


def row_variance(found: Expected, served: Counts) -> float:
    """Give by how much the expected number varies between samples of as many rows."""
    return float((served * found.by_row**2).sum()) / max(int(served.sum()), 1) ** 2


def chance_variance(found: Expected, served: Counts, roots: Floats) -> float:
    """Give by how much the expected number varies with the chances, which were learned.

    roots: shape (groups, 2, k), as in `Reliance`.
    """
    return float((np.tensordot(served * found.by_label, roots, 2) ** 2).sum())
