"""Whether scores mean what they say: of the rows scored 0.8, eight in ten should be hits."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import chdtrc

from monitor.stats.intervals import Estimate, Z

Counts = NDArray[np.int64]
Floats = NDArray[np.float64]

NEEDED = 5


@dataclass(frozen=True, eq=False)
class Reliability:
    """Rows, hits and sum of scores in each group of like scores, all of shape (groups,)."""

    rows: Counts
    hits: Counts
    scores: Floats

    def joined(self, group: NDArray[np.intp]) -> "Reliability":
        """Add the groups up into those that `group`, of shape (groups,), names by number."""
        size = int(group.max()) + 1
        rows, hits = np.zeros(size, np.int64), np.zeros(size, np.int64)
        np.add.at(rows, group, self.rows)
        np.add.at(hits, group, self.hits)
        return Reliability(rows, hits, np.bincount(group, self.scores, size).astype(np.float64))


def expected_calibration_error(found: Reliability) -> Estimate | None:
    """Average |hit share - mean score| over the groups, weighted by rows: in [0, 1], 0 is calibrated.

    Chance alone lifts it, the more the fewer rows: by up to the sum of 0.8 standard errors of the groups. The
    interval's lower end allows for that. None without rows. (Naeini et al. 2015; Bröcker 2012)
    """
    rows, n = found.rows, int(found.rows.sum())
    if not n:
        return None
    value = float(np.abs(found.hits - found.scores).sum()) / n
    careful = (found.hits + 1) / (rows + 2)
    deviation = np.sqrt(careful * (1 - careful) * rows)
    error = float(np.sqrt((deviation**2).sum())) / n
    lift = math.sqrt(2 / math.pi) * float(deviation.sum()) / n
    return Estimate(value, error, max(0.0, value - lift - Z * error), min(1.0, value + Z * error), n)


def calibration_shift_test(reference: Reliability, current: Reliability, inflation: float = 1.0) -> float | None:
    """Give the p-value for the gap between hit share and mean score being another one than the reference's.

    Squares of the standardised differences of the groups' gaps, summed: chi-square with a degree for each group.
    Neighbouring groups are joined until five current hits and five current misses are expected by both sides'
    shares. None when there are not enough rows for one such group. (after Hosmer & Lemeshow 1980)
    """
    n, m = int(reference.rows.sum()), int(current.rows.sum())
    if not (n and m):
        return None
    hits = np.asarray((reference.hits + current.hits) * (m / (n + m)), dtype=np.float64)
    misses = (reference.rows + current.rows) * (m / (n + m)) - hits
    group = _groups(hits, misses)
    if group is None:
        return None
    a, b = reference.joined(group), current.joined(group)
    held = (a.rows > 0) & (b.rows > 0)
    share = ((a.hits + b.hits) / np.maximum(a.rows + b.rows, 1))[held]
    gap = ((b.hits - b.scores)[held] / b.rows[held]) - ((a.hits - a.scores)[held] / a.rows[held])
    variance = share * (1 - share) * (1 / a.rows[held] + 1 / b.rows[held])
    return float(chdtrc(int(held.sum()), float((gap**2 / variance).sum()) / inflation))


def _groups(hits: Floats, misses: Floats) -> NDArray[np.intp] | None:
    group = np.zeros(hits.size, np.intp)
    current, h, s = 0, 0.0, 0.0
    for i in range(hits.size):
        group[i] = current
        h, s = h + hits[i], s + misses[i]
        if h >= NEEDED and s >= NEEDED:
            current, h, s = current + 1, 0.0, 0.0
    # what is left at the end is too little for a group of its own
    return np.minimum(group, current - 1) if current else None
