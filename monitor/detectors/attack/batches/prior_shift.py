"""Labels that come more or less often than in the reference, whatever the features."""

import numpy as np

from monitor.detectors.attack.batches.rows import NONE, Floats, Labelled, Told


def measure(batch: Labelled, *, priors: Floats) -> Told:
    """Give the root of the chi-square distance of the labels' counts from what the reference's shares promise.

    priors: shape (classes,), adding up to 1. (Pearson 1900)

    Blind to flips that go both ways alike; honest batches that were chosen by label show it, too.
    """
    expected = batch.size * priors
    found = np.bincount(batch.label, minlength=batch.classes)
    apart = (found - expected) ** 2 / np.maximum(expected, 0.5)
    most = int(np.where(found > expected, apart, -1.0).argmax())
    return Told(float(np.sqrt(apart.sum())), NONE, cell=(most,))
