"""How large a share of flipped labels would have to be for a batch to be called suspicious."""

import math

from scipy.special import ndtri

from monitor.detectors.attack.batches import label_contradiction
from monitor.detectors.attack.batches.calibration import Null
from monitor.detectors.attack.batches.rows import Labelled

FOUND = 0.8
MOST = 0.5


def extra(batch: Labelled) -> tuple[float, float]:
    """Give mean and variance of what a label that is drawn from the other classes adds to its row's contradiction."""
    k, scores = batch.classes - 1, label_contradiction.by_class(batch)
    own = batch.of_label(scores)
    others = (scores[:, :k].sum(axis=1) - own) / (k - 1)
    squares = ((scores[:, :k] ** 2).sum(axis=1) - own**2) / (k - 1)
    added = others - own
    return float(added.mean()), float((squares - 2 * others * own + own**2).mean() - added.mean() ** 2)


def least_share(null: Null, limit: float, batch: Labelled, *, parts: int = 1) -> float | None:
    """Give the share of labels, flipped at random, that four of five such batches are found by; None if above half.

    null: of the sum of contradictions over one part, of the batch's size; limit: what it must reach; parts: one of them
    must reach it. At the normal approximation, and by this one statistic, so that all together may find less.
    """
    mean, variance = extra(batch)
    deviate = -float(ndtri((1 - FOUND) ** (1 / parts)))
    for thousandth in range(1, round(1000 * MOST) + 1):
        flipped = batch.size * thousandth / 1000
        spread = math.sqrt(null.sd**2 + flipped * (variance + mean**2))
        if null.mean + flipped * mean - limit >= deviate * spread:
            return thousandth / 1000
    return None
