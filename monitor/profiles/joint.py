"""Joint counts of predictions and labels: which places a row adds to, and how they are read back."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from monitor.profiles.outcome import BinaryOutcome, MulticlassOutcome, Outcome, RegressionOutcome
from monitor.profiles.outcome_layout import CONFIDENCE_BINS, Binary, Multiclass, OutcomeLayout, Regression
from monitor.profiles.reading import Floats, categories, floats

Positions = NDArray[np.intp]
Counts = NDArray[np.int64]

SMALLEST = 1e-15


@dataclass(frozen=True, eq=False)
class Joint:
    """What rows add to an outcome: one count for each of `hits`, a weight for each of `sums`, as (rows, places).

    totals: weights whose rows all share one place.
    """

    hits: tuple[tuple[Positions, Positions], ...] = ()
    sums: tuple[tuple[Positions, Positions, Floats], ...] = ()
    totals: tuple[tuple[Positions, int, Floats], ...] = ()


def joint_of(rows: pa.Table, outcome: OutcomeLayout) -> Joint:
    """Find the places of every row whose label and prediction are known."""
    if outcome.label not in rows.column_names or rows.column(outcome.label).null_count == rows.num_rows:
        return Joint()
    if isinstance(outcome, Binary):
        return _binary(rows, outcome)
    return _multiclass(rows, outcome) if isinstance(outcome, Multiclass) else _regression(rows, outcome)


def served_of(rows: pa.Table, outcome: OutcomeLayout) -> Joint:
    """Find the places of every row that was served, labelled or not."""
    if isinstance(outcome, Binary):
        return _served_binary(rows, outcome)
    return _served_multiclass(rows, outcome) if isinstance(outcome, Multiclass) and outcome.scores else Joint()


def outcome_of(outcome: OutcomeLayout, counts: Counts, sums: Floats) -> Outcome:
    """Read an outcome from its places."""
    if isinstance(outcome, Binary):
        size = outcome.bins.size
        loss, loss_sq, brier, brier_sq = sums[size : size + 4].tolist()
        met, served, told = counts[: size * 4].reshape(size, 2, 2), *_parts(counts[size * 4 :], (size, 2), 2)
        scores, (served_scores, excess, squares) = sums[:size], _parts(sums[size + 4 :], (size, 2), 3)
        return BinaryOutcome(
            met, scores, (loss, loss_sq), (brier, brier_sq), served, served_scores, told, excess, squares
        )
    if isinstance(outcome, Multiclass):
        k = len(outcome.classes) + 1
        last = k * k + 2 * CONFIDENCE_BINS
        confusion, confidence = counts[: k * k].reshape(k, k), counts[k * k : last].reshape(CONFIDENCE_BINS, 2)
        confidence_sums, loss = sums[:CONFIDENCE_BINS], sums[CONFIDENCE_BINS:][:2]
        shape = len(outcome.scores), CONFIDENCE_BINS
        served, told = _parts(counts[last + 1 :], shape, 2)
        served_sums, excess, squares = _parts(sums[CONFIDENCE_BINS + 2 :], shape, 3)
        return MulticlassOutcome(
            outcome.classes,
            confusion,
            confidence,
            confidence_sums,
            (float(loss[0]), float(loss[1])),
            int(counts[last]),
            served,
            served_sums,
            told,
            excess,
            squares,
        )
    error, absolute, square, fourth, label, label_square = sums.tolist()
    return RegressionOutcome(int(counts.sum()), error, absolute, square, fourth, label, label_square, counts)


def _parts(values: NDArray[Any], shape: tuple[int, int], many: int) -> list[NDArray[Any]]:
    """Part values into parts of one shape; those for which there are none have no rows."""
    size = shape[0] * shape[1]
    return [values[size * i : size * (i + 1)].reshape(-1, shape[1]) for i in range(many)]


def _binary(rows: pa.Table, outcome: Binary) -> Joint:
    score = _floats(rows, outcome.score)
    label = class_codes(rows, outcome.label, (outcome.positive,))
    known = np.flatnonzero((label >= 0) & np.isfinite(score))
    p, y = score[known], (label[known] == 0).astype(np.intp)
    predicted = _decided(rows, outcome, score)[known]
    bins = outcome.bins.codes(p)
    chance = np.clip(p, 0.0, 1.0)
    loss = -np.log(np.maximum(np.where(y == 1, chance, 1 - chance), SMALLEST))
    brier = (chance - y) ** 2
    moments = _weights(known, outcome.bins.size, (loss, loss**2, brier, brier**2))
    return Joint(((known, bins * 4 + predicted * 2 + y),), ((known, bins, p),), moments)


def _served_binary(rows: pa.Table, outcome: Binary) -> Joint:
    score = _floats(rows, outcome.score)
    served = np.flatnonzero(np.isfinite(score))
    p, size = score[served], outcome.bins.size
    cells = outcome.bins.codes(p) * 2 + _decided(rows, outcome, score)[served]
    plain = Joint(((served, size * 4 + cells),), ((served, size + 4 + cells, p),))
    return _with_told(plain, rows, outcome.excess, served, size=size * 2)


def _with_told(plain: Joint, rows: pa.Table, excess: str | None, served: Positions, *, size: int) -> Joint:
    """Add what features tell of served rows, in places that follow the `size` cells of the rows themselves."""
    if excess is None or excess not in rows.column_names:
        return plain
    more = floats(rows.column(excess))[served]
    known = np.isfinite(more)
    told, more = served[known], more[known]
    (_, counted), (_, summed, _) = plain.hits[0], plain.sums[0]
    hits, sums = (told, counted[known] + size), summed[known] + size
    return Joint((*plain.hits, hits), (*plain.sums, (told, sums, more), (told, sums + size, more**2)))


def _decided(rows: pa.Table, outcome: Binary, score: Floats) -> Positions:
    predicted = (score >= outcome.threshold).astype(np.intp)
    if outcome.predicted is None:
        return predicted
    decided = class_codes(rows, outcome.predicted, (outcome.positive,))
    return np.where(decided < 0, predicted, decided == 0)


def _multiclass(rows: pa.Table, outcome: Multiclass) -> Joint:
    k = len(outcome.classes)
    label = class_codes(rows, outcome.label, outcome.classes)
    scores = _scores(rows, outcome.scores)
    predicted = _decisions(rows, outcome, scores)
    known = np.flatnonzero((label >= 0) & (predicted >= 0))
    confusion = (known, predicted[known] * (k + 1) + label[known])
    if scores is None:
        return Joint((confusion,))
    sure, cell, confidence = _sure(known, predicted, scores)
    right = (predicted[sure] == label[sure]).astype(np.intp)
    named = known[label[known] < k]
    chance = scores[named, label[named]]
    within = (chance >= 0) & (chance <= 1)
    named, chance = named[within], chance[within]
    loss = -np.log(np.maximum(chance, SMALLEST))
    first = (k + 1) ** 2
    last = np.full(named.size, first + 2 * CONFIDENCE_BINS)
    return Joint(
        (confusion, (sure, first + cell * 2 + right), (named, last)),
        ((sure, cell, confidence),),
        _weights(named, CONFIDENCE_BINS, (loss, loss**2)),
    )


def _served_multiclass(rows: pa.Table, outcome: Multiclass) -> Joint:
    scores = np.column_stack([_floats(rows, name) for name in outcome.scores])
    predicted = _decisions(rows, outcome, scores)
    served, cell, confidence = _sure(np.flatnonzero(predicted >= 0), predicted, scores)
    places = predicted[served] * CONFIDENCE_BINS + cell
    first = (len(outcome.classes) + 1) ** 2 + 2 * CONFIDENCE_BINS + 1
    plain = Joint(((served, first + places),), ((served, CONFIDENCE_BINS + 2 + places, confidence),))
    return _with_told(plain, rows, outcome.excess, served, size=scores.shape[1] * CONFIDENCE_BINS)


def decided_and_sure(rows: pa.Table, outcome: Multiclass) -> tuple[Positions, Floats]:
    """Give each row's decision, -1 without one, and its score, NaN where that is no probability or not known."""
    scores = np.column_stack([_floats(rows, name) for name in outcome.scores])
    predicted = _decisions(rows, outcome, scores)
    served, _, confidence = _sure(np.flatnonzero(predicted >= 0), predicted, scores)
    sure = np.full(rows.num_rows, np.nan)
    sure[served] = confidence
    return predicted, sure


def _sure(known: Positions, predicted: Positions, scores: Floats) -> tuple[Positions, Positions, Floats]:
    """Give the rows whose class has a probability, the bin of it, and the probability itself."""
    sure = known[predicted[known] < scores.shape[1]]
    confidence = scores[sure, predicted[sure]]
    within = (confidence >= 0) & (confidence <= 1)
    sure, confidence = sure[within], confidence[within]
    return sure, np.minimum((confidence * CONFIDENCE_BINS).astype(np.intp), CONFIDENCE_BINS - 1), confidence


def _regression(rows: pa.Table, outcome: Regression) -> Joint:
    predicted, label = _floats(rows, outcome.predicted), _floats(rows, outcome.label)
    with np.errstate(over="ignore", invalid="ignore"):
        error = predicted - label
        known = np.flatnonzero(np.isfinite(error))
        e, y = error[known], label[known] - outcome.center
        square = e * e
        weights = (e, np.abs(e), square, square * square, y, y * y)
    return Joint(((known, outcome.bins.codes(e)),), totals=_weights(known, 0, weights))


def class_codes(rows: pa.Table, name: str, classes: tuple[str, ...]) -> Positions:
    """Give each row's class: its position, the number of classes for any other value, -1 without a value."""
    if name not in rows.column_names:
        return np.full(rows.num_rows, -1, np.intp)
    read = categories(rows.column(name), classes=True)
    place = {value: i for i, value in enumerate(classes)}
    codes = [-1 if t is None else place.get(t, len(classes)) for t in read.texts]
    return np.asarray(np.array([*codes, -1], np.intp)[read.positions])


def _decisions(rows: pa.Table, outcome: Multiclass, scores: Floats | None) -> Positions:
    """Take the logged decision, else the class of the largest score."""
    decided = np.full(rows.num_rows, -1, np.intp)
    if outcome.predicted is not None:
        decided = class_codes(rows, outcome.predicted, outcome.classes)
    if scores is None:
        return decided
    whole = np.asarray(np.isfinite(scores).all(axis=1))
    return np.where((decided < 0) & whole, np.argmax(np.where(whole[:, None], scores, 0.0), axis=1), decided)


def _scores(rows: pa.Table, names: tuple[str, ...]) -> Floats | None:
    return np.column_stack([_floats(rows, name) for name in names]) if names else None


def _floats(rows: pa.Table, name: str) -> Floats:
    return floats(rows.column(name)) if name in rows.column_names else np.full(rows.num_rows, np.nan)


def _weights(rows: Positions, first: int, weights: tuple[Floats, ...]) -> tuple[tuple[Positions, int, Floats], ...]:
    return tuple((rows, first + i, w) for i, w in enumerate(weights))
