"""Share of categories that the reference does not hold."""

from collections.abc import Iterator

from monitor.detectors.detector import Detector, paired
from monitor.detectors.quality.share import NOT_SERVED, clumped, measured
from monitor.profiles.bins import CategoryBins
from monitor.profiles.profile import Profile
from monitor.types import Measurement

NAME = "unseen_share"


def compare(reference: Profile, current: Profile) -> Iterator[Measurement]:
    """Share of values that the reference never held, in [0, 1]; p-value for a rise from none."""
    for column, before, after in paired(reference, current, without=NOT_SERVED):
        bins = before.bins
        if not isinstance(bins, CategoryBins) or bins.tail is None:
            continue
        here, there = int(before.counts[bins.unseen]), int(after.counts[bins.unseen])
        yield measured(NAME, column, (here, before.n), (there, after.n), clumped(reference, before, after))


DETECTOR = Detector(NAME, "quality", "share", compare, armed=True, weight=0.1, min_effect=0.005)
