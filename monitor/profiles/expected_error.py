"""How large a regression's error is expected to be, row by row, by what such rows' errors were on the reference."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from monitor.profiles import codes
from monitor.profiles.derivation import HALVES, Array, Derivation, crosswise, first_half
from monitor.profiles.layout import Column
from monitor.profiles.reading import floats
from monitor.stats.boosting import POISSON, Growth, boosted_together
from monitor.stats.trees import Trees, sums_together
from monitor.types import Roles

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]

ABSOLUTE, SQUARE = NAMES = ("expected_error(features)", "expected_square(features)")
ROWS_NEEDED, MOST_ROWS, MOST_COLUMNS = 500, 20_000, 100
"""The first two of each half of the reference."""
GROWTH = Growth(most=100)


@dataclass(frozen=True, eq=False)
class Grown:
    """What one half of the reference teaches: the mean error and mean square, and by how much rows differ in them."""

    ladders: Mapping[str, codes.Ladder]
    trees: Sequence[Trees]
    means: Sequence[float]

    def expected(self, rows: pa.Table) -> list[Floats]:
        """Give each row's expected error and square."""
        coded = np.stack([ladder.codes(rows.column(name)) for name, ladder in self.ladders.items()])
        return [
            POISSON.mean(sums) * mean for sums, mean in zip(sums_together(self.trees, coded), self.means, strict=True)
        ]

    def packed(self, half: str) -> tuple[dict[str, Array], dict[str, tuple[str, ...]]]:
        """Give it as arrays and texts, by names that begin with the half's."""
        arrays, texts = codes.packed(self.ladders, f"{half} ")
        for name, trees in zip(NAMES, self.trees, strict=True):
            arrays |= trees.arrays(f"{half} {name} ")
        return arrays | {f"{half} means": np.array(self.means)}, texts

    @classmethod
    def unpacked(cls, derivation: Derivation, half: str) -> "Grown":
        """Make it from what was packed."""
        arrays, names = derivation.arrays, derivation.columns
        ladders = codes.unpacked(len(names), arrays, derivation.texts, f"{half} ")
        trees = [Trees.from_arrays(arrays, f"{half} {name} ") for name in NAMES]
        return cls(dict(zip(names, ladders, strict=True)), trees, arrays[f"{half} means"].tolist())


def fit(rows: pa.Table, columns: Sequence[Column], roles: Roles) -> Iterator[Derivation]:
    """Fit expected |e| and e^2, e = predicted - label, as sums of trees over features and prediction.

    Twice: on either half of the reference, the other saying how many trees there are. Nothing where a half has fewer
    than 500 labelled rows, for models that predict no number, or where no column tells large errors from small ones in
    rows that the trees were not grown on.
    """
    numbers = {column.role: column.name for column in columns if column.kind == "numeric"}
    if roles.scores or not {"prediction", "label"} <= numbers.keys():
        return
    error = floats(rows.column(numbers["prediction"])) - floats(rows.column(numbers["label"]))
    finite = np.isfinite(error) & (np.abs(error) < np.sqrt(np.finfo(np.float64).max) / error.size)
    known, first = crosswise(finite, most=MOST_ROWS)
    if min(first.sum(), (~first).sum()) < ROWS_NEEDED or not error[known].any():
        return
    size, held = np.abs(error[known]), rows.take(pa.array(known))
    chosen = [c for c in columns if c.role in ("feature", "prediction") and c.kind in ("numeric", "categorical")]
    ladders = [_ladders(held, chosen[-MOST_COLUMNS:], size, own) for own in (first, ~first)]
    both = [name for name in ladders[0] if name in ladders[1]]
    if not both:
        return
    grown = [
        _grown(held, {name: one[name] for name in both}, size, own)
        for one, own in zip(ladders, (first, ~first), strict=True)
    ]
    if all(any(one.trees[place].values.size for one in grown) for place in range(len(NAMES))):
        (arrays, texts), (more, others) = (one.packed(half) for half, one in zip(HALVES, grown, strict=True))
        yield Derivation("expected_error", NAMES, tuple(both), arrays | more, texts | others)


def make(derivation: Derivation, rows: pa.Table) -> dict[str, Floats]:
    """Give each row's expected |predicted - label|, in the label's unit, and its expected square; both above 0.

    The mean of what either half of the reference teaches. NaN where a column is absent that they were fitted on.
    (Direct loss estimation: NannyML 2022; Friedman 2001)
    """
    if not set(derivation.columns) <= set(rows.column_names):
        return {name: np.full(rows.num_rows, np.nan) for name in NAMES}
    made = [Grown.unpacked(derivation, half).expected(rows) for half in HALVES]
    return {name: (one + other) / 2 for name, one, other in zip(NAMES, *made, strict=True)}


def own(derivation: Derivation, rows: pa.Table) -> dict[str, Floats]:
    """Give the same of the reference's own rows, each by what the half teaches that it is not in."""
    first, made = first_half(rows.num_rows), {name: np.empty(rows.num_rows) for name in NAMES}
    for half, judged in zip(HALVES, (~first, first), strict=True):
        found = Grown.unpacked(derivation, half).expected(rows.filter(pa.array(judged)))
        for values, part in zip(made.values(), found, strict=True):
            values[judged] = part
    return made


def _ladders(rows: pa.Table, columns: Sequence[Column], size: Floats, own: Mask) -> dict[str, codes.Ladder]:
    held = rows.filter(pa.array(own))
    found = {c.name: codes.ladder_of(held.column(c.name), c.kind, size[own], most=codes.FINEST) for c in columns}
    return {name: ladder for name, ladder in found.items() if ladder is not None}


def _grown(rows: pa.Table, ladders: Mapping[str, codes.Ladder], size: Floats, own: Mask) -> Grown:
    coded = np.stack([ladder.codes(rows.column(name)) for name, ladder in ladders.items()])
    targets = [size, size**2]
    means = [float(target[own].mean()) for target in targets]
    scaled = [target / mean for target, mean in zip(targets, means, strict=True)]
    trees = boosted_together(coded, scaled, np.zeros(size.size), POISSON, held=~own, growth=GROWTH)
    return Grown(ladders, trees, means)
