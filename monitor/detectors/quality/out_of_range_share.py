"""Share of values outside the reference's range."""

from collections.abc import Iterator
from dataclasses import replace

from monitor.detectors.detector import Detector, paired
from monitor.detectors.quality.share import NOT_SERVED, clumped, measured
from monitor.profiles.bins import Floats, NumericBins
from monitor.profiles.profile import ColumnProfile, Profile
from monitor.stats.location import share_shift_test
from monitor.types import Measurement

NAME = "out_of_range_share"
FEWEST_EDGES = 3
"""With fewer, a column has no tails."""


def compare(reference: Profile, current: Profile) -> Iterator[Measurement]:
    """Share of values below the reference's minimum or above its maximum, in [0, 1]; p-value for a rise from none.

    How many rows of the window lie beyond either end of the reference is negative binomial, of two ends, when all rows
    come from one distribution (Wilks 1942). The range of scores that are probabilities, in [0, 1] in the reference, is
    [0, 1]: a model that is surer than it ever was has no broken feed, and drift and confidence tell of it. Evidence:
    `beyond`, by how many of the reference's tails the furthest value lies outside, of those to one side.
    """
    for column, before, after in paired(reference, current, without=NOT_SERVED):
        if not isinstance(before.bins, NumericBins):
            continue
        inflation = clumped(reference, before, after)
        within = before.role == "score" and _probable(before) and _probable(after)
        hits = 0 if within else _outside(after)
        found = measured(NAME, column, (_outside(before), before.n), (hits, after.n), inflation)
        p_value, far = _beyond(before, hits, after.n, inflation), _tails_beyond(before.bins.edges, before, after)
        evidence = {} if far is None else {"beyond": far}
        yield replace(found, p_value=p_value, evidence=evidence) if found.value is not None else found


def _probable(scores: ColumnProfile) -> bool:
    low, high = scores.low, scores.high
    return low is not None and high is not None and low >= 0 and high <= 1 and not scores.infinite


def _beyond(before: ColumnProfile, hits: int, rows: int, inflation: float) -> float | None:
    """Give the p-value for so many rows beyond the reference's two extremes, which are the largest of its own rows."""
    found = share_shift_test((_outside(before) + 1, before.n + 1), (hits, rows), inflation)
    return found[1] if found else None


def _tails_beyond(edges: Floats, before: ColumnProfile, after: ColumnProfile) -> float | None:
    """Give by how many of the reference's tails the furthest value lies beyond the end that the mean moved towards.

    A tail is from the last edge of the reference's bins to its end. None where values lie beyond the other end, or
    where no number tells: what drifts one way brings none there.
    """
    here, there = before.moments, after.moments
    if not (here and there) or edges.size < FEWEST_EDGES or after.infinite or after.low is None or after.high is None:
        return None
    up = there[1] >= here[1]
    if after.counts[0 if up else -1]:
        return None
    far, tail = (after.high - edges[-1], edges[-1] - edges[-2]) if up else (edges[0] - after.low, edges[1] - edges[0])
    return float(max(far, 0.0) / tail)


def _outside(column: ColumnProfile) -> int:
    ends = column.counts[[0, -1]] if column.counts.size > 1 else column.counts[:0]
    return int(ends.sum())


DETECTOR = Detector(NAME, "quality", "share", compare, armed=True, weight=0.1, min_effect=0.005)
