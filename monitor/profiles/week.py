"""By how much a reference's rows of an hour of the week differ from all, and whether others differ likewise."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from monitor.profiles.bins import Bins, CategoryBins
from monitor.types import Window

LISTED = 10
"""So many categories are followed."""
WEEKS_NEEDED = 2
AS_FAR = 0.5
"""What the reference shows at a time explains up to twice as much."""
EVIDENT, LEAST = 2.0, 1e-9
"""Standard errors by which the reference's rows of a time must differ from all."""
_HOUR, _WEEK, _MONDAY = timedelta(hours=1), timedelta(weeks=1), datetime(1970, 1, 5, tzinfo=UTC)

Counts = NDArray[np.int64]
Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Week:
    """How a column differs over the week, by the hour, shape (168, scores), or by the day, (7, scores), in UTC.

    shifts: means of the scores, see `scores_of`. rows: so many independent rows would tell as much of them, shape
    (168,) or (7,); 0 for a time of which the reference holds fewer than two weeks.
    """

    shifts: Floats
    rows: Floats

    def at(self, stretch: Window) -> tuple[Floats, float]:
        """Give (shift, rows) of the times of a stretch; zeros where nothing is known of them."""
        step = _WEEK / self.rows.size
        return self._over((stretch.start - _MONDAY) // step, -((_MONDAY - stretch.end) // step))

    def at_each(self, hours: Floats) -> tuple[Floats, Floats]:
        """Give (shifts, rows) of many stretches as `at` does of one: shape (stretches, scores) and (stretches,).

        hours: their beginnings and ends as `week_hours` gives them, shape (stretches, 2).
        """
        size = self.rows.size
        begun, ended = (hours / (_WEEK / size / _HOUR)).T
        first, last = np.floor(begun).astype(np.int64), np.ceil(ended).astype(np.int64)
        place = first % size
        shifts, rows = np.where(self.rows[place, None] > 0, self.shifts[place], 0.0), self.rows[place]
        for several in np.flatnonzero(last > first + 1).tolist():
            shifts[several], rows[several] = self._over(int(first[several]), int(last[several]))
        return shifts, rows

    def _over(self, first: int, end: int) -> tuple[Floats, float]:
        """Give (shift, rows) of consecutive times up to an end, at least of the first."""
        size = self.rows.size
        places = np.arange(first, max(end, first + 1))[:size] % size
        rows = float(self.rows[places].sum())
        return (self.rows[places] @ self.shifts[places] / rows if rows else self.shifts[0] * 0), rows

    def explains(self, shift: Floats, stretch: Window) -> bool:
        """Say whether rows of a stretch that differ by so much differ as the reference's own rows of these times do."""
        usual, rows = self.at(stretch)
        return bool(is_explained(shift, usual, np.float64(rows)))


def week_hours(stretches: Sequence[Window]) -> Floats:
    """Give beginnings and ends in hours since a Monday, shape (stretches, 2)."""
    ends = [((one.start - _MONDAY) / _HOUR, (one.end - _MONDAY) / _HOUR) for one in stretches]
    return np.array(ends, np.float64).reshape(len(ends), 2)


def is_explained(shift: Floats, usual: Floats, rows: NDArray[np.float64] | np.float64) -> NDArray[np.bool_]:
    """Say whether rows that differ by so much do so as others do, which differ by `usual` and tell as much as `rows`.

    Those must evidently differ, the same way, and at least half as far. shift, usual: shape (..., scores); rows: (...).
    """
    far = np.sqrt((shift * shift).sum(axis=-1))
    along = (usual * shift).sum(axis=-1) / np.where(far > 0, far, 1.0)
    return np.asarray((along >= AS_FAR * far) & (along * np.sqrt(rows) >= EVIDENT))


def scores_of(bins: Bins, counts: Counts) -> Floats:
    """Give the scores by which a column is followed, shape (scores, bins), from the counts of all the reference's rows.

    Of ordered bins they are the rank and how far out it lies, of mean 0 and variance 1 and free of each other, the
    first two of Neyman's (1937); of categories the most frequent ones, so that the length of a mean is Cohen's w.
    None are given of a column with one value.
    """
    shares = counts / max(counts.sum(), 1)
    if isinstance(bins, CategoryBins):
        held = np.flatnonzero(shares[: len(bins.values)])[:LISTED]
        return np.asarray((np.eye(shares.size)[held] - shares[held, None]) / np.sqrt(shares[held, None]))
    rank = np.cumsum(shares) - shares / 2
    found: list[Floats] = []
    for raw in (rank, (rank - shares @ rank) ** 2):
        centred = raw - shares @ raw
        free = centred - sum((shares @ (centred * other)) * other for other in found)
        size = float(np.sqrt(shares @ free**2))
        found += [free / size] if size > LEAST else []
    return np.array(found).reshape(len(found), shares.size)


def week_of(bins: Bins, starts: Sequence[datetime], counts: Counts, *, length: timedelta) -> Week | None:
    """Learn how a column differs over the week from windows of an hour or a day; None of other lengths.

    starts: when each window begins. counts: of its rows by bin, shape (windows, bins).
    """
    if length not in (timedelta(hours=1), timedelta(days=1)) or not starts:
        return None
    size = _WEEK // length
    places = np.array([(start - _MONDAY) // length % size for start in starts])
    weeks = np.bincount(places, minlength=size)
    scores = scores_of(bins, counts.sum(axis=0))
    if not scores.size or weeks.max() < WEEKS_NEEDED:
        return None
    held, sums = np.zeros(size), np.zeros((size, len(scores)))
    np.add.at(held, places, counts.sum(axis=1))
    np.add.at(sums, places, counts @ scores.T)
    shifts = sums / np.maximum(held, 1)[:, None]
    rows = np.where(weeks >= WEEKS_NEEDED, held / _design_effect(counts, counts @ scores.T, shifts[places], weeks), 0.0)
    return Week(shifts, rows)


def _design_effect(counts: Counts, sums: Floats, usual: Floats, weeks: Counts) -> float:
    """Give how much more windows of one time of the week differ than independent rows would, at least 1."""
    rows = np.maximum(counts.sum(axis=1), 1)[:, None]
    within = (rows * (sums / rows - usual) ** 2).sum(axis=0) / np.maximum(weeks - 1, 0).sum()
    return max(float(within.max()), 1.0)
