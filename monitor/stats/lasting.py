"""Whether a series of windows has moved for good: small shifts that no single window shows."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import log_ndtr

SCALES = (0.5, 2.0, 8.0)
ENDED = math.log(20.0)

Floats = NDArray[np.float64]
Places = NDArray[np.intp]


@dataclass(frozen=True)
class Shift:
    """How strong the evidence for a lasting shift is, since when it is there, and how large.

    evidence: an e-detector's value, at least 0: without a shift it takes at least 1/a windows on average until it
        reaches 1/a.
    first: the place in the series from which on the shift is most likely; None without a sign of any.
    size: the mean difference from there on less that before, in the unit of the differences; 0 without a sign.
    earliest: the place before which it cannot have begun, as what was there is over.
    """

    evidence: float = 0.0
    first: int | None = None
    size: float = 0.0
    earliest: int = 0

    @property
    def p_value(self) -> float:
        """Give the share of windows in which that much evidence may be met without a shift, at most 1."""
        return min(1.0, 1 / self.evidence) if self.evidence > 0 else 1.0


def lasting_shift(differences: Floats, variances: Floats, reference_variance: float, *, either: bool = False) -> Shift:
    """Weigh the evidence that a series' windows have moved up since some window, and still are; or `either` way.

    differences: shape (windows,), from the reference, oldest first. variances: shape (windows,), above 0, of each
    window alone. reference_variance: of the reference, whose error all differences share.

    For every window with which the shift may have begun: the likelihood ratio of a shift from there on against none,
    the differences being jointly normal, over half-normal (or normal) sizes of 0.5, 2 and 8 of a window's standard
    deviations. All are added up, but those that the last windows contradict twenty to one: they have ended. Since
    only the differences enter, the true level need not be known. Beginnings further back are taken ever more
    sparsely, which only lowers the sum. Without a shift the sum exceeds the number of windows on average never, so
    that the mean time to 1/a is at least 1/a. (Shiryaev 1963; Robbins 1970; Pérez-Ortiz et al. 2022; Shin, Ramdas &
    Rinaldo 2024)

    Blind to what the reference's own error explains, and to a shift as old as the series that is no larger than it.

    >>> calm, risen = [0.5, -0.4, 0.1, -0.2], [1.9, 1.6, 2.2, 1.4, 1.8]
    >>> found = lasting_shift(np.array(calm + risen), np.ones(9), 0.01)
    >>> found.first, round(found.size, 1), found.p_value < 0.01
    (4, 1.8, True)
    """
    if not differences.size:
        return Shift()
    starts = sparse_starts(differences.size)
    ratios, sizes, level = _weighed(differences, variances, reference_variance, starts, either=either)
    lasting = _contradiction(differences, 1 / variances, starts, level) < ENDED
    # What speaks for no shift adds next to nothing, and need not be looked at.
    speaking = starts[lasting & (ratios > 0)]
    over = np.zeros(differences.size, np.bool_)
    if speaking.size:
        over[speaking[0] :] = _over_within(differences, 1 / variances, reference_variance, int(speaking[0]))
    lasting &= ~over[starts]
    now = np.where(lasting, ratios, -np.inf)
    most = int(now.argmax())
    evidence = math.exp(min(float(np.logaddexp.reduce(now)), 700.0)) if lasting.any() else 0.0
    if not now[most] > 0:
        return Shift(evidence)
    between = np.arange(starts[max(most - 1, 0)] + (most > 0), starts[min(most + 1, starts.size - 1)] + 1)
    ratios, sizes, _ = _weighed(differences, variances, reference_variance, between, either=either)
    most = int(ratios.argmax())
    first = int(between[most])
    ended = np.flatnonzero(over[:first])
    return Shift(evidence, first, float(sizes[most]), int(ended[-1]) + 1 if ended.size else 0)


def _weighed(
    differences: Floats, variances: Floats, reference_variance: float, starts: Places, *, either: bool
) -> tuple[Floats, Floats, Floats]:
    """Give for each start the logarithm of its ratio, the size of the shift, and the level before it."""
    weights = 1 / variances
    rise, mass = _sums_from(differences * weights, starts), _sums_from(weights, starts)
    shared = reference_variance / (1 + reference_variance * weights.sum())
    # What all windows have in common is laid to the reference, by as much as its error allows.
    pull, known = rise - mass * shared * float(differences @ weights), mass - mass**2 * shared
    ratios = _log_mixture(pull, known, float(np.median(variances)), either=either)
    level = _level_before(differences * weights, weights, reference_variance, starts)
    return ratios, rise / mass - level, level


def still_on(differences: Floats, variances: Floats, reference_variance: float) -> NDArray[np.bool_]:
    """Say with which windows a shift may have begun that the last windows do not contradict; shape (windows,)."""
    weights, places = 1 / variances, np.arange(differences.size)
    level = _level_before(differences * weights, weights, reference_variance, places)
    return np.asarray(_contradiction(differences, weights, places, level) < ENDED)


def sparse_starts(size: int) -> Places:
    """Give the places with which a shift may have begun: all of the last eight, ever fewer before; oldest first.

    >>> sparse_starts(16).tolist()
    [0, 2, 4, 6, 8, 9, 10, 11, 12, 13, 14, 15]
    """
    back, step, found = 0, 1, list[int]()
    while back < size:
        found.append(size - 1 - back)
        step = 2 ** max((len(found) - 4) // 4, 0)
        back += step
    return np.array(found[::-1] if found[-1] == 0 else [0, *found[::-1]], np.intp)


def _sums_from(values: Floats, starts: Places) -> Floats:
    """Give the sum from each start to the end."""
    return np.asarray(values[::-1].cumsum()[::-1][starts])


def _log_mixture(pull: Floats, known: Floats, typical: float, *, either: bool) -> Floats:
    """Average exp(size pull - size^2 known / 2) over sizes; shape (starts,), as logarithms."""
    spread = np.square(SCALES)[:, None] * typical
    grown = 1 + known * spread
    ratios = pull**2 * spread / grown / 2 - np.log(grown) / 2
    if not either:
        ratios = ratios + math.log(2) + log_ndtr(pull * np.sqrt(spread / grown))
    return np.asarray(np.logaddexp.reduce(ratios, axis=0)) - math.log(len(SCALES))


def _level_before(pulls: Floats, weights: Floats, reference_variance: float, starts: Places) -> Floats:
    """Give the mean difference before each start, drawn to the reference's 0 by as much as that is known."""
    before = np.concatenate([[0.0], pulls.cumsum()])[starts]
    mass = np.concatenate([[0.0], weights.cumsum()])[starts]
    return np.asarray(reference_variance * before / (1 + reference_variance * mass))


def _contradiction(differences: Floats, weights: Floats, starts: Places, level: Floats) -> Floats:
    """Give the log-likelihood ratio of the last windows for being back against the shift; shape (starts,).

    The best over how many they are; the size of the shift is that of the windows before them.
    """
    moved = differences - level[:, None]
    inside = np.arange(differences.size) >= starts[:, None]
    weighted = np.where(inside, moved * weights, 0.0)
    mass = np.where(inside, weights, 0.0)
    until, held = weighted.cumsum(axis=1)[:, :-1], mass.cumsum(axis=1)[:, :-1]
    size = np.divide(until, held, out=np.zeros_like(until), where=held > 0)
    after = weighted.sum(axis=1, keepdims=True) - until
    left = mass.sum(axis=1, keepdims=True) - held
    return np.asarray((size**2 * left / 2 - size * after).max(axis=1, initial=0.0))


def _over_within(differences: Floats, weights: Floats, reference_variance: float, begin: int) -> NDArray[np.bool_]:
    """Say of each place from one on whether a stretch that is over tells twenty times better than a shift from there.

    The stretch begins there or later and goes the same way, and the windows after it contradict it twenty to one.
    """
    places = np.arange(begin, differences.size)
    level = _level_before(differences * weights, weights, reference_variance, places)
    moved, held = (_sums_until(part[places]) for part in (differences * weights, weights))
    moved -= level[:, None] * held
    size = np.divide(moved, held, out=np.zeros_like(held), where=held > 0)
    gain = size * moved / 2
    contradicted = size**2 * (held[:, -1:] - held) / 2 - size * (moved[:, -1:] - moved) >= ENDED
    falls, rises = (np.where(contradicted & (way * size > 0), gain, 0.0).max(axis=1) for way in (-1, 1))
    falls, rises = (np.maximum.accumulate(best[::-1])[::-1] for best in (falls, rises))
    return np.asarray(np.where(size[:, -1] > 0, rises, falls) - gain[:, -1] >= ENDED)


def _sums_until(values: Floats) -> Floats:
    """Give the sum from each place, a row each, until each place, which it includes; 0 below the diagonal."""
    sums = values.cumsum()
    return np.asarray(np.triu(sums - (sums - values)[:, None]))
