"""A column that varied in the reference and stands still in the window."""

from collections.abc import Iterator

from monitor.detectors.detector import EMPTY, Detector, inflation, paired
from monitor.detectors.quality.share import NOT_SERVED
from monitor.profiles.profile import ColumnProfile, Profile
from monitor.types import Measurement

NAME = "constant_column"


def compare(reference: Profile, current: Profile) -> Iterator[Measurement]:
    """Say 1 when a column that varied in the reference has one value in the whole window, else 0.

    The p-value is the chance that so many rows all fall in the reference's fullest bin. Undefined below two rows.
    """
    for column, before, after in paired(reference, current, without=NOT_SERVED):
        if _varies(before):
            yield _judged(column, before, after, inflation(reference, before, after))


def _judged(column: str, before: ColumnProfile, after: ColumnProfile, inflated: float) -> Measurement:
    if after.n < 2:
        note = EMPTY if not after.n else "one row cannot vary"
        return Measurement(NAME, None, column=column, n=after.n, note=note)
    stuck = not _varies(after)
    # the fullest bin's share with one row more, so that no reference makes the next row certain to differ
    fullest = min(1.0, (int(before.counts.max()) + 1) / (before.n + 1))
    p_value = fullest ** (after.n / inflated) if stuck else 1.0
    return Measurement(NAME, float(stuck), column=column, n=after.n, p_value=p_value, effect=float(stuck))


def _varies(column: ColumnProfile) -> bool:
    return column.low != column.high or int((column.counts > 0).sum()) > 1 or len(column.unseen) > 1


DETECTOR = Detector(NAME, "quality", "0 or 1", compare, armed=True, min_effect=1.0)
