"""Columns of numbers and categories as cells, as points and as what trees read."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from monitor.detectors.attack.batches.rows import LEVELS, Floats, Places
from monitor.profiles.encoding import Number
from monitor.profiles.reading import categories, floats
from monitor.types import ColumnKind


@dataclass(frozen=True, eq=False)
class Encoder:
    """One column as numbers: `number` for numeric ones with the upper edges of its bins, else the frequent values.

    many: numbers of so many values that a bin holds several.
    """

    name: str
    kind: ColumnKind
    number: Number | None
    edges: Floats
    values: tuple[str, ...]
    many: bool = False

    def cells(self, rows: pa.Table) -> Places:
        """Give each row's bin; the last but one is for other values, the last for none."""
        column = rows.column(self.name)
        if self.kind == "numeric":
            found = floats(column)
            return np.asarray(np.where(np.isnan(found), LEVELS - 1, np.searchsorted(self.edges, found, side="right")))
        read = categories(column)
        place = {value: i for i, value in enumerate(self.values)}
        codes = [LEVELS - 1 if t is None else place.get(t, LEVELS - 2) for t in read.texts]
        return np.asarray(np.array([*codes, LEVELS - 1], np.intp)[read.positions])

    def encoded(self, rows: pa.Table) -> Floats:
        """Give normal scores, 0 where missing, or indicators of half the weight, since two of them differ."""
        if self.kind != "numeric":
            return np.asarray((self.cells(rows)[:, None] == np.arange(len(self.values))) / np.sqrt(2))
        if self.number is None:
            return np.empty((rows.num_rows, 0))
        scores = np.concatenate([*self.number.encoded(rows.column(self.name), 65_536), np.empty(0)])
        return np.asarray(np.nan_to_num(np.clip(scores, -4, 4))[:, None])


def encoder_of(rows: pa.Table, name: str, kind: ColumnKind) -> Encoder:
    """Fit an encoder on the reference's rows."""
    column = rows.column(name)
    if kind == "numeric":
        values = floats(column)
        values = values[np.isfinite(values)]
        cuts = np.quantile(values, np.linspace(0, 1, LEVELS - 1)[1:-1]) if values.size else np.empty(0)
        return Encoder(name, kind, Number.fit(column), np.unique(cuts), (), np.unique(values).size > LEVELS)
    read = categories(column)
    counts = np.bincount(read.positions, minlength=len(read.texts) + 1)[:-1]
    often = sorted((-n, t) for n, t in zip(counts.tolist(), read.texts, strict=True) if n and t is not None)
    return Encoder(name, "categorical", None, np.empty(0), tuple(t for _, t in often[: LEVELS - 2]))


def points_of(encoders: Sequence[Encoder], rows: pa.Table) -> Floats:
    """Give rows as points, in which near ones are alike; shape (rows, numbers)."""
    return np.column_stack([np.empty((rows.num_rows, 0)), *(one.encoded(rows) for one in encoders)])


def features_of(encoders: Sequence[Encoder], rows: pa.Table) -> Floats:
    """Give rows as a model of trees reads them, categories as the places of their cells; shape (rows, columns)."""
    made = [floats(rows.column(e.name)) if e.kind == "numeric" else e.cells(rows).astype(float) for e in encoders]
    return np.column_stack([np.empty((rows.num_rows, 0)), *made])


def cells_of(encoders: Sequence[Encoder], rows: pa.Table) -> Places:
    """Give every value's cell; shape (rows, columns)."""
    return np.column_stack([np.empty((rows.num_rows, 0), np.intp), *(one.cells(rows) for one in encoders)])


def raw_of(encoders: Sequence[Encoder], rows: pa.Table) -> Floats:
    """Give the numbers of columns of which a bin holds several; shape (rows, such columns)."""
    numeric = [floats(rows.column(one.name)) for one in encoders if one.many]
    return np.column_stack([np.empty((rows.num_rows, 0)), *numeric])
