"""How far a row lies from the population that the model was trained on, seen from the class that the model gives it.

Fitted on one half of the reference; the other half tells where the worst few per cent of honest rows begin.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from importlib import import_module
from typing import Any

import numpy as np
from numpy.typing import NDArray

from monitor.detectors.attack.neighbours import Points
from monitor.detectors.attack.space import Floats, Rows, Space

Array = NDArray[Any]
Classes = NDArray[np.int64]

NEIGHBOURS, TRUSTED = 5, 3
MOST_LEVELS, SHRUNK = 12, 2.0**-0.5
FURTHEST, HALF = 8.0, 0.5
COMPONENTS = 96
FEWEST = 2 * (NEIGHBOURS + 1)


@dataclass(frozen=True, eq=False)
class Population:
    """A half of the reference as points, shape (rows, dimensions), with the class that the model gave each.

    levels: how many categories of each categorical column have a dimension. turn: principal axes, shape (wide,
    dimensions), where there are too many; else shape (0, 0). means: shape (classes, dimensions). precision: shared by
    all classes. usual: sorted values of each statistic on the other half of the reference, by name.
    """

    levels: Classes
    turn: NDArray[np.float32]
    points: NDArray[np.float32]
    classes: Classes
    means: NDArray[np.float32]
    precision: NDArray[np.float32]

    @classmethod
    def of(cls, space: Space, rows: Rows, classes: Classes, levels: Classes) -> "Population":
        """Fit it on rows and the classes that the model gave them, numbered from 0; below 0 is none."""
        blank = np.zeros((0, 0), np.float32)
        plain = cls(levels, blank, blank, classes, blank, blank)
        points = plain.placed(space, rows)
        turn = _axes(points) if points.shape[1] > COMPONENTS else blank
        rare = _rarely_held(points, space.numbers)
        points = points @ turn if turn.size else points
        count = int(classes.max(initial=-1)) + 1
        means = np.array([_mean(points, classes == k) for k in range(count)], np.float32).reshape(count, -1)
        centred = points - (means[classes] if count else points.mean(axis=0))
        spread = import_module("sklearn.covariance").LedoitWolf(assume_centered=True).fit(centred).covariance_
        spread = spread + ((turn.T * rare) @ turn if turn.size else np.diag(rare))
        precision = np.linalg.inv(spread).astype(np.float32)
        return cls(levels, turn, points, classes, means, precision)

    def placed(self, space: Space, rows: Rows) -> NDArray[np.float32]:
        """Give rows as points: numbers in robust deviations, at most eight; a dimension for each frequent category."""
        scaled = np.clip(np.nan_to_num(space.scaled(rows), nan=0.0), -FURTHEST, FURTHEST)
        parts = [np.where(np.isnan(rows.numbers), 0.0, scaled).astype(np.float32)]
        for place, count in enumerate(self.levels.tolist()):
            codes = rows.codes[:, place]
            hot = np.zeros((len(rows), count + 1), np.float32)
            hot[np.arange(len(rows)), np.where((codes >= 0) & (codes < count), codes, count)] = SHRUNK
            parts.append(hot)
        points = np.concatenate(parts, axis=1)
        return points @ self.turn if self.turn.size else points

    def statistics(self, points: NDArray[np.float32], classes: Classes) -> dict[str, Floats]:
        """Give of each row, NaN where undefined; higher is further from what the reference holds.

        knn: distance to the fifth nearest reference row. mahalanobis: squared, to the mean of the row's class. trust:
        log of the distance to the third nearest row of its class over that to the third nearest of another (Jiang
        2018).
        """
        near = self._nearest(points)
        everyone = np.sort(np.concatenate(list(near.values()), axis=1), axis=1) if near else np.empty((len(points), 0))
        knn = everyone[:, NEIGHBOURS - 1] if everyone.shape[1] >= NEIGHBOURS else np.full(len(points), np.nan)
        return {"knn": knn, "mahalanobis": self._mahalanobis(points, classes), "trust": _trust(near, classes)}

    def _nearest(self, points: NDArray[np.float32]) -> dict[int, Floats]:
        """Give the distances to the nearest reference rows of each class, shape (rows, up to 5), ascending."""
        return {k: own.nearest(points, count=NEIGHBOURS) for k, own in self._by_class.items()}

    @cached_property
    def _by_class(self) -> dict[int, Points]:
        return {k: Points.of(self.points[self.classes == k]) for k in np.unique(self.classes).tolist()}

    def _mahalanobis(self, points: NDArray[np.float32], classes: Classes) -> Floats:
        known = (classes >= 0) & (classes < len(self.means))
        centres = self.means[np.where(known, classes, 0)] if len(self.means) else np.zeros_like(points)
        away = points - centres
        found = np.einsum("ij,ij->i", away @ self.precision, away).astype(np.float64)
        return np.where(known | (len(self.means) == 0), found, np.nan)

    def arrays(self) -> dict[str, Array]:
        """Give what `from_arrays` makes it from."""
        return {name: getattr(self, name) for name in self.__dataclass_fields__}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, Array]) -> "Population":
        """Make it from its arrays."""
        return cls(**{name: arrays[name] for name in cls.__dataclass_fields__})


def levels_of(sizes: list[int]) -> Classes:
    """Say how many of the most frequent categories of each column get a dimension of their own."""
    return np.array([min(size, MOST_LEVELS) for size in sizes], np.int64)


def tail_of(usual: Floats, values: Floats) -> Floats:
    """Give the share of usual values that are at least as large, in (0, 1]; NaN for NaN.

    usual: sorted. (Conformal p-value: Vovk, Gammerman & Shafer 2005)
    """
    below = np.searchsorted(usual, values, side="left")
    return np.where(np.isnan(values), np.nan, (usual.size - below + 1) / (usual.size + 1))


def _trust(near: Mapping[int, Floats], classes: Classes) -> Floats:
    found = np.full(classes.size, np.nan)
    third = {k: d[:, min(TRUSTED, d.shape[1]) - 1] for k, d in near.items()}
    for k in np.unique(classes).tolist():
        others = [d for other, d in third.items() if other != k]
        if k in third and others:
            own = classes == k
            apart = np.minimum.reduce([d[own] for d in others])
            found[own] = np.log((third[k][own] + 1e-6) / (apart + 1e-6))
    return found


def _axes(points: NDArray[np.float32]) -> NDArray[np.float32]:
    centred = points - points.mean(axis=0)
    _, _, axes = np.linalg.svd(centred, full_matrices=False)
    return np.asarray(axes[:COMPONENTS].T, np.float32)


def _rarely_held(points: NDArray[np.float32], numbers: int) -> Floats:
    """Give the variance that dimensions of categories lack to that of one in half of the rows; shape (dimensions,).

    By that of a rare category all rows of a client who sends no other would be far off, whatever else they hold. That
    categories do not go together is told by `Combination`.
    """
    share = points.mean(axis=0, dtype=np.float64) / SHRUNK
    lacking = SHRUNK**2 * np.maximum(HALF * (1 - HALF) - share * (1 - share), 0.0)
    return np.where(np.arange(share.size) < numbers, 0.0, lacking)


def _mean(points: NDArray[np.float32], own: NDArray[np.bool_]) -> NDArray[np.float32]:
    return np.asarray(points[own].mean(axis=0) if own.any() else points.mean(axis=0), np.float32)
