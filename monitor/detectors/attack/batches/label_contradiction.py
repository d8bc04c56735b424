"""How much likelier the labels are if some have been flipped."""

import numpy as np

from monitor.detectors.attack.batches.rows import Floats, Labelled, Told

SHARE = 0.1
NAMED = 1.0


def flip_scores(own: Floats, *, classes: int, share: float = SHARE) -> Floats:
    """Give each row's log-likelihood ratio of "a share of the labels is drawn from the other classes" against none.

    own: the probability of the row's own label, above 0. From log(1 - share) up.

    >>> flip_scores(np.array([0.9, 0.5, 0.05]), classes=2).round(2).tolist()
    [-0.09, 0.0, 1.03]
    """
    other = (1 - own) / max(classes - 1, 1)
    return np.asarray(np.log((1 - share) + share * other / own))


def by_class(batch: Labelled) -> Floats:
    """Give the log-likelihood ratio of a tenth of labels flipped that each label of a row would have."""
    return flip_scores(batch.chance, classes=batch.classes - 1)


def scores(batch: Labelled) -> Floats:
    """Give each row's log-likelihood ratio of a tenth of labels flipped."""
    return flip_scores(batch.own, classes=batch.classes - 1)


def measure(batch: Labelled) -> Told:
    """Sum the rows' log-likelihood ratios of a tenth of labels flipped against none; rows above 1 are named.

    The strongest test of flips spread at random, as far as the probabilities are right. (Neyman & Pearson 1933)

    Blind to flips of labels that were as likely as not, and to 2 % of flips in one batch of 500.
    """
    found = scores(batch)
    return Told(float(found.sum()), np.flatnonzero(found > NAMED))
