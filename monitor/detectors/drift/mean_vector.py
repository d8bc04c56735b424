"""Shift of the mean of a column of vectors, in all its directions at once. (Chen & Qin 2010).

Each of the main components sees its own direction, and `reconstruction_error` how long the rest is: a shift of all
rows by a little in any other direction, or a small topic that lies in none of them, moves these hardly.
"""

import math
from collections.abc import Iterator, Sequence

import numpy as np

from monitor.detectors.detector import EMPTY, NO_REFERENCE, Detector
from monitor.profiles.derivation import Derivation
from monitor.profiles.mean_vector import MeanVector, unmixed
from monitor.profiles.profile import Profile
from monitor.stats.mean_vector import Sums, between_windows, mean_vector_test
from monitor.types import Measurement

NAME = "mean_vector"
SURELY, FEW, MOST_OF_IT = 0.01, 3, 0.6
"""Of a sure shift so few numbers are named that make so much of its square."""


def compare(reference: Profile, current: Profile) -> Iterator[Measurement]:
    """Measure how far the mean of the vectors moved, in standard deviations of coordinates alike in spread: 0 is equal.

    What chance makes of it is taken off. Of more than 128 numbers a fixed mixture of 128 is kept, which sees each
    direction alike and a shift by their share less. Blind to what leaves the mean where it is: topics that grow as
    much in one direction as in its opposite, or that only spread; and a small group of far rows, such as a new topic,
    is sooner seen by `anomaly` and `reconstruction_error`. (Chen & Qin 2010).
    """
    layout = reference.layout
    made = {one.columns[0]: one for one in layout.derivations if one.columns[0] in layout.means}
    for column, before in reference.means.items():
        after = current.means[column]
        between = layout.spreads.get(spread_name(column), 0.0) * (1 + 1 / max(layout.windows, 1))
        found = mean_vector_test(
            _sums(before), _sums(after), squares=float(made[column].arrays["squares"][0]), between=between
        )
        if found is None:
            note = EMPTY if not after.n else NO_REFERENCE if not before.n else "the vectors do not vary"
            yield Measurement(NAME, None, column=column, n=after.n, note=note)
        else:
            length = math.sqrt(max(found.squared, 0.0))
            chance = (found.degrees, found.factor, found.degrees)
            told = foremost(before, after, made[column]) if found.p_value <= SURELY else []
            yield Measurement(
                NAME,
                length,
                column=column,
                n=after.n,
                p_value=found.p_value,
                effect=length,
                chance=chance,
                evidence={"foremost": told} if told else {},
            )


def foremost(before: MeanVector, after: MeanVector, made: Derivation) -> list[int]:
    """Give the places of the few numbers of the vectors that make most of a shift; none where many do.

    As of a number that is dead, or comes from elsewhere, while the others stand.
    """
    shift = unmixed(after.mean - before.mean, made)
    if shift is None:
        return []
    squared = shift**2
    order = np.argsort(-squared, kind="stable")[:FEW]
    held = np.cumsum(squared[order]) >= MOST_OF_IT * squared.sum()
    few = order[: int(held.argmax()) + 1] if held.any() and squared.size > FEW * FEW else order[:0]
    return [int(place) for place in few]


def mean_spreads(windows: Sequence[Profile]) -> dict[str, float]:
    """Give how much the means of each column of vectors differ between windows, of those with enough of them."""
    columns = windows[0].means if windows else {}
    found = {column: between_windows([_sums(one.means[column]) for one in windows]) for column in columns}
    return {spread_name(column): between for column, between in found.items() if between is not None}


def spread_name(column: str) -> str:
    """Name what the mean of one column of vectors differs by, among a layout's spreads."""
    return f"{NAME}({column})"


def _sums(one: MeanVector) -> Sums:
    return Sums(one.n, one.mean, one.scatter)


DETECTOR = Detector(NAME, "drift.data", "reference sd", compare, armed=True, min_effect=0.1, ways=64)
