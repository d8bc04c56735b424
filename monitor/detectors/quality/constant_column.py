"""A column that varied in the reference and stands still in the window."""

from collections.abc import Iterator

from monitor.detectors.detector import EMPTY, Detector, paired
from monitor.profiles.profile import ColumnProfile, Profile
from monitor.types import Measurement

NAME = "constant_column"
ROWS_NEEDED = 20


def compare(reference: Profile, current: Profile) -> Iterator[Measurement]:
    """Say 1 when a column that varied in the reference has one value in the whole window, else 0."""
    for column, before, after in paired(reference, current):
        if _varies(before):
            yield _judged(column, after)


def _judged(column: str, after: ColumnProfile) -> Measurement:
    if after.n < ROWS_NEEDED:
        note = EMPTY if not after.n else f"{after.n} of {ROWS_NEEDED} rows needed"
        return Measurement(NAME, None, column=column, n=after.n, note=note)
    stuck = float(not _varies(after))
    return Measurement(NAME, stuck, column=column, n=after.n, effect=stuck)


def _varies(column: ColumnProfile) -> bool:
    return column.low != column.high or int((column.counts > 0).sum()) > 1 or len(column.unseen) > 1


DETECTOR = Detector(NAME, "quality", "0 or 1", compare)
