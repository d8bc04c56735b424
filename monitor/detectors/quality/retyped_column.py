"""A column whose values come in another type than the reference's."""

from collections.abc import Iterator

from monitor.detectors.detector import Detector, paired
from monitor.detectors.quality.share import NOT_SERVED, measured
from monitor.profiles.profile import ColumnProfile, Profile
from monitor.types import Measurement

NAME = "retyped_column"
WORDS = (
    "a few values that are no numbers make text of a whole column where types are not written down; see invalid_share"
)


def compare(reference: Profile, current: Profile) -> Iterator[Measurement]:
    """Share of values that came as another class of type (text for numbers), in [0, 1]; p-value for a rise.

    Numbers that come as text are still read as numbers; this says that they do. Blind while values that are no numbers
    are among them: in a CSV file these make the others text.
    """
    for column, before, after in paired(reference, current, without=NOT_SERVED):
        if after.retyped and after.invalid:
            yield Measurement(NAME, None, column=column, n=_held(after), note=WORDS)
        else:
            yield measured(NAME, column, (before.retyped, _held(before)), (after.retyped, _held(after)))


def _held(column: ColumnProfile) -> int:
    return column.rows - column.missing


DETECTOR = Detector(NAME, "quality", "share", compare, armed=True, weight=0.02, min_effect=0.005, whole=True)
