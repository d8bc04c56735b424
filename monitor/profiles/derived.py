"""Columns made from the scores of a row: how sure the model was. They are profiled like any other column."""

from collections.abc import Callable, Mapping

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from monitor.profiles.reading import floats
from monitor.profiles.stretches import SLICE

Floats = NDArray[np.float64]


def confidence(scores: Floats) -> Floats:
    """Take the largest score of each row, in [0, 1]; scores have shape (rows, classes).

    >>> confidence(np.array([[0.2, 0.8], [0.5, 0.5]])).tolist()
    [0.8, 0.5]
    """
    return np.asarray(scores.max(axis=1))


def margin(scores: Floats) -> Floats:
    """Take the largest score of each row less the second largest, in [0, 1]; 0 is undecided.

    >>> margin(np.array([[0.25, 0.75], [0.5, 0.5]])).tolist()
    [0.5, 0.0]
    """
    top = np.partition(scores, -2, axis=1)
    return np.asarray(top[:, -1] - top[:, -2])


def entropy(scores: Floats) -> Floats:
    """Take each row's entropy over that of equal scores: 0 is sure, 1 is undecided. (Shannon 1948).

    >>> entropy(np.array([[1.0, 0.0], [0.5, 0.5]])).tolist()
    [0.0, 1.0]
    """
    nats = 0.0 - (scores * np.log(np.where(scores > 0, scores, 1.0))).sum(axis=1)
    return np.asarray(np.clip(nats / np.log(scores.shape[1]), 0.0, 1.0))


DERIVED: Mapping[str, Callable[[Floats], Floats]] = {
    "confidence(scores)": confidence,
    "margin(scores)": margin,
    "entropy(scores)": entropy,
}


def derived(rows: pa.Table, scores: tuple[str, ...]) -> dict[str, Floats]:
    """Make the derived columns. NaN where a score is missing or no probability, or when a score column is absent."""
    if not set(scores) <= set(rows.column_names):
        return {name: np.full(rows.num_rows, np.nan) for name in DERIVED}
    held = [floats(rows.column(name)) for name in scores]
    held = held if len(held) > 1 else [held[0], 1 - held[0]]
    made = {name: np.empty(rows.num_rows) for name in DERIVED}
    for start in range(0, rows.num_rows, SLICE):
        part = slice(start, start + SLICE)
        _fill([score[part] for score in held], [values[part] for values in made.values()])
    return made


def _fill(scores: list[Floats], made: list[Floats]) -> None:
    # one class after the other in memory: reductions over few classes are several times faster
    whole = np.stack(scores).T
    wrong = ~((whole >= 0) & (whole <= 1)).all(axis=1)
    whole[wrong] = 0.0
    for values, measure in zip(made, DERIVED.values(), strict=True):
        values[:] = np.where(wrong, np.nan, measure(whole))
