"""Confidence against error: by how much the model is surer of itself than it is right. (Guo et al. 2017)."""

from collections.abc import Iterator

import numpy as np

from monitor.detectors.performance.judged import Metric, judged
from monitor.profiles.outcome import BinaryOutcome, MulticlassOutcome
from monitor.profiles.profile import Profile
from monitor.stats.intervals import Estimate, mean_estimate
from monitor.types import Measurement

NAME = "confidence_gap"
Scored = BinaryOutcome | MulticlassOutcome


def compare(reference: Profile, current: Profile) -> Iterator[Measurement]:
    """Average confidence less accuracy, in [-1, 1]: above 0 the model is too sure, below too modest; higher is worse.

    The confidence is the score given to the decision; rows of one score bin count as their mean. 95 % interval by the
    central limit theorem; p-value for a rise. It waits for labels, so its kind is that of performance. Undefined
    without scores. Blind to rows too sure that others too modest make up for, which calibration error sees.
    (Guo et al. 2017)
    """
    yield from judged(METRIC, reference, current)


def _estimate(outcome: Scored) -> Estimate | str:
    right, wrong, confidence = _binary(outcome) if isinstance(outcome, BinaryOutcome) else _multiclass(outcome)
    # of c - r, r being 1 for a right answer and 0 for a wrong one
    total = float((confidence * (right + wrong) - right).sum())
    squares = float((right * (confidence - 1) ** 2 + wrong * confidence**2).sum())
    return mean_estimate(int((right + wrong).sum()), total, squares) or "no labelled row has a score"


Floats = np.ndarray[tuple[int, ...], np.dtype[np.float64]]


def _binary(outcome: BinaryOutcome) -> tuple[Floats, Floats, Floats]:
    counts = outcome.counts.astype(np.float64)
    mean = outcome.scores / np.maximum(counts.sum(axis=(1, 2)), 1)
    right, wrong = np.append(counts[:, 1, 1], counts[:, 0, 0]), np.append(counts[:, 1, 0], counts[:, 0, 1])
    return right, wrong, np.append(mean, 1 - mean)


def _multiclass(outcome: MulticlassOutcome) -> tuple[Floats, Floats, Floats]:
    counts = outcome.confidence.astype(np.float64)
    return counts[:, 1], counts[:, 0], outcome.confidence_sums / np.maximum(counts.sum(axis=1), 1)


METRIC = Metric[Scored](NAME, (BinaryOutcome, MulticlassOutcome), _estimate)
DETECTOR = METRIC.detector("share", compare, min_effect=0.02)
