"""Share of values outside the reference's range."""

from collections.abc import Iterator
from dataclasses import replace

from monitor.detectors.detector import Detector, paired
from monitor.detectors.quality.share import NOT_SERVED, clumped, measured
from monitor.profiles.bins import NumericBins
from monitor.profiles.profile import ColumnProfile, Profile
from monitor.stats.location import share_shift_test
from monitor.types import Measurement

NAME = "out_of_range_share"


def compare(reference: Profile, current: Profile) -> Iterator[Measurement]:
    """Share of values below the reference's minimum or above its maximum, in [0, 1]; p-value for a rise from none.

    How many rows of the window lie beyond either end of the reference is negative binomial, of two ends, when all rows
    come from one distribution (Wilks 1942). The range of scores that are probabilities, in [0, 1] in the reference, is
    [0, 1]: a model that is surer than it ever was has no broken feed, and drift and confidence tell of it.
    """
    for column, before, after in paired(reference, current, without=NOT_SERVED):
        if not isinstance(before.bins, NumericBins):
            continue
        inflation = clumped(reference, before, after)
        within = before.role == "score" and _probable(before) and _probable(after)
        hits = 0 if within else _outside(after)
        found = measured(NAME, column, (_outside(before), before.n), (hits, after.n), inflation)
        yield replace(found, p_value=_beyond(before, hits, after.n, inflation)) if found.value is not None else found


def _probable(scores: ColumnProfile) -> bool:
    low, high = scores.low, scores.high
    return low is not None and high is not None and low >= 0 and high <= 1 and not scores.infinite


def _beyond(before: ColumnProfile, hits: int, rows: int, inflation: float) -> float | None:
    """Give the p-value for so many rows beyond the reference's two extremes, which are the largest of its own rows."""
    found = share_shift_test((_outside(before) + 1, before.n + 1), (hits, rows), inflation)
    return found[1] if found else None


def _outside(column: ColumnProfile) -> int:
    ends = column.counts[[0, -1]] if column.counts.size > 1 else column.counts[:0]
    return int(ends.sum())


DETECTOR = Detector(NAME, "quality", "share", compare, armed=True, weight=0.1, min_effect=0.005)
