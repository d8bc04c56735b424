"""A label that hardly comes any more, or far too often, over a whole batch: of a rare one no part shows that."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

from monitor.detectors.attack.batches import prior_shift
from monitor.detectors.attack.batches.rows import Floats, Labelled
from monitor.stats.tails import hypergeometric_tail

FAR = 0.6
"""So small a part of the rows that a label should have, or so many times more, is no other season's."""


def rarest(views: Sequence[Labelled], reference: Labelled, errors: Sequence[Floats]) -> tuple[float, int]:
    """Give the p-value of the label that comes most strangely seldom or often, times their number, and that label.

    views: the batch's rows as they are and as they may have been chosen, with probabilities of each. errors: the
    standard errors of the shares that these explain, shape (classes,). Beside the reference's counts the chance is
    exact (Fisher 1935), beside what the rows explain it is normal; the larger of the two-sided ones counts.

    Blind to a label that comes two thirds as often, or half as often again.
    """
    known = reference.classes - 1
    found, before = (prior_shift.counts(one)[:known] for one in (views[0], reference))
    p_values = _beside(found, before, views[0].size, reference.size)
    far = _far(found, views[0].size / reference.size * before)
    for batch, error in zip(views, errors, strict=True):
        chance = batch.chance[:, :known]
        expected, variance = chance.sum(axis=0), (chance * (1 - chance)).sum(axis=0)
        sd = np.sqrt(np.maximum(variance + (batch.size * error[:known]) ** 2, 1e-9))
        p_values = np.maximum(p_values, 2 * ndtr(-np.abs(found - expected) / sd))
        far &= _far(found, expected)
    p_values = np.where(far, np.minimum(p_values, 1.0), 1.0)
    at = int(p_values.argmin())
    return min(1.0, known * float(p_values[at])), at


def _beside(found: Floats, before: Floats, rows: int, reference: int) -> Floats:
    """Give for each label the two-sided chance of such counts among rows of both."""

    def at_least(hits: int, of_both: int, drawn: int) -> float:
        return float(hypergeometric_tail([hits - 1], total=rows + reference, hits=of_both, rows=[drawn])[0])

    pairs = zip(found.astype(int).tolist(), before.astype(int).tolist(), strict=True)
    sides = [(at_least(now, now + then, rows), at_least(then, now + then, reference)) for now, then in pairs]
    return np.array([min(1.0, 2 * min(both)) for both in sides])


def _far(found: Floats, expected: Floats) -> NDArray[np.bool_]:
    return np.asarray((found <= FAR * expected) | (found >= expected / FAR))
