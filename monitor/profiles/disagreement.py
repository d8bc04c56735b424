"""How far other models' answers to a row are from the model's own: a derived column."""

from collections.abc import Iterator, Sequence

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from monitor.profiles.derivation import Derivation
from monitor.profiles.layout import Column
from monitor.profiles.reading import canonical, categories, floats, type_of
from monitor.types import Roles

Floats = NDArray[np.float64]

NAME = "disagreement(others)"


def fit(rows: pa.Table, _: Sequence[Column], roles: Roles) -> Iterator[Derivation]:
    """Settle how each of the others is compared; nothing where the reference holds none of them."""
    held = [name for name in roles.others if name in rows.column_names]
    own = _own(rows, roles)
    if not held or own is None:
        return
    number = type_of(rows.column(own).type) == "number"
    kinds = tuple("distance" if number and type_of(rows.column(name).type) == "number" else "decision" for name in held)
    yield Derivation("disagreement", (NAME,), (own, *held), texts={"kinds": kinds})


def make(derivation: Derivation, rows: pa.Table) -> dict[str, Floats]:
    """Give each row's mean over the others of |own - other|, or of 1 for another decision and 0 for the same.

    From 0, where all agree. NaN without an answer of the model's own, or of any other.
    """
    own, *others = derivation.columns
    if own not in rows.column_names:
        return {NAME: np.full(rows.num_rows, np.nan)}
    total, answers = np.zeros(rows.num_rows), np.zeros(rows.num_rows)
    for name, kind in zip(others, derivation.texts["kinds"], strict=True):
        if name in rows.column_names:
            apart = _apart(rows.column(own), rows.column(name), kind)
            known = ~np.isnan(apart)
            total[known] += apart[known]
            answers += known
    return {NAME: np.where(answers > 0, total / np.maximum(answers, 1), np.nan)}


def _own(rows: pa.Table, roles: Roles) -> str | None:
    single = roles.scores[0] if len(roles.scores) == 1 else None
    names = (single, roles.prediction)
    return next((name for name in names if name is not None and name in rows.column_names), None)


def _apart(own: pa.ChunkedArray, other: pa.ChunkedArray, kind: str) -> Floats:
    if kind == "distance":
        with np.errstate(over="ignore", invalid="ignore"):
            gap = np.abs(floats(own) - floats(other))
        return np.where(np.isfinite(gap), gap, np.nan)
    codes = dict[str, int]()
    one, two = _coded(own, codes), _coded(other, codes)
    return np.where((one < 0) | (two < 0), np.nan, (one != two).astype(np.float64))


def _coded(column: pa.ChunkedArray, codes: dict[str, int]) -> NDArray[np.intp]:
    read = categories(column, classes=True)
    places = [-1 if text is None else codes.setdefault(canonical(text), len(codes)) for text in read.texts]
    return np.asarray(np.array([*places, -1], np.intp)[read.positions])
