"""Two halves of the reference: each says of rows that are not in it how likely each label is, and what lies near."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from importlib import import_module
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from monitor.detectors.attack.batches.rows import Floats, Places
from monitor.profiles.reading import floats

if TYPE_CHECKING:
    from sklearn.ensemble import HistGradientBoostingClassifier
    from sklearn.isotonic import IsotonicRegression

NEIGHBOURS = 10
FLOOR = 0.002


@dataclass(frozen=True, eq=False)
class Half:
    """One half of the reference's rows: what judges the rows of the other, with its own calibration.

    model: fitted on its rows; None where logged scores are used. calibration: a class each, fitted on its rows as the
    other half's model sees them.
    """

    encoded: Floats
    label: Places
    model: "HistGradientBoostingClassifier | None"
    calibration: "tuple[IsotonicRegression, ...]" = ()


def model_of(
    features: Floats, label: Places, *, categorical: list[bool], seed: int
) -> "HistGradientBoostingClassifier":
    """Fit a bounded model of the labels; categorical: of each feature, whether it is."""
    model = import_module("sklearn.ensemble").HistGradientBoostingClassifier(
        max_iter=80, max_leaf_nodes=15, learning_rate=0.1, categorical_features=categorical, random_state=seed
    )
    return model.fit(_without_infinities(features), label)


def chance_of(features: Floats, halves: Sequence[Half], *, by: Places, classes: int) -> Floats:
    """Give each row's probabilities by the model of one of the halves; shape (rows, classes)."""
    found = np.zeros((len(features), classes))
    for i, half in enumerate(halves):
        mine = np.flatnonzero(by == i)
        if half.model is not None and mine.size:
            plain = half.model.predict_proba(_without_infinities(features[mine]))
            found[mine[:, None], half.model.classes_.astype(np.intp)] = plain
    return found


def logged_chance(rows: pa.Table, classes: tuple[str, ...], scores: Mapping[str, str]) -> Floats:
    """Give each row's probabilities as they were logged; what the classes without a score share is the rest."""
    found = np.full((rows.num_rows, len(classes)), np.nan)
    for name, column in scores.items():
        found[:, classes.index(name)] = floats(rows.column(column))
    rest = np.isnan(found).all(axis=0)
    if rest.any():
        left = 1 - np.nansum(found, axis=1)
        found[:, rest] = (left / rest.sum())[:, None]
    return np.where(np.isfinite(found), found, 1 / len(classes))


def with_calibration(half: Half, chance: Floats) -> Half:
    """Give a half calibrated by what the other half's model says of its rows.

    By its own rows, not by those of both: a row must not have helped to calibrate the probabilities that judge it.
    """
    isotonic = import_module("sklearn.isotonic").IsotonicRegression
    made = (isotonic(y_min=0.0, y_max=1.0, out_of_bounds="clip") for _ in range(chance.shape[1]))
    return replace(half, calibration=tuple(one.fit(chance[:, k], half.label == k) for k, one in enumerate(made)))


def calibrated(chance: Floats, halves: Sequence[Half], *, by: Places) -> Floats:
    """Give probabilities as calibrated by one of the halves, none of them 0; with a last one for unknown labels."""
    fixed = np.empty_like(chance)
    for i, half in enumerate(halves):
        mine = np.flatnonzero(by == i)
        least = max(FLOOR, 1 / half.label.size)
        for k, one in enumerate(half.calibration):
            if mine.size:
                fixed[mine, k] = np.maximum(one.predict(chance[mine, k]), least)
    fixed /= fixed.sum(axis=1, keepdims=True)
    return np.column_stack([fixed, np.full(len(fixed), FLOOR)])


def near(encoded: Floats, halves: Sequence[Half], *, by: Places, classes: int) -> Floats:
    """Give the share of each label among the nearest rows of one of the halves; with a last one for unknown labels."""
    found = np.full((len(encoded), classes + 1), 0.0)
    for i, half in enumerate(halves):
        mine = np.flatnonzero(by == i)
        if not mine.size:
            continue
        index = (
            import_module("sklearn.neighbors")
            .NearestNeighbors(n_neighbors=NEIGHBOURS, algorithm="brute")
            .fit(half.encoded.astype(np.float32))
        )
        places = index.kneighbors(encoded[mine].astype(np.float32), return_distance=False)
        labels = half.label[places]
        found[mine] = (labels[:, :, None] == np.arange(classes + 1)).mean(axis=1)
    return found


def _without_infinities(features: Floats) -> Floats:
    return np.where(np.isinf(features), np.nan, features)
