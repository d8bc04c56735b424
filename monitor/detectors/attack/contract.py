"""What every honest row keeps to: whole numbers stay whole, decimals keep their places, no value is unheard of.

An attack library that perturbs raw floats breaks it at once.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from monitor.detectors.attack.space import Floats, Rows

MOST_PLACES = 6
ROOM = 0.25
KEPT = 0.999
MOST_COLUMNS = 0.15


def most_by_accident(columns: int) -> float:
    """Give how many of so many columns break by accident, at most: where more do, rows are made up.

    >>> most_by_accident(4), most_by_accident(40)
    (1.0, 6.0)
    """
    return max(1.0, MOST_COLUMNS * columns)


class Faults(NamedTuple):
    """Where rows break the contract.

    off_lattice, beyond, and hidden, for texts with hidden writing: shape (rows, numbers). malformed: (rows, all
    columns).
    """

    off_lattice: NDArray[np.bool_]
    beyond: NDArray[np.bool_]
    malformed: NDArray[np.bool_]
    hidden: NDArray[np.bool_]

    @property
    def broken(self) -> NDArray[np.bool_]:
        """Say which numbers have too many decimals or lie beyond the range, and which texts hide something.

        Shape (rows, numbers).
        """
        return self.off_lattice | self.beyond | self.hidden

    @property
    def odd(self) -> NDArray[np.bool_]:
        """Say which values are missing, unheard of or beyond the range, shape (rows, all columns)."""
        found = self.malformed.copy()
        found[:, : self.beyond.shape[1]] |= self.beyond
        return found

    def but(self, values: NDArray[np.bool_]) -> "Faults":
        """Give those that are not among some values, shape (rows, all columns)."""
        numbers = ~values[:, : self.beyond.shape[1]]
        return Faults(
            self.off_lattice & numbers, self.beyond & numbers, self.malformed & ~values, self.hidden & numbers
        )

    def take(self, rows: NDArray[np.intp] | slice) -> "Faults":
        """Give those of some rows."""
        return Faults(*(each[rows] for each in self))


@dataclass(frozen=True, eq=False)
class Contract:
    """places: decimals of each number, -1 for any. low, high: its range with room. unseen: each column's code for it.

    may_lack: numbers and categories that the reference itself lacks now and then. Shapes (numbers,), (categories,) and
    (numbers + categories,).
    """

    places: NDArray[np.int64]
    low: Floats
    high: Floats
    unseen: NDArray[np.int64]
    may_lack: NDArray[np.bool_]

    @classmethod
    def of(cls, rows: Rows, unseen: NDArray[np.int64]) -> "Contract":
        """Read it off reference rows. unseen: the code of values that the reference lacks, -1 where all are known."""
        places = np.array([_places(rows.numbers[:, i]) for i in range(rows.numbers.shape[1])], np.int64)
        with np.errstate(all="ignore"):
            held = np.where(np.isfinite(rows.numbers), rows.numbers, np.nan)
            low = np.array([np.nanmin(c) if np.isfinite(c).any() else -np.inf for c in held.T])
            high = np.array([np.nanmax(c) if np.isfinite(c).any() else np.inf for c in held.T])
        room = ROOM * np.maximum(high - low, 0)
        lack = np.concatenate([np.isnan(rows.numbers).any(axis=0), (rows.codes < 0).any(axis=0)])
        return cls(places, low - room, high + room, unseen, lack)

    def off_lattice(self, rows: Rows) -> NDArray[np.bool_]:
        """Say where numbers have more decimals than any honest one, shape (rows, numbers)."""
        factor = 10.0 ** np.maximum(self.places, 0)
        with np.errstate(invalid="ignore", over="ignore"):  # what overflows is no number of any lattice
            scaled = rows.numbers * factor
            off = np.abs(scaled - np.round(scaled)) > 1e-4 * np.maximum(1.0, np.abs(scaled) * 1e-3)
        return np.asarray(off & (self.places >= 0) & np.isfinite(rows.numbers))

    def beyond(self, rows: Rows) -> NDArray[np.bool_]:
        """Say where numbers lie beyond the reference's range and a quarter of it, shape (rows, numbers)."""
        with np.errstate(invalid="ignore"):
            return np.asarray((rows.numbers < self.low) | (rows.numbers > self.high))

    def odd_sign(self, rows: Rows) -> NDArray[np.bool_]:
        """Say where numbers are below 0 though none of the reference is, or above it, shape (rows, numbers).

        Of a column with a long tail a quarter of the range reaches far beyond 0. What is `beyond` may be among them.
        """
        with np.errstate(invalid="ignore"):
            span = self.high - self.low
            room, least_told = span * ROOM / (1 + 2 * ROOM), 1e-9 * span
            never_below, never_above = self.low + room >= -least_told, self.high - room <= least_told
            return np.asarray((never_below & (rows.numbers < 0)) | (never_above & (rows.numbers > 0)))

    def odd_scale(self, rows: Rows) -> NDArray[np.bool_]:
        """Say where numbers lie far below the least of a reference that holds none of 0 and below, by ratios.

        By a quarter of its range on that scale: thousands in the place of ones are within a quarter of the range, and
        hardly far from the mean. Shape (rows, numbers).
        """
        with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
            room = (self.high - self.low) * ROOM / (1 + 2 * ROOM)
            least, most = self.low + room, self.high - room
            limit = np.where(least > 0, least * (least / most) ** ROOM, -np.inf)
            return np.asarray((rows.numbers > 0) & (rows.numbers < limit))

    def malformed(self, rows: Rows) -> NDArray[np.bool_]:
        """Say where a value is missing that never is, or a category is unheard of; shape (rows, all columns)."""
        missing = np.concatenate([np.isnan(rows.numbers), rows.codes < 0], axis=1) & ~self.may_lack
        missing[:, rows.numbers.shape[1] :] |= (rows.codes == self.unseen) & (self.unseen >= 0)
        return missing

    def faults(self, rows: Rows, hidden: NDArray[np.bool_] | None = None) -> Faults:
        """Say where rows break it. hidden: which texts hide something, shape (rows, numbers); None for none."""
        hides = np.zeros(rows.numbers.shape, np.bool_) if hidden is None else hidden
        return Faults(self.off_lattice(rows), self.beyond(rows), self.malformed(rows), hides)


def unheard_of(codes: NDArray[np.int64], unseen: NDArray[np.int64]) -> float:
    """Give the share of rows to come that will hold a category which none of these does, as far as that is told.

    That is about the share of these that hold one which no other does. (Good 1953). codes: of rows, shape (rows,
    categories). unseen: as of a contract.

    >>> unheard_of(np.array([[0], [0], [1], [2]]), np.array([3])), unheard_of(np.array([[0], [1]]), np.array([-1]))
    (0.5, 0.0)
    """
    once = np.zeros(len(codes), np.bool_)
    for column in np.flatnonzero(unseen >= 0).tolist():
        _, which, counts = np.unique(codes[:, column], return_inverse=True, return_counts=True)
        once |= (counts[which] == 1) & (codes[:, column] >= 0)
    return float(once.mean()) if once.size else 0.0


def _places(values: Floats) -> int:
    """Give the fewest decimals that all but one in a thousand of the values keep to; -1 where there are none so few."""
    finite = values[np.isfinite(values)]
    if not finite.size:
        return -1
    for places in range(MOST_PLACES):
        scaled = finite * 10.0**places
        off = np.abs(scaled - np.round(scaled)) > 1e-4 * np.maximum(1.0, np.abs(scaled) * 1e-3)
        if off.mean() <= 1 - KEPT:
            return places
    return -1
