"""Whether a row's values go together as the reference's do, and whether its answer goes with them.

Trees learn to tell rows of the reference from rows whose columns were shuffled, each by itself, and rows from rows with
another's answer: what such trees take for shuffled goes badly together. (Hastie, Tibshirani & Friedman 2009, 14.2.4)
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from monitor.detectors.attack.space import FEW, Floats, Rows
from monitor.stats.boosting import BERNOULLI, LEVELS, Growth, boosted
from monitor.stats.trees import Trees

Array = NDArray[Any]
Classes = NDArray[np.int64]
Codes = NDArray[np.uint8]
Flags = NDArray[np.bool_]

GROWTH = Growth(depth=5, most=120, patience=25, columns=12, lots=True)
MOST_ROWS, FEWEST_COLUMNS = 6_000, 2
CELLS = LEVELS - 2
"""Cells of a number; 0 stands for a value that is missing."""
TRIED = 5
"""So many cells stand for a value that is not looked at."""


@dataclass(frozen=True, eq=False)
class Combination:
    """What was learned of a half of the reference.

    edges: of each number's cells, shape (numbers, CELLS - 1), rising, infinite where there are fewer. together: trees
    over the values; answered: over the values and the class that the model gave. Without trees nothing was to be found.
    """

    edges: Floats
    together: Trees
    answered: Trees

    @classmethod
    def of(cls, rows: Rows, classes: Classes, *, rng: np.random.Generator) -> "Combination":
        """Fit it on rows and the classes that the model gave them, numbered from 0; below 0 is none."""
        if len(rows) > MOST_ROWS:
            chosen = np.sort(rng.choice(len(rows), MOST_ROWS, replace=False))
            rows, classes = rows.take(chosen), classes[chosen]
        edges = np.array([_edges(values) for values in rows.numbers.T]).reshape(-1, CELLS - 1)
        codes = _coded(edges, rows)
        shuffled = np.array([rng.permutation(column) for column in codes], np.uint8).reshape(codes.shape)
        told = classes >= 0
        answered = _with(codes[:, told], classes[told])
        others = _with(codes[:, told], rng.permutation(classes[told]))
        return cls(edges, _grown(codes, shuffled, rng), _grown(answered, others, rng))

    def statistics(self, rows: Rows, classes: Classes, unlooked: Flags | None = None) -> dict[str, Floats]:
        """Give of each row, NaN where undefined; higher goes together worse.

        combination: log-odds that its values were shuffled. answer: that its answer is another row's. unlooked: values
        that are not looked at, shape (rows, columns): each counts as that of five which goes best with the others.
        """
        codes = _coded(self.edges, rows)
        answered = _with(codes, classes)
        if unlooked is None or not unlooked.any():
            together, answer = _sums(self.together, codes), _sums(self.answered, answered)
        else:
            others = self._others(len(codes))
            together, answer = (
                _at_best(trees, each, unlooked.T, others)
                for trees, each in ((self.together, codes), (self.answered, answered))
            )
        return {"combination": together, "answer": np.where(classes >= 0, answer, np.nan)}

    def _others(self, columns: int) -> Codes:
        """Give the cells that stand for a value that is not looked at, of each column; shape (columns, TRIED).

        Of a number some that lie evenly apart, of categories the most frequent ones.
        """
        most = np.isfinite(self.edges).sum(axis=1) + 1
        spread = np.rint(np.linspace(1, most, TRIED).T)
        first = np.tile(np.arange(1, TRIED + 1), (columns - len(most), 1))
        return np.concatenate([spread, first]).astype(np.uint8)

    def arrays(self) -> dict[str, Array]:
        """Give what `from_arrays` makes it from."""
        return {"edges": self.edges} | self.together.arrays("together_") | self.answered.arrays("answered_")

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, Array]) -> "Combination":
        """Make it from its arrays."""
        together, answered = (Trees.from_arrays(arrays, prefix) for prefix in ("together_", "answered_"))
        return cls(arrays["edges"], together, answered)


def _grown(codes: Codes, shuffled: Codes, rng: np.random.Generator) -> Trees:
    """Grow trees that tell rows from shuffled ones; none where fewer than two columns vary."""
    if not codes.size or sum(column.min() < column.max() for column in codes) < FEWEST_COLUMNS:
        return Trees.none(GROWTH.depth)
    both, target = np.concatenate([codes, shuffled], axis=1), np.repeat([0.0, 1.0], codes.shape[1])
    return boosted(both, target, np.zeros(target.size), BERNOULLI, growth=GROWTH, rng=rng)


def _at_best(trees: Trees, codes: Codes, free: Flags, others: Codes) -> Floats:
    """Give the sums at the least that other cells make of them, column by column.

    free: which cells may be others, shape (columns, rows). others: those that are tried, shape (columns, TRIED).
    """
    sums, codes = _sums(trees, codes), codes.copy()
    for column in np.flatnonzero(free.any(axis=1)).tolist() if trees.values.size else ():
        places = np.flatnonzero(free[column])
        tried = np.repeat(codes[:, places, None], TRIED, axis=2)
        tried[column] = others[column]
        found = _sums(trees, tried.reshape(len(codes), -1)).reshape(places.size, TRIED)
        codes[column, places] = others[column][found.argmin(axis=1)]
        sums[places] = found.min(axis=1)
    return sums


def _sums(trees: Trees, codes: Codes) -> Floats:
    return trees.at(codes) if trees.values.size else np.full(codes.shape[1], np.nan)


def _edges(values: Floats) -> Floats:
    found = np.full(CELLS - 1, np.inf)
    held = values[np.isfinite(values)]
    if held.size:
        cuts = np.unique(np.quantile(held, np.linspace(0, 1, CELLS + 1)[1:-1]))
        found[: cuts.size] = cuts
    return found


def _coded(edges: Floats, rows: Rows) -> Codes:
    """Give the cell of every number and category, shape (columns, rows)."""
    if len(rows) <= FEW:
        cells = (edges[:, :, None] <= rows.numbers.T[:, None]).sum(axis=1)
    else:
        found = [np.searchsorted(e, v, side="right") for e, v in zip(edges, rows.numbers.T, strict=True)]
        cells = np.array(found, np.intp).reshape(-1, len(rows))
    numbers = np.where(np.isnan(rows.numbers.T), 0, 1 + cells)
    return np.concatenate([numbers, np.clip(rows.codes.T + 1, 0, LEVELS - 1)]).astype(np.uint8)


def _with(codes: Codes, classes: Classes) -> Codes:
    return np.concatenate([codes, np.clip(classes + 1, 0, LEVELS - 1).astype(np.uint8)[None]])
