"""A column whose values come in another type than the reference's."""

from collections.abc import Iterator

from monitor.detectors.detector import Detector, paired
from monitor.detectors.quality.share import NOT_SERVED, measured
from monitor.profiles.profile import ColumnProfile, Profile
from monitor.types import Measurement

NAME = "retyped_column"


def compare(reference: Profile, current: Profile) -> Iterator[Measurement]:
    """Share of values that came as another class of type (text for numbers), in [0, 1]; p-value for a rise.

    Numbers that come as text are still read as numbers; this says that they do.
    """
    for column, before, after in paired(reference, current, without=NOT_SERVED):
        yield measured(NAME, column, (before.retyped, _held(before)), (after.retyped, _held(after)))


def _held(column: ColumnProfile) -> int:
    return column.rows - column.missing


DETECTOR = Detector(NAME, "quality", "share", compare, armed=True, weight=0.02, min_effect=0.005)
