"""Sums of shallow trees over binned columns: a mean that depends on many columns, kept as plain arrays.

Every tree asks the same few questions of every row, so that a row's answers are the number of its leaf: a tree is
`depth` columns with a limit each, and a value per leaf. (Friedman 2001; symmetric trees: Prokhorenkova et al. 2018)
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Codes = NDArray[np.uint8]
Floats = NDArray[np.float64]

RATE, RIDGE = 0.2, 20.0
HELD_OUT = 4
"""Every fourth row chooses how many trees there are, and grows none."""
LEVELS = 64
FEW = 64
"""So many rows are answered by all trees at once, more by one tree after the other."""


@dataclass(frozen=True, eq=False)
class Trees:
    """What is added to a row's start: the value of its leaf in every tree.

    columns, limits: shape (trees, depth), the questions: is the code of this column above this limit?
    values: shape (trees, 2 ** depth), by the answers read as a binary number, the first as its highest place.
    """

    columns: NDArray[np.int16]
    limits: Codes
    values: Floats

    @classmethod
    def none(cls, depth: int) -> "Trees":
        """Give no tree."""
        return cls(np.empty((0, depth), np.int16), np.empty((0, depth), np.uint8), np.empty((0, 2**depth)))

    def arrays(self, prefix: str = "") -> dict[str, NDArray[Any]]:
        """Give what `from_arrays` makes them from, by names that begin so."""
        return {f"{prefix}{name}": getattr(self, name) for name in self.__dataclass_fields__}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[Any]], prefix: str = "") -> "Trees":
        """Make them from their arrays, whose names begin so."""
        return cls(*(arrays[f"{prefix}{name}"] for name in cls.__dataclass_fields__))

    def at(self, codes: Codes) -> Floats:
        """Give the sum for each row; codes have shape (columns, rows)."""
        if codes.shape[1] <= FEW:
            places = 1 << np.arange(self.columns.shape[1])[::-1]
            leaves = ((codes[self.columns] > self.limits[:, :, None]) * places[:, None]).sum(axis=1)
            return np.asarray(np.take_along_axis(self.values, leaves, axis=1).sum(axis=0))
        total = np.zeros(codes.shape[1])
        for columns, limits, values in zip(self.columns, self.limits, self.values, strict=True):
            leaf = np.zeros(codes.shape[1], np.uint8)
            for column, limit in zip(columns.tolist(), limits, strict=True):
                leaf <<= 1
                leaf |= codes[column] > limit
            total += values.take(leaf)
        return total


@dataclass(frozen=True)
class Growth:
    """How trees are grown.

    depth: questions of a tree, at most eight. most: trees at most. patience: trees that may go by without a gain on
    rows that they are not grown on. columns: how many each tree may ask about, chosen by lot; 0 for all. lots: its
    first question is drawn by lot, too, so that columns which say something only together are found.
    """

    depth: int = 3
    most: int = 60
    patience: int = 8
    columns: int = 0
    lots: bool = False


PLAIN = Growth()


@dataclass(frozen=True)
class Family:
    """How a mean follows from the sum, and what is lost by it; the trees descend the loss by Newton's steps.

    mean: from the sums. loss: mean loss from targets and means. curve: the loss's second derivative by the sum.
    """

    mean: Callable[[Floats], Floats]
    loss: Callable[[Floats, Floats], float]
    curve: Callable[[Floats], Floats]


def _exp(sums: Floats) -> Floats:
    return np.asarray(np.exp(np.clip(sums, -700, 700)))


def _logistic(sums: Floats) -> Floats:
    return 1 / (1 + _exp(-sums))


def _poisson_loss(target: Floats, mean: Floats) -> float:
    return float((mean - target * np.log(mean)).mean())


def _log_loss(target: Floats, mean: Floats) -> float:
    sure = np.clip(mean, 1e-12, 1 - 1e-12)
    return float(-(target * np.log(sure) + (1 - target) * np.log1p(-sure)).mean())


POISSON = Family(_exp, _poisson_loss, lambda mean: mean)
"""For targets from 0: the sum is the logarithm of the mean; right in the mean whatever the targets' law.
(Gourieroux, Monfort & Trognon 1984)"""

BERNOULLI = Family(_logistic, _log_loss, lambda mean: mean * (1 - mean))
"""For targets 0 and 1: the sum is the log-odds."""


def boosted(
    codes: Codes,
    target: Floats,
    start: Floats,
    family: Family,
    *,
    growth: Growth = PLAIN,
    rng: np.random.Generator | None = None,
) -> Trees:
    """Grow trees as long as they lower the loss of rows that they are not grown on; none where they never do.

    codes: shape (columns, rows), below 64. target, start: shape (rows,), start being the sum before the first tree.
    rng: draws what the growth leaves to lots; needed where it does.
    """
    held = np.arange(target.size) % HELD_OUT == HELD_OUT - 1
    grown = _Growing(np.ascontiguousarray(codes[:, ~held]), target[~held], family, growth, rng)
    sums, left_sums, left, aside = start[~held].copy(), start[held].copy(), target[held], codes[:, held]
    trees: list[Trees] = []
    best, kept = family.loss(left, family.mean(left_sums)), 0
    while len(trees) < growth.most and len(trees) - kept < growth.patience:
        tree = grown.tree(sums)
        trees.append(tree)
        sums += tree.at(grown.codes)
        left_sums += tree.at(aside)
        loss = family.loss(left, family.mean(left_sums))
        if loss < best:
            best, kept = loss, len(trees)
    return _joined(trees[:kept], growth.depth)


def _joined(trees: list[Trees], depth: int) -> Trees:
    if not trees:
        return Trees.none(depth)
    parts = ([getattr(tree, name) for tree in trees] for name in ("columns", "limits", "values"))
    return Trees(*(np.concatenate(part) for part in parts))


class _Growing:
    """Rows that trees are grown on, with their places in a histogram of all columns."""

    def __init__(
        self, codes: Codes, target: Floats, family: Family, growth: Growth, rng: np.random.Generator | None
    ) -> None:
        self.codes, self.target, self.family, self.growth, self.rng = codes, target, family, growth, rng

    def tree(self, sums: Floats) -> Trees:
        mean = self.family.mean(sums)
        slopes = self.target - mean, self.family.curve(mean)
        # in units of the mean curve, so that the ridge weighs rows whatever the target's unit
        ridge = RIDGE * float(slopes[1].mean())
        leaf = np.zeros(self.target.size, np.intp)
        questions: list[tuple[int, int]] = []
        asked = self._asked()
        for depth in range(self.growth.depth):
            drawn = self._drawn(asked) if depth == 0 else None
            column, limit = drawn or self._best(asked, leaf * LEVELS, 2**depth, slopes=slopes, ridge=ridge)
            questions.append((column, limit))
            leaf = leaf * 2 + (self.codes[column] > limit)
        g, h = (np.bincount(leaf, part, 2**self.growth.depth) for part in slopes)
        columns, limits = zip(*questions, strict=True)
        return Trees(np.array([columns], np.int16), np.array([limits], np.uint8), RATE * (g / (h + ridge))[None])

    def _asked(self) -> list[int]:
        """Give the columns that a tree may ask about."""
        size, most = self.codes.shape[0], self.growth.columns
        if self.rng is None or not 0 < most < size:
            return list(range(size))
        return [int(column) for column in self.rng.choice(size, most, replace=False)]

    def _drawn(self, asked: list[int]) -> tuple[int, int] | None:
        """Draw a question by lot, its limit among those of the rows; None where nothing is left to lots."""
        if self.rng is None or not self.growth.lots:
            return None
        column = int(self.rng.choice(asked))
        return column, int(self.rng.choice(self.codes[column]))

    def _best(
        self, asked: list[int], first: NDArray[np.intp], leaves: int, *, slopes: tuple[Floats, Floats], ridge: float
    ) -> tuple[int, int]:
        """Give the column and the limit that part all leaves best; first: of each row's leaf in the histogram."""
        best = (-1.0, 0, 0)
        for column in asked:
            place = first + self.codes[column]
            g, h = (np.bincount(place, part, leaves * LEVELS).reshape(leaves, LEVELS).cumsum(axis=1) for part in slopes)
            above_g, above_h = g[:, -1:] - g, h[:, -1:] - h
            gain = (g**2 / (h + ridge) + above_g**2 / (above_h + ridge)).sum(axis=0)
            limit = int(gain[:-1].argmax())
            if gain[limit] > best[0]:
                best = (float(gain[limit]), column, limit)
        return best[1], best[2]
