"""A scan for the interval whose share rose most surely, over single bins, dyadic runs of bins, and tails.

Counts have shape (bins,) on either side; given all rows of a bin, those on the current side are hypergeometric.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from itertools import zip_longest

import numpy as np
from numpy.typing import NDArray
from scipy.signal import fftconvolve
from scipy.special import bdtrik, betainc
from scipy.stats import hypergeom

Counts = NDArray[np.int64]
Floats = NDArray[np.float64]
Places = NDArray[np.intp]

LONG = 1_000
"""Lengths from which on a Fourier transform convolves faster."""
WORTH_IT = 1e-8, 0.5
"""Bounds between which it pays, and rounding allows, to make them exact."""
TINY = 1e-12


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
    p_values = np.where(b > 0, _tail(b / inflation, (a + b) / inflation, m / (n + m)), 1.0)
    best = int(np.argmin(p_values))
    least = float(p_values[best])
    bound = min(1.0, least * len(first))
    if WORTH_IT[0] <= bound < WORTH_IT[1]:
        edges = np.rint((before + after) / inflation).astype(np.int64)
        bound = min(bound, smallest_tail_chance(np.diff(edges), round(m / inflation), least))
    return float(b[best] / m - a[best] / n), bound


def smallest_tail_chance(both: Counts, hits: int, least: float) -> float:
    """Give the chance that any interval's tail is at most `least` when `hits` of all rows are drawn at random.

    both: the rows of either side by bin, shape (bins,). Dyadic runs are taken together, exactly to about 1e-12; the
    chances of tails that are none of them are added. least: from 1e-12 to 1. 1 where all rows are hits, or none.
    """
    total = int(both.sum())
    if not 0 < hits < total:
        return 1.0
    edges, (first, last) = np.append(0, both.cumsum()), _intervals(both.size)
    rows = edges[last] - edges[first]
    most = _most_allowed(rows, hits / total, least)
    none_beyond = _chance_within(both, hits, dict(zip(_places(both.size), most.tolist(), strict=True)))
    odd = (last == both.size) & (first % (last - first) != 0)
    added = float(hypergeom.sf(most[odd], total, rows[odd], hits).sum()) if odd.any() else 0.0
    return min(1.0, max(0.0, 1 - none_beyond) + added)


def _tail(hits: Floats, rows: Floats | Counts, share: float) -> Floats:
    return np.asarray(betainc(np.maximum(hits, TINY), np.maximum(rows - hits, 0) + 1, share))


def _most_allowed(rows: Counts, share: float, least: float) -> Counts:
    """Give the most hits, up to all rows, whose tail is above `least`."""
    limit = least * (1 + 1e-9)
    guess = np.nan_to_num(np.floor(bdtrik(1 - limit, rows.astype(float), share)))
    most = np.zeros(rows.size, np.int64)
    for step in (-1, 0, 1, 2):
        hits = guess + step
        allowed = (hits > 0) & (hits <= rows) & (_tail(hits, rows, share) > limit)
        most[allowed] = hits[allowed]
    return most


def _chance_within(both: Counts, hits: int, most: Mapping[tuple[int, int], int]) -> float:
    """Give the chance that no dyadic run has more hits than it may, by adding neighbours up, from bins to the whole.

    Each bin's hits are binomial, and what is asked is conditional on their sum.
    """
    share = hits / int(both.sum())
    nodes = [_Node.of_bin(at, int(rows), share, most[at, at + 1]) for at, rows in enumerate(both)]
    while len(nodes) > 2:
        pairs = zip_longest(nodes[::2], nodes[1::2])
        nodes = [left.beside(right, share, most[left.first, right.last]) if right else left for left, right in pairs]
    whole = nodes[0].beside(nodes[1], share, hits)
    met = whole.chances[-1] if whole.lowest + whole.chances.size == hits + 1 else 0.0
    return float(met / _binomial(int(both.sum()), share, np.array([hits]))[0])


@dataclass(frozen=True, eq=False)
class _Node:
    """A run of bins and the chances of `lowest`, `lowest` + 1 ... hits in it, with none of its runs beyond limits."""

    first: int
    last: int
    rows: int
    lowest: int
    chances: Floats

    @classmethod
    def of_bin(cls, at: int, rows: int, share: float, most: int) -> "_Node":
        hits = np.arange(min(_least_likely(rows, share), most), most + 1)
        return cls(at, at + 1, rows, int(hits[0]), _binomial(rows, share, hits))

    def beside(self, other: "_Node", share: float, most: int) -> "_Node":
        together = fftconvolve if min(self.chances.size, other.chances.size) > LONG else np.convolve
        lowest, rows = self.lowest + other.lowest, self.rows + other.rows
        skipped = max(min(_least_likely(rows, share), most) - lowest, 0)
        chances = together(self.chances, other.chances)[skipped : max(most - lowest + 1, skipped)]
        return _Node(self.first, other.last, rows, lowest + skipped, chances)


def _least_likely(rows: int, share: float) -> int:
    """Give a number of hits below which chance falls once in e^45 (Chernoff 1952): leaving them out is careful."""
    return max(0, int(rows * share - 9.5 * math.sqrt(rows * share)))


def _binomial(rows: int, share: float, hits: NDArray[np.integer]) -> Floats:
    """Give the chances of numbers of hits that follow each other: the first, and how each grows out of the last."""
    k, odds = int(hits[0]), share / (1 - share)
    ways = math.lgamma(rows + 1) - math.lgamma(k + 1) - math.lgamma(rows - k + 1)
    first = math.exp(ways + k * math.log(share) + (rows - k) * math.log1p(-share))
    return np.asarray(first * np.append(1.0, np.cumprod(odds * (rows - hits[:-1]) / hits[1:])))


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
