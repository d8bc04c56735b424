"""A scan for the interval whose share rose most surely, over single bins, dyadic runs of bins, and tails.

Counts have shape (bins,) on either side; given all rows of a bin, those on the current side are hypergeometric.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy.fft import irfft, next_fast_len, rfft
from scipy.special import betainc, gammaln, ndtri

from monitor.stats.tails import hypergeometric_tail

Counts = NDArray[np.int64]
Floats = NDArray[np.float64]
Places = NDArray[np.intp]

WORTH_IT, AND_OF_MANY, MANY = (1e-8, 0.5), 0.2, 2_000
"""Bounds between which it pays, and rounding allows, to make them exact.

In a window of many rows hardly a budget asks for more than a tenth, and exact ones are a third of them or more; in
one of few rows exact ones are far below.
"""
ENOUGH = 30
"""So many rows that count are rounded to whole ones without harm: of a few, one more would be a wonder."""
DEEPER = 18.0
"""How much rarer than the smallest p-value is what is left out, as a logarithm."""
TINY, SMALLEST = 1e-12, 1e-300


def scan_test(reference: Counts, current: Counts, inflation: float = 1.0) -> tuple[float, float] | None:
    """Give (largest rise of a share, p-value) over single bins, dyadic runs of bins, and tails of both sides.

    A rise's p-value is the binomial tail of the hits on the current side given all hits, which is conservative for
    shares that are not small. That of the scan is the chance that any interval has one as small as the smallest:
    the intervals lie within each other as a tree, so that it can be added up from the leaves, exactly. Far from the
    usual thresholds it is bounded by the smallest times the number of intervals (Bonferroni 1936). None when either
    side is empty or all rows share one bin. With `inflation`, the design effect (Kish 1965), so many rows count as one.
    Sees a peak at one value or a cluster beyond the range; blind to a broad change that lifts no interval by much.
    (Przyborowski & Wilenski 1940; Rufibach & Walther 2010; discrete minima: Tarone 1990, Gilbert 2005)

    >>> rise, p = scan_test(np.array([50, 50, 50, 50]), np.array([2, 2, 8, 1]))
    >>> round(rise, 3), round(p, 3)
    (0.365, 0.018)
    """
    n, m = int(reference.sum()), int(current.sum())
    held = (reference + current) > 0
    if not (n and m) or held.sum() < 2:
        return None
    first, last = _intervals(reference.size)
    before, after = (np.append(0, side.cumsum()) for side in (reference, current))
    a, b = before[last] - before[first], after[last] - after[first]
    risen = np.flatnonzero(b * n > a * m)
    p_values = _tail(b[risen] / inflation, (a + b)[risen] / inflation, m / (n + m))
    best = int(risen[np.argmin(p_values)]) if risen.size else 0
    least = float(p_values.min(initial=1.0))
    # of fewer rows not even hits alone would be as rare (Tarone 1990)
    reached = int(((a + b) / inflation * math.log(m / (n + m)) <= math.log(max(least, SMALLEST))).sum())
    bound = min(1.0, least * reached)
    whole = inflation == 1 or m >= ENOUGH * inflation
    if whole and WORTH_IT[0] <= bound < (WORTH_IT[1] if m < MANY * inflation else AND_OF_MANY):
        edges = np.rint((before + after) / inflation).astype(np.int64)
        exact = smallest_tail_chance(np.diff(edges), round(m / inflation), least)
        # rounding must not make that one interval is as rare rarer than it is
        bound = min(bound, exact if inflation == 1 else max(exact, least))
    return float(b[best] / m - a[best] / n), bound


def smallest_tail_chance(both: Counts, hits: int, least: float) -> float:
    """Give the chance that any interval's tail is at most `least` when `hits` of all rows are drawn at random.

    both: the rows of either side by bin, shape (bins,). Dyadic runs are taken together, exactly but
    for rounding, some 1e-10; the
    chances of tails that are none of them are added. least: from 1e-12 to 1. 1 where all rows are hits, or none.
    """
    total = int(both.sum())
    if not 0 < hits < total:
        return 1.0
    edges, (first, last) = np.append(0, both.cumsum()), _intervals(both.size)
    rows = edges[last] - edges[first]
    most = _most_allowed(rows, hits / total, least)
    allowed = dict(zip(_places(both.size), most.tolist(), strict=True))
    none_beyond = _chance_within(both, hits, allowed, depth=DEEPER - math.log(least))
    odd = (last == both.size) & (first % (last - first) != 0)
    added = float(hypergeometric_tail(most[odd], total=total, hits=hits, rows=rows[odd]).sum())
    return min(1.0, max(0.0, 1 - none_beyond) + added)


def _tail(hits: Floats | Counts, rows: Floats | Counts, share: float) -> Floats:
    return np.asarray(betainc(np.maximum(hits, TINY), np.maximum(rows - hits, 0) + 1, share))


def _most_allowed(rows: Counts, share: float, least: float) -> Counts:
    """Give the most hits, up to all rows, whose tail is above `least`: near a guess. (Cornish & Fisher 1938)."""
    limit, mean, z = least * (1 + 1e-9), rows * share, -float(ndtri(least))
    guess = mean + z * np.sqrt(mean * (1 - share)) + (z * z - 1) / 6 * (1 - 2 * share)
    most = np.asarray(np.clip(guess, 0, rows), np.int64)
    for step in (1, -1):
        asked = np.arange(rows.size)
        while asked.size:
            # upwards while one hit more is allowed, downwards while these are not
            hits = most[asked] + (step == 1)
            allowed = (hits == 0) | ((hits <= rows[asked]) & (_tail(hits, rows[asked], share) > limit))
            asked = asked[allowed == (step == 1)]
            most[asked] += step
    return most


def _chance_within(both: Counts, hits: int, most: Mapping[tuple[int, int], int], depth: float) -> float:
    """Give the chance that no dyadic run has more hits than it may, by adding neighbours up, from bins to the whole.

    Each bin's hits are binomial, and what is asked is conditional on their sum. Hits so few that chance falls below
    them once in e^depth are left out.
    """
    share, bins, width = hits / int(both.sum()), both.size, 1
    allowed = np.array([most[at, at + 1] for at in range(bins)])
    lowest = np.minimum(_least_likely(both, share, depth), allowed)
    runs = _Runs(both, lowest, _binomial(both, share, lowest, int((allowed - lowest).max()) + 1), depth).within(
        allowed, share
    )
    while runs.rows.size > 1:
        width *= 2
        places = [(first, min(first + width, bins)) for first in range(0, bins, width)]
        runs = runs.joined().within(np.array([most.get(place, hits) for place in places]), share)
    at = hits - int(runs.lowest[0])
    met = float(runs.chances[0, at]) if at < runs.chances.shape[1] else 0.0
    return met / float(_binomial(both.sum()[None], share, np.array([hits]), 1)[0, 0])


@dataclass(frozen=True, eq=False)
class _Runs:
    """Neighbouring runs of bins and the chances of hits in each, with none of the runs within it beyond its limit.

    rows, lowest: shape (runs,). chances: of `lowest`, `lowest` + 1 ... hits, shape (runs, most of these).
    """

    rows: Counts
    lowest: Counts
    chances: Floats
    depth: float

    def joined(self) -> "_Runs":
        """Put each two neighbours together, a last one without neighbour beside nothing."""
        rows, lowest, chances = self.rows, self.lowest, self.chances
        if rows.size % 2:
            nothing = np.eye(1, chances.shape[1])
            rows, lowest, chances = np.append(rows, 0), np.append(lowest, 0), np.vstack([chances, nothing])
        length = 2 * chances.shape[1] - 1
        whole = next_fast_len(length, real=True)
        seen = rfft(chances, whole, axis=1)
        together = irfft(seen[::2] * seen[1::2], whole, axis=1)[:, :length]
        return _Runs(rows[::2] + rows[1::2], lowest[::2] + lowest[1::2], np.maximum(together, 0), self.depth)

    def within(self, most: Counts, share: float) -> "_Runs":
        """Leave out what is beyond each run's limit, and below what may be expected."""
        lowest = np.maximum(self.lowest, np.minimum(_least_likely(self.rows, share, self.depth), most))
        length = max(int((most - lowest).max()), 0) + 1
        at = np.arange(length) + (lowest - self.lowest)[:, None]
        kept = (at < self.chances.shape[1]) & (np.arange(length) <= (most - lowest)[:, None])
        chances = np.take_along_axis(self.chances, np.minimum(at, self.chances.shape[1] - 1), axis=1)
        return _Runs(self.rows, lowest, np.where(kept, chances, 0.0), self.depth)


def _least_likely(rows: Counts, share: float, depth: float) -> Counts:
    """Give numbers of hits below which chance falls once in e^depth (Bernstein 1924): leaving them out is careful."""
    mean = rows * share
    below = depth / 3 + np.sqrt((depth / 3) ** 2 + 2 * depth * mean * (1 - share))
    return np.asarray(np.maximum(mean - below, 0), np.int64)


def _binomial(rows: Counts, share: float, lowest: Counts, length: int) -> Floats:
    """Give the chances of `lowest`, `lowest` + 1 ... hits, shape (runs, length): each grows out of the one before."""
    ways = gammaln(rows + 1) - gammaln(lowest + 1) - gammaln(rows - lowest + 1)
    first = np.exp(ways + lowest * math.log(share) + (rows - lowest) * math.log1p(-share))
    hits = lowest[:, None] + np.arange(1, length)
    grown = np.maximum(rows[:, None] - hits + 1, 0) / hits * (share / (1 - share))
    return np.asarray(np.cumprod(np.column_stack([first, grown]), axis=1))


@lru_cache(maxsize=256)
def _intervals(bins: int) -> tuple[Places, Places]:
    first, last = np.array(_places(bins), np.intp).T
    return first, last


@lru_cache(maxsize=256)
def _places(bins: int) -> tuple[tuple[int, int], ...]:
    pairs, width = set[tuple[int, int]](), 1
    while width < bins:
        pairs |= {(start, min(start + width, bins)) for start in range(0, bins, width)}
        pairs |= {(0, width), (bins - width, bins)}
        width *= 2
    return tuple(sorted(pairs))
