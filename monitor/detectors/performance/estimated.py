"""Performance before labels come: what the scores promise, by what such scores were worth on the reference.

CBPE (NannyML 2022) from counts alone: rows by score bin and decision, and the chance of a hit in each. The interval is
one of prediction: it holds the number that will be realised once labels are there, in 95 of 100 windows, as long as
scores are worth what they were. All are blind to a concept that changed: rows that score as ever, and are wrong.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from monitor.detectors.detector import Detector
from monitor.detectors.performance import decisions, roc_auc
from monitor.detectors.performance.judged import Metric, inflation_of
from monitor.detectors.performance.spread import spread_of
from monitor.profiles.outcome import BinaryOutcome, MulticlassOutcome, Outcome
from monitor.profiles.profile import Profile
from monitor.stats import estimation
from monitor.stats.estimation import Expecting, chance_variance, label_variance, row_variance
from monitor.stats.intervals import Estimate, rise_test
from monitor.stats.ranking import logit_interval
from monitor.stats.reliance import Reliance, relied_on
from monitor.types import Measurement

KIND = "performance.estimated"
NO_ROWS = "no rows with a score in this window"
NO_CHANCES = "the reference has no labels of both classes by which to value scores"

Counts = NDArray[np.int64]
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Estimated:
    """A number expected of a window, and the metric that it will be compared with once labels are there."""

    expecting: Expecting
    realised: Metric[Any]

    @property
    def name(self) -> str:
        """Give the detector's name."""
        return f"estimated_{self.realised.name}"


@dataclass(frozen=True, eq=False)
class Rows:
    """Rows by group of like scores and by decision, counts and mean scores, both (groups, 2)."""

    counts: Counts
    scores: Floats


def estimated_roc_auc(reference: Profile, current: Profile) -> Iterator[Measurement]:
    """Area under the ROC curve that a binary model's scores promise, before labels: 1 is perfect, lower is worse.

    Expected pairs in order over expected pairs, score bins by the chance of a hit that such scores had on the
    reference. Prediction interval on the logit scale; p-value for having fallen, by what one row more or less does.
    Undefined while the reference has no labels. Blind to a changed concept: to rows that score as ever and are wrong.
    (Garg et al. 2022; NannyML 2022)
    """
    yield from estimated(ROC_AUC, reference, current)


def estimated_accuracy(reference: Profile, current: Profile) -> Iterator[Measurement]:
    """Share of right decisions that the scores promise, before labels, in [0, 1]: lower is worse.

    For several classes: by the score of the predicted class. Undefined while the reference has no labels. Blind to a
    changed concept: to rows that score as ever and are wrong. (Guillory et al. 2021; NannyML 2022)
    """
    yield from estimated(ACCURACY, reference, current)


def estimated_precision(reference: Profile, current: Profile) -> Iterator[Measurement]:
    """Share of hits among rows predicted positive that the scores promise, in [0, 1]: lower is worse.

    For binary models; undefined with none predicted positive. Blind to a changed concept. (NannyML 2022)
    """
    yield from estimated(PRECISION, reference, current)


def estimated_recall(reference: Profile, current: Profile) -> Iterator[Measurement]:
    """Share of hits that are predicted positive, as the scores promise, in [0, 1]: lower is worse.

    For binary models; undefined where no hit is expected. Blind to a changed concept. (NannyML 2022)
    """
    yield from estimated(RECALL, reference, current)


def estimated_f1(reference: Profile, current: Profile) -> Iterator[Measurement]:
    """Harmonic mean of precision and recall that the scores promise, in [0, 1]: lower is worse.

    For binary models; undefined where nothing is positive. Blind to a changed concept. (NannyML 2022)
    """
    yield from estimated(F1, reference, current)


def estimated(metric: Estimated, reference: Profile, current: Profile) -> Iterator[Measurement]:
    """Estimate a number of the window's served rows, and how much worse it is than on the reference's.

    Nothing when the model has no scores or its task is another one. The effect is positive when it got worse.
    """
    before, after = _served(metric, reference.outcome), _served(metric, current.outcome)
    if before is None or after is None:
        return
    n, relied = int(after.counts.sum()), _relied(reference.outcome)
    usual = _usual(metric, reference.outcome) if relied else None
    found = _estimate(metric, after, relied, reference.layout.spreads.get(gap_of(metric), 0.0)) if relied else None
    if usual is None or found is None:
        note = NO_ROWS if not n else NO_CHANCES if relied is None else "nothing is expected to be positive"
        yield Measurement(metric.name, None, n=n, note=note)
        return
    grown = inflation_of(metric.name, reference, usual, found, alike="score")
    yield Measurement(
        metric.name,
        found.value,
        n=n,
        p_value=rise_test(found, usual, grown),
        effect=usual.value - found.value,
        low=found.low,
        high=found.high,
        reference=usual.value,
    )


def estimate_spreads(reference: Profile, windows: Sequence[Profile]) -> dict[str, float]:
    """Give how much each estimate differs between the reference's windows, and how much it is off, beyond chance.

    By the detector's name, and by `gap_of` it; as standard deviations in its unit. Those whose windows are fewer than
    eight are left out. (DerSimonian & Laird 1986)
    """
    relied = _relied(reference.outcome)
    if relied is None:
        return {}
    found = dict[str, float | None]()
    for metric in METRICS:
        estimates = (_of_window(metric, window, relied) for window in windows)
        gaps = (_gap(metric, window, relied) for window in windows)
        found[metric.name] = spread_of([one for one in estimates if one])
        found[gap_of(metric)] = spread_of([one for one in gaps if one])
    return {name: spread for name, spread in found.items() if spread is not None}


def gap_of(metric: Estimated) -> str:
    """Name the spread of realised less estimated."""
    return f"gap({metric.name})"


def _estimate(metric: Estimated, rows: Rows, relied: Reliance, gap: float) -> Estimate | None:
    """Estimate with the error that rows bring in, and the interval in which the realised number will lie."""
    chances, roots = _chances(rows, relied)
    found = metric.expecting(rows.counts, chances)
    if found is None:
        return None
    n = int(rows.counts.sum())
    off = label_variance(found, rows.counts, chances) + chance_variance(found, rows.counts, roots) + gap**2
    return Estimate(
        found.value,
        math.sqrt(row_variance(found, rows.counts)),
        *logit_interval(found.value, math.sqrt(off), n),
        n,
    )


def _of_window(metric: Estimated, window: Profile, relied: Reliance) -> Estimate | None:
    rows = _served(metric, window.outcome)
    return _estimate(metric, rows, relied, 0.0) if rows else None


def _gap(metric: Estimated, window: Profile, relied: Reliance) -> Estimate | None:
    """Give realised less estimated, of the labelled rows, with the error that their labels bring in."""
    outcome = window.outcome
    if not isinstance(outcome, metric.realised.tasks) or not outcome.n:
        return None
    rows, real = _labelled(outcome), metric.realised.estimate(outcome)
    chances, _ = _chances(rows, relied)
    found = metric.expecting(rows.counts, chances)
    if found is None or not isinstance(real, Estimate):
        return None
    error = math.sqrt(label_variance(found, rows.counts, chances))
    return Estimate(real.value - found.value, error, n=int(rows.counts.sum()))


def _chances(rows: Rows, relied: Reliance) -> tuple[Floats, Floats]:
    chances, roots = relied.at(rows.scores.ravel())
    return chances.reshape(rows.counts.shape), roots.reshape(*rows.counts.shape, -1)


def _served(metric: Estimated, outcome: Outcome | None) -> Rows | None:
    """Give the served rows; of several classes, a decision is a row of its own and a hit is a right one."""
    if isinstance(outcome, BinaryOutcome) and BinaryOutcome in metric.realised.tasks:
        return _rows(outcome.served, outcome.served_scores)
    if isinstance(outcome, MulticlassOutcome) and MulticlassOutcome in metric.realised.tasks and outcome.served.size:
        right = np.array([0, 1])
        return _rows(outcome.served.reshape(-1, 1) * right, outcome.served_sums.reshape(-1, 1) * right)
    return None


def _labelled(outcome: Outcome) -> Rows:
    if isinstance(outcome, BinaryOutcome):
        counts = outcome.counts.sum(axis=2)
        mean = outcome.scores / np.maximum(counts.sum(axis=1), 1)
        return Rows(counts, np.column_stack([mean, mean]))
    if not isinstance(outcome, MulticlassOutcome):
        raise TypeError(type(outcome))
    counts = outcome.confidence.sum(axis=1)
    mean = outcome.confidence_sums / np.maximum(counts, 1)
    return Rows(np.column_stack([np.zeros_like(counts), counts]), np.column_stack([mean, mean]))


def _rows(counts: Counts, sums: Floats) -> Rows:
    return Rows(counts, sums / np.maximum(counts, 1))


# A reference stays what it is from window to window.
@lru_cache(maxsize=64)
def _usual(metric: Estimated, outcome: Outcome | None) -> Estimate | None:
    rows, relied = _served(metric, outcome), _relied(outcome)
    return _estimate(metric, rows, relied, 0.0) if rows and relied else None


@lru_cache(maxsize=16)
def _relied(outcome: Outcome | None) -> Reliance | None:
    if isinstance(outcome, BinaryOutcome):
        rows, hits, sums = outcome.counts.sum(axis=(1, 2)), outcome.counts[:, :, 1].sum(axis=1), outcome.scores
    elif isinstance(outcome, MulticlassOutcome):
        rows, hits, sums = outcome.confidence.sum(axis=1), outcome.confidence[:, 1], outcome.confidence_sums
    else:
        return None
    return relied_on(rows, hits, sums / np.maximum(rows, 1))


ROC_AUC = Estimated(estimation.expected_roc_auc, roc_auc.METRIC)
ACCURACY = Estimated(estimation.expected_accuracy, decisions.ACCURACY)
PRECISION = Estimated(estimation.expected_precision, decisions.PRECISION)
RECALL = Estimated(estimation.expected_recall, decisions.RECALL)
F1 = Estimated(estimation.expected_f1, decisions.F1)
METRICS = (ROC_AUC, ACCURACY, PRECISION, RECALL, F1)
DETECTORS = (
    Detector(ROC_AUC.name, KIND, "score", estimated_roc_auc, "better", armed=True, min_effect=0.02),
    Detector(ACCURACY.name, KIND, "share", estimated_accuracy, "better", armed=True, min_effect=0.02),
    Detector(PRECISION.name, KIND, "share", estimated_precision, "better", min_effect=0.02),
    Detector(RECALL.name, KIND, "share", estimated_recall, "better", min_effect=0.02),
    Detector(F1.name, KIND, "score", estimated_f1, "better", min_effect=0.02),
)
