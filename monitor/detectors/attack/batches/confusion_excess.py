"""More rows of one class labelled as one other than the reference's probabilities explain."""

import numpy as np

from monitor.detectors.attack.batches.rows import NONE, Labelled, Told


def measure(batch: Labelled) -> Told:
    """Give the largest excess of a cell (most likely label, given label) in Poisson standard deviations, at least 0.

    A cell's expectation is the sum of the probabilities of its label, and one row is added to its variance. Its rows
    are those named. (Poisson 1837; the confusion matrix as a joint of given and true labels: Northcutt, Jiang &
    Chuang 2021)

    Blind to flips at the boundary, where either label is as likely, and to those that are few beside honest ones.
    """
    k, likely = batch.classes, batch.chance.argmax(axis=1)
    found = np.bincount(likely * k + batch.label, minlength=k * k).reshape(k, k)
    expected = np.zeros((k, k))
    np.add.at(expected, likely, batch.chance)
    excess = (found - expected) / np.sqrt(expected + 1)
    np.fill_diagonal(excess, 0.0)
    at, to = np.unravel_index(int(excess.argmax()), excess.shape)
    if not excess[at, to] > 0:
        return Told(0.0, NONE)
    return Told(float(excess[at, to]), np.flatnonzero((likely == at) & (batch.label == to)), cell=(int(at), int(to)))
