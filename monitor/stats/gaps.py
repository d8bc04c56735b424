"""How far apart groups are in a rate or a mean, how sure that is, and whether they have moved apart.

A gap is the difference between the group with the largest value and the one with the smallest, from 0. With several
groups chance alone opens one, so that its interval and its p-value hold for all pairs of groups at once.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray
from scipy.special import betaincinv, ndtr, ndtri, stdtrit

from monitor.stats.intervals import wilson_interval

Floats = NDArray[np.float64]

LEVEL = 0.05
FURTHEST = 20.0
"""The z at which the search ends: a smaller p-value than 3e-89 is not told from it."""
SURELY_TRIED = 3
WINDOWS_NEEDED = 8


class Valued(Protocol):
    """A value for each of several groups, all of shape (groups,), with what its error is.

    reach: how far below (`up` False) or above a group's value the truth may lie, at one-sided level Phi(-z).
    """

    @property
    def values(self) -> Floats: ...
    @property
    def errors(self) -> Floats: ...
    def limits(self, group: int, z: float) -> tuple[float, float]: ...
    def reach(self, group: int, z: float, *, up: bool) -> float: ...


@dataclass(frozen=True, eq=False)
class Rates:
    """Hits among the rows of each group, counts of shape (groups,); no group is empty."""

    hits: Floats
    rows: Floats

    @property
    def values(self) -> Floats:
        """Give the share of hits, in [0, 1]."""
        return np.asarray(self.hits / self.rows)

    @property
    def errors(self) -> Floats:
        """Give the standard errors, above 0 even where all rows or none are hits. (Agresti & Coull 1998)."""
        share = (self.hits + 1) / (self.rows + 2)
        return np.asarray(np.sqrt(share * (1 - share) / self.rows))

    def limits(self, group: int, z: float) -> tuple[float, float]:
        """Give Wilson's interval."""
        return wilson_interval(float(self.hits[group]), float(self.rows[group]), z)

    def reach(self, group: int, z: float, *, up: bool) -> float:
        """Give the distance to the exact limit. (Clopper & Pearson 1934)."""
        # a limit above the share of hits is one below the share of the others
        hits, rows = float(self.hits[group]), float(self.rows[group])
        hits = rows - hits if up else hits
        return hits / rows - (float(betaincinv(hits, rows - hits + 1, ndtr(-z))) if hits else 0.0)


@dataclass(frozen=True, eq=False)
class Means:
    """The mean of each group's rows and its standard error, of shape (groups,); every group has two rows or more."""

    values: Floats
    errors: Floats
    rows: Floats

    def limits(self, group: int, z: float) -> tuple[float, float]:
        """Give the interval by Student's t."""
        half = self.reach(group, z, up=True)
        return float(self.values[group]) - half, float(self.values[group]) + half

    def reach(self, group: int, z: float, *, up: bool) -> float:
        """Give the distance to the limit by Student's t, the same either way."""
        del up
        return float(self.errors[group] * -stdtrit(self.rows[group] - 1, ndtr(-z)))


def as_wide(reference: Means, current: Means) -> tuple[Means, Means]:
    """Give both sides of each group the wider spread of their rows.

    Of skewed rows a mean that lies far off on the short side comes with too small a spread, and one far off on the
    long side with too large a one: the wider of both keeps the level either way.

    >>> was = Means(np.array([0.0]), np.array([0.02]), np.array([10_000.0]))
    >>> now = Means(np.array([0.0]), np.array([0.1]), np.array([100.0]))
    >>> [side.errors.tolist() for side in as_wide(was, now)]
    [[0.02], [0.2]]
    """
    root_before, root_now = np.sqrt(reference.rows), np.sqrt(current.rows)
    wider = np.maximum(reference.errors * root_before, current.errors * root_now)
    return replace(reference, errors=wider / root_before), replace(current, errors=wider / root_now)


def standard_deviation(groups: Means) -> float:
    """Give the standard deviation of the rows of all groups together; 0 where they do not vary, or beyond floats.

    >>> round(standard_deviation(Means(np.array([0.0, 2.0]), np.array([0.0, 0.0]), np.array([500.0, 500.0]))), 3)
    1.001
    """
    rows, total = groups.rows, float(groups.rows.sum())
    if total < 2:
        return 0.0
    with np.errstate(over="ignore", invalid="ignore"):
        off = groups.values - rows @ groups.values / total
        squares = float((rows * ((rows - 1) * groups.errors**2 + off**2)).sum())
    return math.sqrt(squares / (total - 1)) if math.isfinite(squares) else 0.0


class Gap(NamedTuple):
    """The gap, its 95 % interval, and the places of the groups with the largest and the smallest value."""

    value: float
    low: float
    high: float
    highest: int
    lowest: int


class Widening(NamedTuple):
    """By how much the pair of groups that most surely moved apart did, its p-value, and the two groups' places."""

    effect: float
    p_value: float
    highest: int
    lowest: int


def gap_of(groups: Valued) -> Gap | None:
    """Give the gap between groups, from 0; None below two groups.

    The interval holds for the gap whichever pair it is of: the limits of all pairs hold at once. (Newcombe 1998, his
    method 10 for the difference of two; Bonferroni 1936)

    >>> gap = gap_of(Rates(np.array([56.0, 48.0]), np.array([70.0, 80.0])))
    >>> [round(number, 4) for number in gap]
    [0.2, 0.0524, 0.3339, 0, 1]
    """
    values = groups.values
    if values.size < 2:
        return None
    z = float(-ndtri(LEVEL / values.size / (values.size - 1)))
    limits = np.array([groups.limits(group, z) for group in range(values.size)])
    down, up = values - limits[:, 0], limits[:, 1] - values
    apart = values[:, None] - values[None, :]
    low = float((apart - np.hypot(down[:, None], up[None, :])).max())
    high = float((apart + np.hypot(up[:, None], down[None, :])).max())
    highest, lowest = int(values.argmax()), int(values.argmin())
    lowest = lowest if lowest != highest else 1
    return Gap(float(values[highest] - values[lowest]), max(low, 0.0), high, highest, lowest)


def widening_test(reference: Valued, current: Valued, spread: float = 0.0) -> Widening | None:
    """Ask whether any two groups are further apart than they were in the reference; None below two groups.

    Both sides hold the same groups. One-sided: groups that came together, or changed alike, have p-value 1. Each
    pair's p-value is the level at which the limits of its four values, squared and added, no longer cover the change
    (Zou & Donner 2008), for rates with their exact limits; the smallest counts, times the pairs (Bonferroni 1936).
    spread: standard deviation of a pair's difference between windows beyond its own error.

    >>> was, now = Rates(np.array([400.0, 400.0]), np.full(2, 1000)), Rates(np.array([80.0, 50.0]), np.full(2, 200))
    >>> found = widening_test(was, now)
    >>> round(found.effect, 2), 0.002 < found.p_value < 0.02
    (0.15, True)
    """
    pairs = [_apart(reference, current, spread, i, j) for i, j in combinations(range(current.values.size), 2)]
    if not pairs:
        return None
    # the pairs that are surest by the normal limit are worked out
    surest = sorted(pairs, key=lambda pair: -pair.surety)[:SURELY_TRIED]
    tried = [(_p_value(reference, current, spread, pair), pair) for pair in surest]
    p, pair = min(tried, key=lambda one: (one[0], -one[1].surety))
    return Widening(pair.widened, min(1.0, p * len(pairs)), pair.highest, pair.lowest)


class _Pair(NamedTuple):
    highest: int
    lowest: int
    apart: float
    before: float
    surety: float

    @property
    def widened(self) -> float:
        return self.apart - abs(self.before)


def _apart(reference: Valued, current: Valued, spread: float, i: int, j: int) -> _Pair:
    if current.values[i] < current.values[j]:
        i, j = j, i
    now = float(current.values[i] - current.values[j])
    before = float(reference.values[i] - reference.values[j])
    errors = (current.errors[i], current.errors[j], reference.errors[i], reference.errors[j], spread)
    return _Pair(i, j, now, before, (now - abs(before)) / (math.hypot(*errors) or 1.0))


def _p_value(reference: Valued, current: Valued, spread: float, pair: _Pair) -> float:
    """Add the chances of as large a gap in the reference's direction and in the other one."""
    if pair.widened <= 0:
        return 1.0
    other = pair.apart + abs(pair.before)
    if pair.surety < 1:
        # what is no news either way needs no exact limits
        return float(ndtr(-pair.surety) + ndtr(-pair.surety * other / pair.widened))
    return min(1.0, sum(_level(reference, current, spread, pair, change) for change in (pair.widened, other)))


def _level(reference: Valued, current: Valued, spread: float, pair: _Pair, change: float) -> float:
    above, below = (pair.highest, pair.lowest) if pair.before >= 0 else (pair.lowest, pair.highest)

    def uncovered(z: float) -> float:
        squares = (
            current.reach(pair.highest, z, up=False),
            current.reach(pair.lowest, z, up=True),
            reference.reach(above, z, up=True),
            reference.reach(below, z, up=False),
            spread * z,
        )
        return change - math.hypot(*squares)

    if uncovered(0.0) <= 0:
        return 0.5
    if uncovered(FURTHEST) >= 0:
        return float(ndtr(-FURTHEST))
    from scipy.optimize import brentq  # noqa: PLC0415  # it takes 0.2 s to import, which most models can spare

    return float(ndtr(-brentq(uncovered, 0.0, FURTHEST, xtol=1e-3)))


def gap_spread(windows: Sequence[Sequence[tuple[float, float] | None]]) -> float | None:
    """Give how much a pair's difference differs between windows beyond its own error, as a standard deviation.

    windows: (value, standard error) of each group in each window, None where the group is too small. What moves all
    groups alike does not enter, nor does a window in which the values of neither group differ, since how sure it is
    cannot be said. One number for all pairs that eight windows or more hold; None without any. 0 where the errors
    explain it all. (DerSimonian & Laird 1986)
    """
    excess, weight = 0.0, 0.0
    for differences, squares in _differences(windows):
        inverse = 1 / squares
        total = inverse.sum()
        found = float(inverse @ (differences - inverse @ differences / total) ** 2)
        excess += found - (differences.size - 1)
        weight += float(inverse @ ((total - inverse) / total))
    return math.sqrt(max(excess / weight, 0.0)) if weight else None


def _differences(windows: Sequence[Sequence[tuple[float, float] | None]]) -> Iterator[tuple[Floats, Floats]]:
    size = len(windows[0]) if windows else 0
    for i, j in combinations(range(size), 2):
        both = [(a, b) for row in windows if (a := row[i]) is not None and (b := row[j]) is not None]
        values = np.array([(a[0] - b[0], a[1] ** 2 + b[1] ** 2) for a, b in both]).reshape(-1, 2)
        values = values[np.isfinite(values).all(axis=1) & (values[:, 1] > 0)]
        if len(values) >= WINDOWS_NEEDED:
            yield values[:, 0], values[:, 1]
