"""A mean that depends on many coded columns, learned as a sum of shallow trees. (Friedman 2001)."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from monitor.stats.trees import Trees

Codes = NDArray[np.uint8]
Floats = NDArray[np.float64]

RATE, RIDGE = 0.2, 20.0
HELD_OUT = 4
"""Every fourth row chooses how many trees there are, and grows none, where rows are not held out otherwise."""
LEVELS = 64
"""Places of a column in a histogram at least; more where codes need them."""


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

    codes: shape (columns, rows). target, start: shape (rows,), start being the sum before the first tree.
    rng: draws what the growth leaves to lots; needed where it does.
    """
    held = np.arange(target.size) % HELD_OUT == HELD_OUT - 1
    return boosted_together(codes, [target], start, family, held=held, growth=growth, rng=rng)[0]


def boosted_together(
    codes: Codes,
    targets: Sequence[Floats],
    start: Floats,
    family: Family,
    *,
    held: NDArray[np.bool_],
    growth: Growth = PLAIN,
    rng: np.random.Generator | None = None,
) -> list[Trees]:
    """Grow trees for several targets that ask the same questions, those which part the first target best.

    held: shape (rows,), the rows that choose how many trees each target has, and grow none. The rest as in `boosted`.
    """
    grown = _Growing(np.ascontiguousarray(codes[:, ~held]), growth, rng)
    aside = codes[:, held]
    those = [
        _Target(target[~held], start[~held].copy(), target[held], start[held].copy(), family) for target in targets
    ]
    while len(grown.asked) < growth.most and len(grown.asked) - max(one.kept for one in those) < growth.patience:
        questions = grown.questions(*those[0].slopes())
        leaf, left = (next(questions.leaves(part)) for part in (grown.codes, aside))
        for one in those:
            one.grow(leaf, left, 2**growth.depth)
    return [_joined(grown.asked[: one.kept], one.values, growth.depth) for one in those]


def _joined(asked: Sequence[Trees], values: Sequence[Floats], depth: int) -> Trees:
    if not asked:
        return Trees.none(depth)
    columns, limits = (np.concatenate([getattr(one, name) for one in asked]) for name in ("columns", "limits"))
    return Trees(columns, limits, np.stack(values[: len(asked)]))


class _Target:
    """What trees are to sum up to, with the sums so far: of the rows that they are grown on, and of those held out."""

    def __init__(self, target: Floats, sums: Floats, left: Floats, left_sums: Floats, family: Family) -> None:
        self.target, self.sums, self.left, self.left_sums, self.family = target, sums, left, left_sums, family
        self.best, self.kept = family.loss(left, family.mean(left_sums)), 0
        self.values: list[Floats] = []

    def slopes(self) -> tuple[Floats, Floats, float]:
        """Give the loss's first two derivatives by row, and the ridge."""
        mean = self.family.mean(self.sums)
        curve = self.family.curve(mean)
        # in units of the mean curve, so that the ridge weighs rows whatever the target's unit
        return self.target - mean, curve, RIDGE * float(curve.mean())

    def grow(self, leaf: NDArray[np.uint8], left: NDArray[np.uint8], leaves: int) -> None:
        """Add a tree by each row's leaf in it, and keep it where it lowers the loss of rows held out."""
        slope, curve, ridge = self.slopes()
        g, h = (np.bincount(leaf, part, leaves) for part in (slope, curve))
        self.values.append(RATE * (g / (h + ridge)))
        self.sums += self.values[-1].take(leaf)
        self.left_sums += self.values[-1].take(left)
        loss = self.family.loss(self.left, self.family.mean(self.left_sums))
        if loss < self.best:
            self.best, self.kept = loss, len(self.values)


class _Growing:
    """Rows that trees are grown on, with their places in a histogram of all columns, and the questions so far."""

    def __init__(self, codes: Codes, growth: Growth, rng: np.random.Generator | None) -> None:
        self.codes, self.growth, self.rng = codes, growth, rng
        self.levels = max(LEVELS, int(codes.max(initial=0)) + 1)
        self.asked: list[Trees] = []

    def questions(self, slope: Floats, curve: Floats, ridge: float) -> Trees:
        """Find the questions of the next tree, whose values are not known yet."""
        leaf = np.zeros(slope.size, np.intp)
        questions: list[tuple[int, int]] = []
        asked = self._choice()
        for depth in range(self.growth.depth):
            drawn = self._drawn(asked) if depth == 0 else None
            column, limit = drawn or self._best(asked, leaf * self.levels, 2**depth, slopes=(slope, curve), ridge=ridge)
            questions.append((column, limit))
            leaf = leaf * 2 + (self.codes[column] > limit)
        columns, limits = zip(*questions, strict=True)
        found = Trees(np.array([columns], np.int16), np.array([limits], np.uint8), np.empty((0, 2**self.growth.depth)))
        self.asked.append(found)
        return found

    def _choice(self) -> list[int]:
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
        best, size = (-1.0, 0, 0), leaves * self.levels
        for column in asked:
            place = first + self.codes[column]
            g, h = (np.bincount(place, part, size).reshape(leaves, -1).cumsum(axis=1) for part in slopes)
            above_g, above_h = g[:, -1:] - g, h[:, -1:] - h
            gain = (g**2 / (h + ridge) + above_g**2 / (above_h + ridge)).sum(axis=0)
            limit = int(gain[:-1].argmax())
            if gain[limit] > best[0]:
                best = (float(gain[limit]), column, limit)
        return best[1], best[2]
