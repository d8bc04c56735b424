"""Labelled rows, each with what the reference says of it: what every statistic of a batch reads."""

from dataclasses import dataclass, fields, replace

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Places = NDArray[np.intp]


@dataclass(frozen=True, eq=False)
class Labelled:
    """Labelled rows of a batch, or of the reference itself, judged by that half of the reference they are not in.

    label: shape (rows,), the label's place among the classes; the last class is any that the reference lacks.
    chance: shape (rows, classes), the probability of each label given the features; rows add up to about 1.
    said: shape (rows,), the class that the model decided for, or the likeliest one where that is not known.
    near: shape (rows, classes), the share of each label among the nearest rows of the reference.
    cells: shape (rows, columns), the bin or category of each value; `levels` is above all of them.
    raw: shape (rows, columns of more numbers than cells), the numbers as they came, NaN where there is none.
    prints: shape (rows, tables), fingerprints that near copies share; usual: how often the reference has each.
    words: shape (rows,), the distinct words of each row's texts as hashes, each an array of its own.
    contributor: shape (rows,), who labelled it, by place; -1 where nobody is known.
    """

    label: Places
    said: Places
    chance: Floats
    near: Floats
    cells: Places
    raw: Floats
    prints: NDArray[np.int64]
    usual: Floats
    words: NDArray[np.object_]
    contributor: Places

    @property
    def size(self) -> int:
        """Count the rows."""
        return int(self.label.size)

    @property
    def classes(self) -> int:
        """Count the classes, the one for unknown labels included."""
        return int(self.chance.shape[1])

    @property
    def own(self) -> Floats:
        """Give the probability of each row's own label."""
        return self.of_label(self.chance)

    def of_label(self, by_class: Floats) -> Floats:
        """Give, of what each row has for every class, shape (rows, classes), that for its label."""
        return np.asarray(by_class[np.arange(self.size), self.label])

    @property
    def levels(self) -> int:
        """Give a number above every cell."""
        return LEVELS

    def apart(self, again: NDArray[np.bool_]) -> "Labelled":
        """Give the same rows, those that were sent again being no copies of any other; again: shape (rows,)."""
        alone = -1 - np.arange(self.size)[:, None]
        return replace(self, prints=np.where(again[:, None], alone, self.prints))

    def take(self, places: Places) -> "Labelled":
        """Give some of the rows."""
        return replace(self, **{one.name: getattr(self, one.name)[places] for one in fields(self)})


def weighed(shares: Floats, ratios: Floats) -> Floats:
    """Give shares times ratios, each row with the sum that it had; shape (rows, classes)."""
    changed = shares * ratios
    return np.asarray(
        changed * shares.sum(axis=1, keepdims=True) / np.maximum(changed.sum(axis=1, keepdims=True), 1e-12)
    )


LEVELS = 32
"""How many cells a column has at most, those for other values and for none included."""


@dataclass(frozen=True, eq=False)
class Told:
    """What a statistic says of a batch.

    value: higher is worse. rows: the places of those that make it so. what: names them, such as a value and a label.
    """

    value: float
    rows: Places
    what: str = ""
    cell: tuple[int, ...] = ()


NONE: Places = np.empty(0, np.intp)
