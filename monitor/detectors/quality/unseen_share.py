"""Share of categories that the reference does not hold."""

from collections.abc import Iterator

from monitor.detectors.detector import Detector, paired
from monitor.detectors.quality.share import NOT_SERVED, measured
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
        yield measured(
            NAME, column, (int(before.counts[bins.unseen]), before.n), (int(after.counts[bins.unseen]), after.n)
        )


DETECTOR = Detector(NAME, "quality", "share", compare, armed=True, min_effect=0.005)
