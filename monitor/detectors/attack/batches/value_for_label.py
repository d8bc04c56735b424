"""One value, or a pair of them, that makes one label more certain than the reference does: a backdoor's trigger."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from monitor.detectors.attack.batches.rows import NONE, Floats, Labelled, Places, Told

REPEATED = 4
COARSE = 8
PAIRED = 16
SMOOTHING = 0.5
KNOWN = 10.0
"""The reference's rows of a word count beside so many of what the probabilities say."""


@dataclass(frozen=True, eq=False)
class Repeated:
    """Values of the reference in order, shape (values,), with the share of its rows that hold each.

    labels: shape (values, classes), the rows of each label that hold it; (0, classes) where the probabilities know the
    values, as they do numbers, and not words.
    """

    values: NDArray[Any]
    shares: Floats
    labels: Floats

    @classmethod
    def of(cls, reference: Labelled, held: tuple[Places, NDArray[Any]], *, untold: bool = False) -> "Repeated":
        """Count them; untold: the probabilities do not know the values."""
        places, all_values = held
        values, back, counts = np.unique(all_values, return_inverse=True, return_counts=True)
        size, classes = (values.size if untold else 0), reference.classes
        cells = back * classes + reference.label[places]
        labels = np.bincount(cells, minlength=size * classes)[: size * classes].reshape(size, classes)
        return cls(values, counts / reference.size, labels.astype(np.float64))

    def among(self, found: NDArray[Any]) -> tuple[NDArray[np.bool_], Places]:
        """Say which values are known, and where they stand."""
        at = np.minimum(np.searchsorted(self.values, found), self.values.size - 1)
        return self.values[at] == found, at


@dataclass(frozen=True, eq=False)
class Usual:
    """How often the reference has each value.

    cells: shape (columns, levels), shares of each cell. pairs: shape (pairs, 64), of pairs of coarse cells. numbers: by
    column of numbers. words: of all texts.
    """

    cells: Floats
    pairs: Floats
    numbers: tuple[Repeated, ...]
    words: Repeated

    @classmethod
    def of(cls, reference: Labelled) -> "Usual":
        """Count them."""
        places = np.arange(reference.size)
        return cls(
            _shares(reference.cells, reference.levels),
            _shares(_paired(reference), COARSE**2),
            tuple(Repeated.of(reference, (places, column)) for column in reference.raw.T),
            Repeated.of(reference, _flat(reference), untold=True),
        )


def measure(batch: Labelled, *, usual: Usual) -> Told:
    """Give the largest signed root deviance of a label's count at one value, at least 0; its rows are named.

    Values are categories, bins of numbers, numbers that repeat exactly, words of texts, and pairs of coarse bins of
    the first sixteen columns. A value's labels are binomial; their expectation is the mean of the model's probability
    and the neighbours' share. That the value comes more often than in the reference, and does so alone in its column,
    counts as much again, at most. `cell` is (column, value, label), for a pair (column, value, column, value, label),
    for a repeated number (-1 - column, row, label) with the place of a row that holds it, for a word the same with its
    code and as column the one behind all numbers. (scan statistics: Kulldorff 1997; triggers: Gu, Dolan-Gavitt & Garg
    2017)

    Blind to triggers spread over more than two columns, several words or a smooth pattern, to those on labels that the
    model expects anyway (clean labels), to values that are common, and to a few rows: at 1 % of 500 there are five.
    """
    expected = (batch.chance + batch.near) / 2
    return max(_scans(batch, expected, usual), key=lambda told: told.value, default=Told(0.0, NONE))


def _pairs(columns: int) -> list[tuple[int, int]]:
    return [(i, j) for i in range(min(columns, PAIRED)) for j in range(i)]


def _paired(batch: Labelled) -> Places:
    coarse = np.minimum(batch.cells // (batch.levels // COARSE), COARSE - 1)
    joint = [coarse[:, i] * COARSE + coarse[:, j] for i, j in _pairs(batch.cells.shape[1])]
    return np.column_stack([np.empty((batch.size, 0), np.intp), *joint])


def _shares(codes: Places, levels: int) -> Floats:
    flat = (codes + np.arange(codes.shape[1]) * levels).ravel()
    return np.asarray(np.bincount(flat, minlength=codes.shape[1] * levels) / len(codes))


def _scans(batch: Labelled, expected: Floats, usual: Usual) -> Iterator[Told]:
    columns = batch.cells.shape[1]
    if columns:
        yield _most(batch, expected, (batch.cells, usual.cells), batch.levels, [(i,) for i in range(columns)])
    if columns > 1:
        yield _most(batch, expected, (_paired(batch), usual.pairs), COARSE**2, _pairs(columns))
    places = np.arange(batch.size)
    for column, known in enumerate(usual.numbers):
        yield from _repeated(batch, expected, (places, batch.raw[:, column]), known, column)
    yield from _repeated(batch, expected, _flat(batch), usual.words, len(usual.numbers))


def _flat(batch: Labelled) -> tuple[Places, Places]:
    """Give the words of all rows, and the row that each stands in."""
    sizes = np.fromiter(map(len, batch.words), np.intp, batch.size)
    return np.repeat(np.arange(batch.size), sizes), np.concatenate([np.empty(0, np.int64), *batch.words])


def _most(
    batch: Labelled, expected: Floats, coded: tuple[Places, Floats], levels: int, names: Sequence[tuple[int, ...]]
) -> Told:
    codes, shares = coded
    flat = (codes + np.arange(codes.shape[1]) * levels).ravel()
    best, size = Told(0.0, NONE), codes.shape[1] * levels
    rows = np.bincount(flat, minlength=size)
    by_rows = oftener(rows.reshape(-1, levels), batch.size * shares.reshape(-1, levels)).ravel()
    for label in range(batch.classes):
        met = np.bincount(flat, np.repeat(batch.label == label, codes.shape[1]), size)
        promised = np.bincount(flat, np.repeat(expected[:, label], codes.shape[1]), size)
        scores = surprise(met, promised, rows, by_rows)
        at = int(scores.argmax())
        if scores[at] > best.value:
            column, value = divmod(at, levels)
            named = np.flatnonzero((codes[:, column] == value) & (batch.label == label))
            best = Told(float(scores[at]), named, cell=(*_named(names[column], value), label))
    return best


def _named(columns: tuple[int, ...], value: int) -> tuple[int, ...]:
    return (columns[0], value) if len(columns) == 1 else (columns[0], value // COARSE, columns[1], value % COARSE)


def _repeated(
    batch: Labelled,
    expected: Floats,
    held: tuple[Places, NDArray[Any]],
    known: Repeated,
    column: int,
) -> Iterator[Told]:
    """Look at values that repeat exactly, numbers or words; held: the row that each stands in, and the values."""
    places, values = held
    distinct, first, back, counts = np.unique(values, return_index=True, return_inverse=True, return_counts=True)
    often = np.flatnonzero(counts >= REPEATED)
    if not often.size or not known.values.size:
        return
    seen, at = known.among(distinct[often])
    shares = np.where(seen, known.shares[at], 0.0)
    by_rows = oftener(counts[often][None], batch.size * shares[None])[0]
    words, told_of = bool(known.labels.size), np.zeros((often.size, batch.classes))
    if words:
        told_of[seen] = known.labels[at[seen]]
    beside = KNOWN + told_of.sum(axis=1)
    for label in range(batch.classes):
        met = np.bincount(back, batch.label[places] == label, first.size)[often]
        promised = np.bincount(back, expected[places, label], first.size)[often]
        # a word that the reference holds may go with the labels that it went with there
        there = (KNOWN * promised + counts[often] * told_of[:, label]) / beside
        promised = np.maximum(promised, there)
        scores = surprise(met, promised, counts[often], by_rows)
        most = int(scores.argmax())
        if scores[most] > 0:
            rows = places[(back == often[most]) & (batch.label[places] == label)]
            told = distinct[often[most]] if words else places[first[often[most]]]
            yield Told(float(scores[most]), rows, cell=(-1 - column, int(told), label))


def oftener(rows: NDArray[Any], usual: NDArray[Any]) -> Floats:
    """Give the evidence that each value comes more often than in the reference, beyond any other value of its column.

    rows, usual: shape (columns, values), rows of each and as many as the reference would have. A column that moved as a
    whole has many values that come more often.

    >>> oftener(np.array([[20, 9, 9, 9]]), np.array([[10.0, 10.0, 10.0, 10.0]])).round(1).tolist()
    [[3.4, 0.0, 0.0, 0.0]]
    """
    more = np.where(rows > usual + SMOOTHING, _times(rows, usual + SMOOTHING) - (rows - usual - SMOOTHING), 0.0)
    if more.shape[1] < 2:
        return np.asarray(more)
    second, most = np.partition(more, -2, axis=1)[:, -2:].T
    other = np.where(more == most[:, None], second[:, None], most[:, None])
    return np.asarray(np.maximum(more - other, 0.0))


def surprise(met: NDArray[Any], promised: NDArray[Any], rows: NDArray[Any], by_rows: NDArray[Any]) -> Floats:
    """Give the signed root deviance of counts of a label at values; 0 where they are not above what was promised.

    met, promised: rows of the label at each value; rows: all at that value; by_rows: the evidence that these are more
    than in the reference.

    >>> met, promised, rows = np.array([20.0, 20.0, 9.0]), np.array([10.0, 10.0, 10.0]), np.array([20.0, 20.0, 20.0])
    >>> surprise(met, promised, rows, np.array([0.0, 50.0, 0.0])).round(1).tolist()
    [5.3, 7.4, 0.0]
    """
    share = np.clip((promised + SMOOTHING) / (rows + 2 * SMOOTHING), 1e-9, 1 - 1e-9)
    by_label = _times(met, rows * share) + _times(rows - met, rows * (1 - share))
    total = by_label + np.minimum(by_label, by_rows)
    return np.asarray(np.where(met > rows * share, np.sqrt(2 * np.maximum(total, 0.0)), 0.0))


def _times(found: NDArray[Any], expected: NDArray[Any]) -> Floats:
    ratio = np.log(np.maximum(found, 1e-9) / np.maximum(expected, 1e-9))
    return np.where(found > 0, found * ratio, 0.0)
