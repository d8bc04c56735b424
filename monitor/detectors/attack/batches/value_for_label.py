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


@dataclass(frozen=True, eq=False)
class Usual:
    """How often the reference has each value.

    cells: shape (columns, levels), shares of each cell. pairs: shape (pairs, 64), of pairs of coarse cells. numbers: by
    column of numbers, its distinct values in order with the share of each.
    """

    cells: Floats
    pairs: Floats
    numbers: tuple[tuple[Floats, Floats], ...]

    @classmethod
    def of(cls, reference: Labelled) -> "Usual":
        """Count them."""
        numbers = (np.unique(column, return_counts=True) for column in reference.raw.T)
        return cls(
            _shares(reference.cells, reference.levels),
            _shares(_paired(reference), COARSE**2),
            tuple((values, counts / reference.size) for values, counts in numbers),
        )


def measure(batch: Labelled, *, usual: Usual) -> Told:
    """Give the largest signed root deviance of a label's count at one value, at least 0; its rows are named.

    Values are categories, bins of numbers, numbers that repeat exactly, and pairs of coarse bins of the first sixteen
    columns. A value's labels are binomial; their expectation is the mean of the model's probability and the
    neighbours' share. That the value comes more often than in the reference, and does so alone in its column, counts
    as much again, at most. `cell` is (column, value, label), for a pair (column, value, column, value, label), for a
    repeated number (-1 - column, row, label) with the place of a row that holds it. (scan statistics: Kulldorff 1997;
    triggers: Gu, Dolan-Gavitt & Garg 2017)

    Blind to triggers spread over more than two columns or a smooth pattern, to those on labels that the model
    expects anyway (clean labels), to values that are common, and to a few rows: at 1 % of 500 there are five.
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
    for column, known in enumerate(usual.numbers):
        yield from _repeated(batch, expected, column, known)


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


def _repeated(batch: Labelled, expected: Floats, column: int, known: tuple[Floats, Floats]) -> Iterator[Told]:
    distinct, first, back, counts = np.unique(
        batch.raw[:, column], return_index=True, return_inverse=True, return_counts=True
    )
    often = np.flatnonzero(counts >= REPEATED)
    if not often.size or not known[0].size:
        return
    at = np.minimum(np.searchsorted(known[0], distinct[often]), known[0].size - 1)
    shares = np.where(known[0][at] == distinct[often], known[1][at], 0.0)
    by_rows = oftener(counts[often][None], batch.size * shares[None])[0]
    for label in range(batch.classes):
        met = np.bincount(back, batch.label == label, first.size)[often]
        promised = np.bincount(back, expected[:, label], first.size)[often]
        scores = surprise(met, promised, counts[often], by_rows)
        most = int(scores.argmax())
        if scores[most] > 0:
            rows = np.flatnonzero((back == often[most]) & (batch.label == label))
            yield Told(float(scores[most]), rows, cell=(-1 - column, int(first[often[most]]), label))


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
