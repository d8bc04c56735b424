"""Share of values outside the reference's range."""

from collections.abc import Iterator

from monitor.detectors.detector import Detector, paired
from monitor.detectors.quality.share import NOT_SERVED, clumped, measured
from monitor.profiles.bins import NumericBins
from monitor.profiles.profile import ColumnProfile, Profile
from monitor.types import Measurement

NAME = "out_of_range_share"


def compare(reference: Profile, current: Profile) -> Iterator[Measurement]:
    """Share of values below the reference's minimum or above its maximum, in [0, 1]; p-value for a rise from none."""
    for column, before, after in paired(reference, current, without=NOT_SERVED):
        if not isinstance(before.bins, NumericBins):
            continue
        inflation = clumped(reference, before, after)
        yield measured(NAME, column, (_outside(before), before.n), (_outside(after), after.n), inflation)


def _outside(column: ColumnProfile) -> int:
    ends = column.counts[[0, -1]] if column.counts.size > 1 else column.counts[:0]
    return int(ends.sum())


DETECTOR = Detector(NAME, "quality", "share", compare, armed=True, weight=0.25, min_effect=0.005)
