"""More certain than the neighbourhood explains: a row's confidence among reference rows as far from the population."""

from collections.abc import Iterator, Sequence

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from monitor.profiles.derivation import Derivation
from monitor.profiles.layout import Column
from monitor.profiles.reading import floats
from monitor.types import Roles

Floats = NDArray[np.float64]

NAME = "overconfidence(features)"
DISTANCE, CONFIDENCE = "anomaly(features)", "confidence(scores)"
LEVELS = (0.25, 0.5, 0.75, 0.9, 0.95, 0.98, 0.99)
"""Finer far out, where few rows are and where a crafted one would lie."""
ROWS_NEEDED = 100
GRID = 401


def fit(rows: pa.Table, _: Sequence[Column], roles: Roles) -> Iterator[Derivation]:
    """Fit how sure the model is at each distance, by decision; nothing below 100 rows or without either column."""
    if not {DISTANCE, CONFIDENCE, *roles.scores} <= set(rows.column_names):
        return
    distance, confidence, decision = _read(rows, roles.scores)
    known = np.isfinite(distance) & np.isfinite(confidence)
    if known.sum() < ROWS_NEEDED:
        return
    classes = max(len(roles.scores), 2)
    everyone = _fitted(distance[known], confidence[known])
    found = [
        _fitted(distance[mine], confidence[mine]) if mine.sum() >= ROWS_NEEDED else everyone
        for mine in (known & (decision == one) for one in range(classes))
    ]
    edges, grids = np.stack([edge for edge, _ in found]), np.stack([grid for _, grid in found])
    arrays = {"edges": edges, "grids": grids}
    yield Derivation("overconfidence", (NAME,), (DISTANCE, CONFIDENCE, *roles.scores), arrays)


def make(derivation: Derivation, rows: pa.Table) -> dict[str, Floats]:
    """Give the share of reference rows, as far away and of the same decision, that were less sure, in [0, 1].

    Near 1 where the model is surer than the neighbourhood explains. NaN without a distance or a confidence.
    (Conditional probability integral transform; Rosenblatt 1952)
    """
    if not set(derivation.columns) <= set(rows.column_names):
        return {NAME: np.full(rows.num_rows, np.nan)}
    distance, confidence, decision = _read(rows, derivation.columns[2:])
    edges, grids = derivation.arrays["edges"], derivation.arrays["grids"]
    rank = np.full(rows.num_rows, np.nan)
    known = np.isfinite(distance) & np.isfinite(confidence)
    ring = np.zeros(rows.num_rows, np.intp)
    for edge in edges.T:
        ring += distance >= edge[decision]
    for one in range(edges.shape[0]):
        for far in range(edges.shape[1] + 1):
            here = known & (decision == one) & (ring == far)
            if here.any():
                rank[here] = np.searchsorted(grids[one, far], confidence[here], side="left") / GRID
    return {NAME: rank}


def _read(rows: pa.Table, scores: Sequence[str]) -> tuple[Floats, Floats, NDArray[np.intp]]:
    held = [np.nan_to_num(floats(rows.column(name)), nan=-1.0) for name in scores]
    decision = np.argmax(np.stack(held), axis=0) if len(held) > 1 else (held[0] >= 0.5).astype(np.intp)
    return floats(rows.column(DISTANCE)), floats(rows.column(CONFIDENCE)), decision


def _fitted(distance: Floats, confidence: Floats) -> tuple[Floats, Floats]:
    """Give the distances at which rings begin, shape (levels,), and quantiles of confidence in each ring."""
    levels = [level for level in LEVELS if (1 - level) * distance.size >= ROWS_NEEDED]
    edges = np.full(len(LEVELS), np.inf)
    edges[: len(levels)] = np.quantile(distance, levels) if levels else []
    ring = np.searchsorted(edges[: len(levels)], distance, side="right")
    grids = np.full((len(LEVELS) + 1, GRID), np.inf)
    for far in range(len(levels) + 1):
        inside = confidence[ring == far]
        grids[far] = np.quantile(inside if inside.size else confidence, np.linspace(0, 1, GRID), method="inverted_cdf")
    return edges, grids
