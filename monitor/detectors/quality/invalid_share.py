"""Share of rows whose value is not of the column's kind."""

from collections.abc import Iterator

from monitor.detectors.detector import Detector, inflation, paired
from monitor.detectors.quality.share import NOT_SERVED, measured
from monitor.profiles.profile import Profile
from monitor.types import Measurement

NAME = "invalid_share"


def compare(reference: Profile, current: Profile) -> Iterator[Measurement]:
    """Share of values that are not of the column's kind, in [0, 1]; p-value for a rise over the reference."""
    for column, before, after in paired(reference, current, without=NOT_SERVED):
        # what the reference never lacked is news however it comes
        clumped = inflation(reference, before, after) if before.invalid else 1.0
        yield measured(NAME, column, (before.invalid, before.rows), (after.invalid, after.rows), clumped)


DETECTOR = Detector(NAME, "quality", "share", compare, armed=True, weight=0.02, min_effect=0.005)
