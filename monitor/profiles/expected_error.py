"""How large a regression's error is expected to be, row by row, by what such rows' errors were on the reference."""

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from monitor.profiles import codes
from monitor.profiles.derivation import Array, Derivation
from monitor.profiles.layout import Column
from monitor.profiles.reading import floats
from monitor.stats.boosting import POISSON, Trees, boosted
from monitor.types import Roles

Floats = NDArray[np.float64]

ABSOLUTE, SQUARE = NAMES = ("expected_error(features)", "expected_square(features)")
ROWS_NEEDED, MOST_ROWS, MOST_COLUMNS = 500, 20_000, 100


def fit(rows: pa.Table, columns: Sequence[Column], roles: Roles) -> Iterator[Derivation]:
    """Fit expected |e| and e^2, e = predicted - label, as sums of trees over features and prediction.

    Nothing below 500 labelled rows, for models that predict no number, or where no column tells large errors from
    small ones in rows that the trees were not grown on.
    """
    numbers = {column.role: column.name for column in columns if column.kind == "numeric"}
    if roles.scores or not {"prediction", "label"} <= numbers.keys():
        return
    error = floats(rows.column(numbers["prediction"])) - floats(rows.column(numbers["label"]))
    known = np.flatnonzero(np.isfinite(error) & (np.abs(error) < np.sqrt(np.finfo(np.float64).max) / rows.num_rows))
    known = known[:: max(1, -(-known.size // MOST_ROWS))]
    if known.size < ROWS_NEEDED or not error[known].any():
        return
    size, held = np.abs(error[known]), rows.take(pa.array(known))
    chosen = [c for c in columns if c.role in ("feature", "prediction") and c.kind in ("numeric", "categorical")]
    found = {c.name: codes.ladder_of(held.column(c.name), c.kind, size) for c in chosen[-MOST_COLUMNS:]}
    ladders = {name: ladder for name, ladder in found.items() if ladder is not None}
    if not ladders:
        return
    coded = np.stack([ladder.codes(held.column(name)) for name, ladder in ladders.items()])
    grown = [_grown(coded, target) for target in (size, size**2)]
    if all(trees.values.size for trees, _ in grown):
        arrays, texts = codes.packed(ladders)
        yield Derivation("expected_error", NAMES, tuple(ladders), arrays | _arrays(grown), texts)


def make(derivation: Derivation, rows: pa.Table) -> dict[str, Floats]:
    """Give each row's expected |predicted - label|, in the label's unit, and its expected square; both above 0.

    NaN where a column is absent that they were fitted on. (Direct loss estimation: NannyML 2022; Friedman 2001)
    """
    if not set(derivation.columns) <= set(rows.column_names):
        return {name: np.full(rows.num_rows, np.nan) for name in NAMES}
    ladders = codes.unpacked(len(derivation.columns), derivation.arrays, derivation.texts)
    pairs = zip(derivation.columns, ladders, strict=True)
    coded = np.stack([ladder.codes(rows.column(name)) for name, ladder in pairs])
    return {name: _expected(derivation.arrays, name, coded) for name in NAMES}


def _grown(coded: NDArray[np.uint8], target: Floats) -> tuple[Trees, float]:
    mean = float(target.mean())
    return boosted(coded, target / mean, np.zeros(target.size), POISSON), mean


def _arrays(grown: Sequence[tuple[Trees, float]]) -> dict[str, Array]:
    arrays: dict[str, Array] = {}
    for name, (trees, mean) in zip(NAMES, grown, strict=True):
        arrays |= trees.arrays(f"{name} ")
        arrays[f"{name} mean"] = np.array([mean])
    return arrays


def _expected(arrays: Mapping[str, Array], name: str, coded: NDArray[np.uint8]) -> Floats:
    trees = Trees.from_arrays(arrays, f"{name} ")
    return np.asarray(arrays[f"{name} mean"] * POISSON.mean(trees.at(coded)))
