"""Averages over the classes before labels come: what the scores promise, class by class.

The chance that a decision is right comes of its score, corrected as for accuracy, and is moved class by class to what
such decisions were worth on the reference; a wrong one has the labels that it had there. (Garg et al. 2022)
"""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, logit

from monitor.detectors.detector import Detector
from monitor.detectors.performance import macro
from monitor.detectors.performance.estimated import CONTRADICTED, KIND, NO_CHANCES, NO_ROWS, fallen, gap_of
from monitor.detectors.performance.judged import Metric
from monitor.detectors.performance.served import Learned, learned_from, served_rows
from monitor.detectors.performance.spread import level, seasons_in, spread_and_lasting, spread_of
from monitor.detectors.quality.contradicted_share import contradicting
from monitor.profiles.outcome import MulticlassOutcome, Outcome
from monitor.profiles.profile import Profile
from monitor.profiles.season import Season
from monitor.stats.expected_macro import (
    Decided,
    ExpectedMacro,
    expected_macro_f1,
    expected_macro_precision,
    expected_macro_recall,
)
from monitor.stats.intervals import Estimate, prediction_interval
from monitor.types import Measurement, Window

Floats = NDArray[np.float64]

PRIOR = 2.0
"""How many rows speak for a class's decisions being worth what all classes' are at the same score."""
WIDEST, STEPS = 12.0, 40
LABELLED = 0.95
"""The share of a window's rows whose labels must be known for an estimate to be laid beside what was realised."""


@dataclass(frozen=True)
class Averaged:
    """An average that is expected of a window, and the metric that it will be compared with."""

    expecting: Callable[[Decided], ExpectedMacro | None]
    realised: Metric[Any]

    @property
    def name(self) -> str:
        """Give the detector's name."""
        return f"estimated_{self.realised.name}"


@dataclass(frozen=True, eq=False)
class Taught:
    """What a reference teaches.

    learned: what scores are worth. offsets, errors: shape (classes,), by how much a class's decisions are worth more,
    in log odds, and the variance of the mean chance with which that was learned. wrongs: as in `Decided`. mistaken:
    shape (classes,), from how many wrong rows.
    """

    learned: Learned
    offsets: Floats
    errors: Floats
    wrongs: Floats
    mistaken: Floats

    def decided(self, outcome: MulticlassOutcome) -> Decided | None:
        """Give a window's rows with their chances; None without any."""
        plain = _plain(self.learned, outcome)
        if plain is None or not outcome.served.any():
            return None
        return Decided(outcome.served, expit(logit(plain) + self.offsets[:, None]), self.wrongs)

    def learning_variance(self, found: ExpectedMacro, rows: Decided) -> float:
        """Give by how much the number varies with what was learned."""
        wrong = (rows.counts * (1 - rows.chances)).sum(axis=1)
        worth = (found.by_right * rows.counts.sum(axis=1)) ** 2 @ self.errors
        return float(worth + wrong**2 @ (found.scatter / self.mistaken))


def estimated_macro_precision(reference: Profile, current: Profile) -> Iterator[Measurement]:
    """Average over the classes decided of the share that is right, as the scores promise, in [0, 1]: lower is worse.

    For several classes. Blind to a changed concept: to rows that score as ever and are wrong. (NannyML 2022)
    """
    yield from estimated(PRECISION, reference, current)


def estimated_macro_recall(reference: Profile, current: Profile) -> Iterator[Measurement]:
    """Average over the classes of the share of their rows that is decided rightly, before labels: lower is worse.

    In [0, 1], for several classes. Blind to a changed concept, and to wrong decisions that come to stand for other
    classes than on the reference. (NannyML 2022)
    """
    yield from estimated(RECALL, reference, current)


def estimated_macro_f1(reference: Profile, current: Profile) -> Iterator[Measurement]:
    """Average of the classes' F1 that the scores promise, before labels, in [0, 1]: lower is worse.

    For several classes. Blind to a changed concept, and to wrong decisions that come to stand for other classes than on
    the reference. (NannyML 2022)
    """
    yield from estimated(F1, reference, current)


def estimated(metric: Averaged, reference: Profile, current: Profile) -> Iterator[Measurement]:
    """Estimate an average of the window's served rows, and how much worse it is than on the reference's.

    Nothing when the model has no scores or is none of several classes. The effect is positive when it got worse.
    """
    before, after = reference.outcome, current.outcome
    if not isinstance(before, MulticlassOutcome) or not isinstance(after, MulticlassOutcome) or not after.served.size:
        return
    if contradicting(reference, current):
        yield Measurement(metric.name, None, n=int(after.served.sum()), note=CONTRADICTED)
        return
    taught, gap = _taught(before), reference.layout.spreads.get(gap_of(metric.name), 0.0)
    usual = _usual(metric, before, taught) if taught else None
    found = _estimate(metric, _decided(taught, after), taught, gap) if taught else None
    if usual is None or found is None:
        note = NO_CHANCES if taught is None else NO_ROWS
        yield Measurement(metric.name, None, n=int(after.served.sum()), note=note)
        return
    yield fallen(metric.name, reference, current, usual, found)


def macro_spreads(reference: Profile, windows: Sequence[Profile]) -> dict[str, float]:
    """Give how much each average differs between the reference's windows, and by `gap_of` it how much it is off.

    As standard deviations beyond chance, in its unit; those whose windows are fewer than eight are left out.
    """
    taught = _taught(reference.outcome)
    if taught is None:
        return {}
    outcomes = [window.outcome for window in windows if isinstance(window.outcome, MulticlassOutcome)]
    held = [(outcome, taught.decided(outcome)) for outcome in outcomes]
    found = dict[str, float | None]()
    for metric in METRICS:
        made = [one for _, rows in held if (one := _estimate(metric, rows, taught))]
        usual = _usual(metric, reference.outcome, taught) if isinstance(reference.outcome, MulticlassOutcome) else None
        found |= spread_and_lasting(metric.name, made) | (level(metric.name, made, usual.value) if usual else {})
        found[gap_of(metric.name)] = spread_of([one for each in held if (one := _gap(metric, *each))])
    return {name: spread for name, spread in found.items() if spread is not None}


def macro_seasons(reference: Profile, windows: Mapping[Window, Profile]) -> dict[str, Season]:
    """Give each average's weekly season, by the detector's name, of those that have enough windows."""
    taught = _taught(reference.outcome)
    if taught is None:
        return {}
    decided = {
        at: taught.decided(one.outcome) for at, one in windows.items() if isinstance(one.outcome, MulticlassOutcome)
    }
    return seasons_in(
        {
            metric.name: {at: one for at, rows in decided.items() if (one := _estimate(metric, rows, taught))}
            for metric in METRICS
        }
    )


def _estimate(metric: Averaged, rows: Decided | None, taught: Taught, gap: float = 0.0) -> Estimate | None:
    found = metric.expecting(rows) if rows else None
    if rows is None or found is None:
        return None
    n = int(rows.counts.sum())
    off = found.label_variance(rows) + taught.learning_variance(found, rows) + gap**2
    value = min(max(found.value, 0.0), 1.0)
    return Estimate(value, math.sqrt(found.row_variance(rows)), *prediction_interval(value, math.sqrt(off), n), n)


def _gap(metric: Averaged, outcome: MulticlassOutcome, rows: Decided | None) -> Estimate | None:
    """Give realised less estimated where nearly all labels are known, with the error that these bring in."""
    n = int(outcome.served.sum())
    found, real = metric.expecting(rows) if rows else None, metric.realised.estimate(outcome)
    if rows is None or found is None or not isinstance(real, Estimate) or outcome.n < LABELLED * n:
        return None
    return Estimate(real.value - found.value, math.sqrt(found.label_variance(rows)), n=n)


# A reference stays what it is from window to window.
@lru_cache(maxsize=64)
def _usual(metric: Averaged, outcome: MulticlassOutcome, taught: Taught) -> Estimate | None:
    return _estimate(metric, taught.decided(outcome), taught)


# All averages of a window are taken of the same rows.
@lru_cache(maxsize=4)
def _decided(taught: Taught, outcome: MulticlassOutcome) -> Decided | None:
    return taught.decided(outcome)


@lru_cache(maxsize=16)
def _taught(outcome: Outcome | None) -> Taught | None:
    learned = learned_from(outcome)
    if learned is None or not isinstance(outcome, MulticlassOutcome) or not outcome.served.any():
        return None
    plain = _plain(learned, outcome)
    if plain is None:
        return None
    confusion = outcome.confusion[:-1].astype(float)
    rows, counts = confusion.sum(axis=1), outcome.served
    usual = (counts * plain).sum(axis=1) / np.maximum(counts.sum(axis=1), 1)
    worth = (confusion.diagonal() + PRIOR * usual) / (rows + PRIOR)
    wrong = _wrong(confusion)
    mistaken = wrong.sum(axis=1)
    errors = worth * (1 - worth) / (rows + PRIOR)
    return Taught(learned, _offsets(counts, plain, worth), errors, wrong / mistaken[:, None], mistaken)


def _wrong(confusion: Floats) -> Floats:
    """Give the wrong rows by class decided and label, and one for each class that has the labels of all rows."""
    apart = 1 - np.eye(*confusion.shape)
    others = (confusion.sum(axis=0) + 1 / len(confusion)) * apart
    return np.asarray(confusion * apart + others / others.sum(axis=1, keepdims=True))


def _plain(learned: Learned, outcome: MulticlassOutcome) -> Floats | None:
    """Give the chance that a decision is right by the bin of its score, shape (bins,), whatever the class."""
    rows = served_rows(outcome)
    return None if rows is None else np.clip(learned.chances(rows)[0][:, 1], 1e-9, 1 - 1e-9)


def _offsets(counts: NDArray[np.int64], plain: Floats, worth: Floats) -> Floats:
    """Find by how much each class's log odds are off, so that its mean chance is its worth. (Platt 1999)."""
    low, high = np.full(worth.size, -WIDEST), np.full(worth.size, WIDEST)
    rows = np.maximum(counts.sum(axis=1), 1)
    for _ in range(STEPS):
        middle = (low + high) / 2
        mean = (counts * expit(logit(plain) + middle[:, None])).sum(axis=1) / rows
        low, high = np.where(mean < worth, middle, low), np.where(mean < worth, high, middle)
    return np.where(counts.any(axis=1), (low + high) / 2, 0.0)


PRECISION = Averaged(expected_macro_precision, macro.PRECISION)
RECALL = Averaged(expected_macro_recall, macro.RECALL)
F1 = Averaged(expected_macro_f1, macro.F1)
METRICS = (PRECISION, RECALL, F1)
DETECTORS = (
    Detector(PRECISION.name, KIND, "share", estimated_macro_precision, "better", min_effect=0.02),
    Detector(RECALL.name, KIND, "share", estimated_macro_recall, "better", min_effect=0.02),
    Detector(F1.name, KIND, "score", estimated_macro_f1, "better", min_effect=0.02),
)
