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
PLAINER = 0.5
"""A pair must be so much more surprising than a value: there are some fifteen times as many of them."""
CERTAIN, MOST_POOLED = 0.85, 8_000
"""Over a whole batch, values are looked at of which so large a share bears one label, in so many rows at most."""


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

    groups: shape (columns, levels), the coarse cell of each, see `coarse`. cells: shape (classes, columns x levels),
    rows of each label at each cell. pairs: shape (classes, pairs x 64), at pairs of coarse cells. numbers: by column
    of numbers. words: of all texts.
    """

    groups: Places
    cells: Floats
    pairs: Floats
    numbers: tuple[Repeated, ...]
    words: Repeated

    @classmethod
    def of(cls, reference: Labelled) -> "Usual":
        """Count them."""
        places, cells = np.arange(reference.size), _by_label(reference, reference.cells, reference.levels)
        counts = cells.sum(axis=0).reshape(-1, reference.levels)
        groups = np.array([coarse(one) for one in counts], np.intp).reshape(counts.shape)
        return cls(
            groups,
            cells,
            _by_label(reference, _paired(reference, groups), COARSE**2),
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
    return max(_scans(batch, expected, usual), key=_plainest, default=Told(0.0, NONE))


def measure_pooled(batch: Labelled, *, usual: Usual) -> Told:
    """Give the same over all rows of a batch at once, of values and pairs that hardly leave a label open.

    Parts of a batch hold too little of a value that few rows have. But the more rows, the less it is chance alone by
    which labels differ from what is expected: how well the reference tells them of a value hangs on its own rows of it,
    by which the variance is the larger, and by whose labels more may be expected. Named are the rows of the label at
    that value.
    """
    expected = (batch.chance + batch.near) / 2
    return max(_of_cells(batch, expected, usual, pooled=True), key=_plainest, default=Told(0.0, NONE))


def _plainest(told: Told) -> float:
    return told.value - PLAINER * (len(told.cell) > len(("column", "value", "label")))


def coarse(shares: Floats) -> Places:
    """Give the coarse cell of each cell: neighbours together that hold about as many rows; few cells stay apart.

    shares: shape (levels,), of the reference's rows, or how many these are. Values that the reference lacks come with
    the last ones, or apart where there is room.

    >>> coarse(np.array([0.5, 0.3, 0.2, 0.0])).tolist()
    [0, 1, 2, 3]
    >>> coarse(np.array([0.9, *[0.01] * 10, 0.0])).tolist()
    [0, 1, 1, 2, 2, 3, 3, 4, 5, 6, 7, 7]
    """
    few = np.count_nonzero(shares) <= COARSE
    group, here, left, found = 0, 0.0, float(shares.sum()), list[int]()
    for share in shares.tolist():
        found.append(group)
        here += share
        if share and group < COARSE - 1 and (few or here >= left / (COARSE - group) - 1e-12):
            group, here, left = group + 1, 0.0, left - here
    return np.array(found, np.intp)


def _pairs(columns: int) -> list[tuple[int, int]]:
    return [(i, j) for i in range(min(columns, PAIRED)) for j in range(i)]


def _paired(batch: Labelled, groups: Places) -> Places:
    found = groups[np.arange(batch.cells.shape[1]), batch.cells]
    joint = [found[:, i] * COARSE + found[:, j] for i, j in _pairs(batch.cells.shape[1])]
    return np.column_stack([np.empty((batch.size, 0), np.intp), *joint])


def _by_label(rows: Labelled, codes: Places, levels: int) -> Floats:
    """Count the rows of each label at each cell; shape (classes, columns x levels)."""
    size = codes.shape[1] * levels
    flat = codes + np.arange(codes.shape[1]) * levels
    found = np.bincount((rows.label[:, None] * size + flat).ravel(), minlength=rows.classes * size)
    return found.reshape(rows.classes, size).astype(np.float64)


def _of_cells(batch: Labelled, expected: Floats, usual: Usual, *, pooled: bool) -> Iterator[Told]:
    columns = batch.cells.shape[1]
    if columns:
        single = _Coded(batch.cells, usual.cells, batch.levels, [(i,) for i in range(columns)])
        yield _most(batch, expected, single, pooled=pooled)
    if columns > 1:
        pairs = _Coded(_paired(batch, usual.groups), usual.pairs, COARSE**2, _pairs(columns))
        yield _most(batch, expected, pairs, pooled=pooled)


def _scans(batch: Labelled, expected: Floats, usual: Usual) -> Iterator[Told]:
    yield from _of_cells(batch, expected, usual, pooled=False)
    places = np.arange(batch.size)
    for column, known in enumerate(usual.numbers):
        yield from _repeated(batch, expected, (places, batch.raw[:, column]), known, column)
    yield from _repeated(batch, expected, _flat(batch), usual.words, len(usual.numbers))


def _flat(batch: Labelled) -> tuple[Places, Places]:
    """Give the words of all rows, and the row that each stands in."""
    sizes = np.fromiter(map(len, batch.words), np.intp, batch.size)
    return np.repeat(np.arange(batch.size), sizes), np.concatenate([np.empty(0, np.int64), *batch.words])


@dataclass(frozen=True, eq=False)
class _Coded:
    """Cells of rows, shape (rows, columns), the reference's by label, how many cells there are, what each is of."""

    codes: Places
    known: Floats
    levels: int
    names: Sequence[tuple[int, ...]]


def _most(batch: Labelled, expected: Floats, coded: _Coded, *, pooled: bool) -> Told:
    codes, levels = coded.codes, coded.levels
    flat = (codes + np.arange(codes.shape[1]) * levels).ravel()
    best, size = Told(0.0, NONE), codes.shape[1] * levels
    rows, known = np.bincount(flat, minlength=size), coded.known.sum(axis=0)
    usual = batch.size * known / known[:levels].sum()
    by_rows = oftener(rows.reshape(-1, levels), usual.reshape(-1, levels)).ravel()
    for label in range(batch.classes):
        met = np.bincount(flat, np.repeat(batch.label == label, codes.shape[1]), size)
        promised = np.bincount(flat, np.repeat(expected[:, label], codes.shape[1]), size)
        if pooled:
            there = (KNOWN * promised + rows * coded.known[label]) / (KNOWN + known)
            promised = np.maximum(promised, there)
        scores = surprise(met, promised, rows, by_rows)
        if pooled:
            scores *= (met >= CERTAIN * rows) * np.sqrt(known / np.maximum(known + rows, 1))
        at = int(scores.argmax())
        if scores[at] > best.value:
            column, value = divmod(at, levels)
            named = np.flatnonzero((codes[:, column] == value) & (batch.label == label))
            best = Told(float(scores[at]), named, cell=(*_named(coded.names[column], value), label))
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
