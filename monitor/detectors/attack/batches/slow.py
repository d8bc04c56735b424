"""Poison that comes a little at a time: what many batches show together and none shows alone."""

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from monitor.stats.lasting import Shift, lasting_shift

LARGEST = 8.0

Floats = NDArray[np.float64]


def slow_poisoning(p_values: Floats, rows: Floats, *, reference: int) -> Shift:
    """Weigh the evidence that labels of the last batches contradict the reference more than those before, or than it.

    p_values: shape (batches,), of `label_contradiction` or of a part of it, oldest first; rows: of each batch;
    reference: rows of the reference, whose error all batches share. The evidence of several parts is averaged: a mean
    of e-detectors is one. The p-value is one over it: at most a once in 1 / a batches or more. (Shin, Ramdas & Rinaldo
    2024)

    Blind to poison that stays within the reference's own error, and to a world that changes just so: whoever bends the
    labels of a region and a change of what labels mean look alike in the log.
    """
    scores = np.clip(-ndtri(p_values), -LARGEST, LARGEST)
    alone, shared = 1 / np.maximum(rows, 1), 1 / max(reference, 1)
    return lasting_shift(scores * np.sqrt(alone + shared), alone, shared)
