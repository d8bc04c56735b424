"""Labels that come more or less often than in the reference."""

import numpy as np

from monitor.detectors.attack.batches.rows import NONE, Floats, Labelled, Told


def measure(batch: Labelled, *, priors: Floats) -> Told:
    """Give the root of the chi-square distance of the labels' counts from what the reference's shares promise.

    priors: shape (classes,), adding up to 1. (Pearson 1900)

    Blind to flips that go both ways alike; honest batches that were chosen by label show it, too.
    """
    expected, found = batch.size * priors, counts(batch)
    most = int(np.where(found > expected, _apart(found, expected), -1.0).argmax())
    return Told(distance(found, expected), NONE, cell=(most,))


def counts(batch: Labelled) -> Floats:
    """Count the rows of each label; shape (classes,)."""
    return np.bincount(batch.label, minlength=batch.classes).astype(np.float64)


def distance(found: Floats, expected: Floats) -> float:
    """Give the root of the chi-square distance of counts, at least 0; 0 where they are as expected."""
    return float(np.sqrt(_apart(found, expected).sum()))


def _apart(found: Floats, expected: Floats) -> Floats:
    return np.asarray((found - expected) ** 2 / np.maximum(expected, 0.5))
