"""Performance before labels come: what the scores promise, by what such scores were worth on the reference.

CBPE (NannyML 2022) from counts alone: rows by score bin and decision, and the chance of a hit in each. That chance is
corrected for which rows were served (`profiles.expected_hit`, `stats.excess`). The interval is one of prediction: it
holds the number that will be realised once labels are there, in 95 of 100 windows, as long as rows are worth what they
were. It is the wider the fewer of the reference's rows are like the window's (`stats.support`), and holds fewer where
hardly any are. All are blind to a concept that changed: rows that look and score as ever, and are wrong.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

import numpy as np

from monitor.detectors.detector import Detector
from monitor.detectors.performance import decisions, roc_auc
from monitor.detectors.performance.judged import Metric, told_then, usual_then
from monitor.detectors.performance.served import Learned, Rows, labelled, learned_from, served_rows
from monitor.detectors.performance.spread import WINDOWS_NEEDED, level, seasons_in, spread_and_lasting, spread_of
from monitor.detectors.performance.support import doubt_of_hits
from monitor.detectors.quality.contradicted_share import contradicting
from monitor.profiles.outcome import Outcome
from monitor.profiles.profile import Profile
from monitor.profiles.season import Season
from monitor.stats import estimation
from monitor.stats.estimation import Expecting, chance_variance, label_variance, row_variance
from monitor.stats.intervals import Estimate, prediction_interval, rise_test, surely_above_zero
from monitor.types import Measurement, Window

KIND = "performance.estimated"
NO_ROWS = "no rows with a score in this window"
NO_CHANCES = "the reference has no labels of both classes by which to value scores"
CONTRADICTED = "predictions contradict their scores, so that it is not known what these are worth"


@dataclass(frozen=True)
class Estimated:
    """A number expected of a window, and the metric that it will be compared with once labels are there."""

    expecting: Expecting
    realised: Metric[Any]

    @property
    def name(self) -> str:
        """Give the detector's name."""
        return f"estimated_{self.realised.name}"


def estimated_roc_auc(reference: Profile, current: Profile) -> Iterator[Measurement]:
    """Area under the ROC curve that a binary model's scores promise, before labels: 1 is perfect, lower is worse.

    Expected pairs in order over expected pairs, score bins by the chance of a hit that such scores had on the
    reference, more or less by what the rows' features told beyond the score. Prediction interval as of a share;
    p-value for having fallen, by what one row more or less does.
    Undefined while the reference has no labels. Blind to a changed concept: to rows that score as ever and are wrong;
    and to what sets rows apart that lie beyond all of the reference's. (Garg et al. 2022; NannyML 2022)
    """
    yield from estimated(ROC_AUC, reference, current)


def estimated_accuracy(reference: Profile, current: Profile) -> Iterator[Measurement]:
    """Share of right decisions that the scores promise, before labels, in [0, 1]: lower is worse.

    For several classes: by the score of the predicted class, more or less by what features told beyond it. Undefined
    while the reference has no labels. Blind to a changed concept: to rows that score as ever and are wrong.
    (Guillory et al. 2021; NannyML 2022)
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
    n, learned = int(after.counts.sum()), _learned(metric, reference)
    if contradicting(reference, current):
        yield Measurement(metric.name, None, n=n, note=CONTRADICTED)
        return
    usual = _usual(metric, reference.outcome, learned) if learned else None
    doubts = reference.layout.spreads.get(gap_of(metric.name), 0.0), doubt_of_hits(reference, current)
    found = _estimate(metric, after, learned, *doubts) if learned else None
    if usual is None or found is None:
        note = NO_ROWS if not n else NO_CHANCES if learned is None else "nothing is expected to be positive"
        yield Measurement(metric.name, None, n=n, note=note)
        return
    yield fallen(metric.name, reference, current, usual, found)


def fallen(name: str, reference: Profile, current: Profile, usual: Estimate, found: Estimate) -> Measurement:
    """Lay a number that is expected of a window beside what is of the reference at its time; lower is worse."""
    then, grown = usual_then(name, reference, current, usual, found, alike="score")
    return Measurement(
        name,
        found.value,
        n=found.n,
        p_value=rise_test(found, then, grown),
        effect=then.value - found.value,
        low=found.low,
        high=found.high,
        reference=usual.value,
        evidence=told_then(usual, then),
    )


def estimate_spreads(reference: Profile, windows: Sequence[Profile]) -> dict[str, float]:
    """Give how much each estimate differs between the reference's windows, and how much it is off, beyond chance.

    By the detector's name, and by `gap_of` it; as standard deviations in its unit. Those whose windows are fewer than
    eight are left out. By `harm_of` it, where estimates are nearer to what was realised when features are left aside,
    by how much in mean square. (DerSimonian & Laird 1986)
    """
    if _taught(reference.outcome) is None:
        return {}
    found = dict[str, float | None]()
    for metric in METRICS:
        found |= _spreads(metric, reference, windows)
    return {name: spread for name, spread in found.items() if spread is not None}


def estimate_seasons(reference: Profile, windows: Mapping[Window, Profile]) -> dict[str, Season]:
    """Give each estimate's weekly season, by the detector's name, of those that have enough windows."""
    taught = {metric: learned for metric in METRICS if (learned := _learned(metric, reference))}
    return seasons_in(
        {
            metric.name: {at: one for at, window in windows.items() if (one := _of_window(metric, window, learned))}
            for metric, learned in taught.items()
        }
    )


def _spreads(metric: Estimated, reference: Profile, windows: Sequence[Profile]) -> dict[str, float | None]:
    learned = _taught(reference.outcome)
    if learned is None:
        return {}
    plain = replace(learned, excess=None)
    harm = _harm(metric, windows, learned, plain) if learned.excess else None
    chosen = learned if harm is None else plain
    found = [one for window in windows if (one := _of_window(metric, window, chosen))]
    usual = _usual(metric, reference.outcome, chosen)
    return {
        **spread_and_lasting(metric.name, found),
        **(level(metric.name, found, usual.value) if usual else {}),
        gap_of(metric.name): spread_of([one for window in windows if (one := _gap(metric, window, chosen))]),
        harm_of(metric): harm,
    }


def _harm(metric: Estimated, windows: Sequence[Profile], learned: Learned, plain: Learned) -> float | None:
    """Give by how much more the estimates are off, in mean square; None unless that is surely so."""
    off = [[_gap(metric, window, one) for window in windows] for one in (learned, plain)]
    more = np.array([a.value**2 - b.value**2 for a, b in zip(*off, strict=True) if a and b])
    if more.size < WINDOWS_NEEDED:
        return None
    return float(more.mean()) if surely_above_zero(more) else None


def gap_of(name: str) -> str:
    """Name the spread of realised less estimated, by the detector's name."""
    return f"gap({name})"


def harm_of(metric: Estimated) -> str:
    """Name the harm that features do to an estimate."""
    return f"harm({metric.name})"


def _estimate(metric: Estimated, rows: Rows, learned: Learned, gap: float = 0.0, doubt: float = 0.0) -> Estimate | None:
    """Estimate with the error that rows bring in, and the interval in which the realised number will lie.

    doubt: by what part of the labels' variance the number varies with which of the reference's rows were learned from.
    """
    chances, roots = learned.chances(rows)
    found = metric.expecting(rows.counts, chances)
    if found is None:
        return None
    n = int(rows.counts.sum())
    parts = learned.variances(rows, found)
    labels = label_variance(found, rows.counts, chances)
    learning = chance_variance(found, rows.counts, roots) + (doubt * labels if learned.excess else 0.0)
    off = max(labels - parts.within, 0.0) + learning + parts.usual + parts.unknown + gap**2
    return Estimate(
        found.value,
        math.sqrt(row_variance(found, rows.counts) + parts.within + parts.unknown),
        *prediction_interval(found.value, math.sqrt(off), n),
        n,
    )


def _of_window(metric: Estimated, window: Profile, learned: Learned) -> Estimate | None:
    rows = _served(metric, window.outcome)
    return _estimate(metric, rows, learned) if rows else None


def _gap(metric: Estimated, window: Profile, learned: Learned) -> Estimate | None:
    """Give realised less estimated, of the labelled rows, with the error that their labels bring in."""
    outcome = window.outcome
    if not isinstance(outcome, metric.realised.tasks) or not outcome.n:
        return None
    rows, real = labelled(outcome), metric.realised.estimate(outcome)
    chances, _ = learned.chances(rows)
    found = metric.expecting(rows.counts, chances)
    if found is None or not isinstance(real, Estimate):
        return None
    parts = learned.variances(rows, found)
    error = math.sqrt(max(label_variance(found, rows.counts, chances) - parts.within, 0.0) + parts.unknown)
    return Estimate(real.value - found.value, error, n=int(rows.counts.sum()))


# A reference stays what it is from window to window.
@lru_cache(maxsize=64)
def _usual(metric: Estimated, outcome: Outcome | None, learned: Learned) -> Estimate | None:
    rows = _served(metric, outcome)
    return _estimate(metric, rows, learned) if rows else None


def _served(metric: Estimated, outcome: Outcome | None) -> Rows | None:
    return served_rows(outcome) if isinstance(outcome, metric.realised.tasks) else None


def _learned(metric: Estimated, reference: Profile) -> Learned | None:
    """Give what the reference teaches, without its features where they were seen to do harm."""
    harmed = harm_of(metric) in reference.layout.spreads
    return _taught_without(reference.outcome) if harmed else _taught(reference.outcome)


@lru_cache(maxsize=16)
def _taught(outcome: Outcome | None) -> Learned | None:
    return learned_from(outcome)


@lru_cache(maxsize=16)
def _taught_without(outcome: Outcome | None) -> Learned | None:
    learned = _taught(outcome)
    return replace(learned, excess=None) if learned else None


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
