"""Share of rows without a value."""

from collections.abc import Iterator

from monitor.detectors.detector import Detector, design_effect, inflation, paired
from monitor.detectors.quality.share import NOT_SERVED, measured
from monitor.profiles.profile import Profile
from monitor.types import Measurement

NAME = "missing_share"


def compare(reference: Profile, current: Profile) -> Iterator[Measurement]:
    """Share of rows without a value, in [0, 1]; p-value for a rise over the reference."""
    for column, before, after in paired(reference, current, without=NOT_SERVED):
        # what the reference never lacked is news however it comes
        clumped = inflation(reference, before, after) if before.missing else 1.0
        rows = reference.layout.window_rows
        clumped = max(clumped, design_effect(before.lacking, before.rows, after.rows, rows))
        yield measured(NAME, column, (before.missing, before.rows), (after.missing, after.rows), clumped)


DETECTOR = Detector(NAME, "quality", "share", compare, armed=True, weight=0.1, min_effect=0.005)
