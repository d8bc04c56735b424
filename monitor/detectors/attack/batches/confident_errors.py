"""Rows that confidently belong to another class than the one they are labelled as."""

import numpy as np

from monitor.detectors.attack.batches.rows import Floats, Labelled, Told


def by_class(batch: Labelled, *, confident: Floats) -> Floats:
    """Give 1 for every label that is not the class that a row is confident of, else 0."""
    sure = np.where(batch.chance >= confident, batch.chance, -1.0)
    wrong = (sure.max(axis=1) >= 0)[:, None] & (sure.argmax(axis=1)[:, None] != np.arange(batch.classes))
    return np.asarray(wrong, np.float64)


def scores(batch: Labelled, *, confident: Floats) -> Floats:
    """Give 1 for the rows that are confident of a class that is not their label, else 0."""
    return batch.of_label(by_class(batch, confident=confident))


def measure(batch: Labelled, *, confident: Floats) -> Told:
    """Count the rows that are confident of a class that is not their label.

    confident: shape (classes,), the mean probability of a class among the reference's rows of that label; a row is
    confident of the likeliest class that reaches its own. (Northcutt, Jiang & Chuang 2021)

    Blind to rows that the model is not sure of, such as flips at the boundary.
    """
    wrong = scores(batch, confident=confident)
    return Told(float(wrong.sum()), np.flatnonzero(wrong))
