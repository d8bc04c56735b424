"""Embeddings: a column of vectors as its principal components, its distances from the reference's, and its mean."""

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from monitor.profiles import mean_vector
from monitor.profiles.derivation import Derivation
from monitor.profiles.layout import Column
from monitor.profiles.reading import vectors
from monitor.types import Roles

Floats = NDArray[np.float64]

COMPONENTS, ROWS_NEEDED, MOST_ROWS, MOST_WIDTH = 8, 250, 20_000, 4096
BLOCK = 1024
"""Rows a matrix product; always as many, so that a row's value does not depend on the rows beside it."""


def fit(rows: pa.Table, columns: Sequence[Column], _: Roles) -> Iterator[Derivation]:
    """Fit centre and components of every column of vectors; nothing below 250 rows or beyond 4,096 numbers."""
    for column in columns:
        if column.role != "feature" or column.kind != "vector" or not 2 <= column.width <= MOST_WIDTH:
            continue
        held = vectors(rows.column(column.name), column.width)[0]
        held = held[np.isfinite(held).all(axis=1)][:MOST_ROWS]
        if len(held) < ROWS_NEEDED:
            continue
        center = held.mean(axis=0)
        spread, axes = np.linalg.eigh((held - center).T @ (held - center) / len(held))
        kept = min(COMPONENTS, column.width - 1)
        spread, axes, left = spread[::-1][:kept], axes[:, ::-1][:, :kept], float(spread[:-kept].sum())
        known = spread > 1e-12 * max(float(spread[0]), 1e-300)
        spread, axes = spread[known], axes[:, known]
        axes = axes * np.sign(axes[np.abs(axes).argmax(axis=0), range(axes.shape[1])])
        names = [f"component_{i + 1}" for i in range(axes.shape[1])] + ["anomaly", "reconstruction_error"]
        usual = np.array([max(left, 1e-6 * float(spread.sum())), float(column.width)])
        arrays = {"center": center, "axes": axes, "spread": spread, "usual": usual, **mean_vector.fit(held, center)}
        yield Derivation("vector", tuple(f"{name}({column.name})" for name in names), (column.name,), arrays)


def make(derivation: Derivation, rows: pa.Table) -> Mapping[str, Floats]:
    """Give each vector's first principal components, at most 8, in reference standard deviations, and two distances.

    anomaly: the Mahalanobis distance within the components over the root of their number; reconstruction_error: the
    length of what the components leave over, over its usual length. 1 is usual for both. NaN without a vector or with
    one of another length. What the mean is taken of stands beside them under the column's own name, shape
    (rows, coordinates). (Hotelling 1933; Jackson & Mudholkar 1979)
    """
    (name,) = derivation.columns
    made = np.full((len(derivation.names), rows.num_rows), np.nan)
    mixed = np.full((rows.num_rows, mean_vector.coordinates(derivation)), np.nan)
    if name in rows.column_names:
        usual = derivation.arrays["usual"]
        held = vectors(rows.column(name), int(usual[1]))[0] - derivation.arrays["center"]
        for start in range(0, rows.num_rows, BLOCK):
            block = np.zeros((BLOCK, held.shape[1]))
            part = held[start : start + BLOCK]
            block[: len(part)] = part
            made[:, start : start + len(part)] = _measured(block, derivation)[:, : len(part)]
            mixed[start : start + len(part)] = mean_vector.mixed(block, derivation)[: len(part)]
    return dict(zip(derivation.names, made, strict=True)) | {name: mixed}


def _measured(block: Floats, derivation: Derivation) -> Floats:
    components = block @ derivation.arrays["axes"]
    scaled = components / np.sqrt(derivation.arrays["spread"])
    left = np.maximum((block**2).sum(axis=1) - (components**2).sum(axis=1), 0.0)
    distance = np.sqrt((scaled**2).mean(axis=1))
    return np.vstack([scaled.T, distance, np.sqrt(left / derivation.arrays["usual"][0])])
