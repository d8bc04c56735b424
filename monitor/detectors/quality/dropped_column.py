"""A column of the reference that the window's tables lack."""

from collections.abc import Iterator

from monitor.detectors.detector import EMPTY, Detector, paired
from monitor.detectors.quality.share import NOT_SERVED
from monitor.profiles.profile import Profile
from monitor.stats.location import share_shift_test
from monitor.types import Measurement

NAME = "dropped_column"


def compare(reference: Profile, current: Profile) -> Iterator[Measurement]:
    """Say 1 when every row of the window came without the column, else 0; p-value for a rise of rows without it."""
    for column, before, after in paired(reference, current, without=NOT_SERVED):
        if not after.rows:
            yield Measurement(NAME, None, column=column, note=EMPTY)
            continue
        gone = float(after.absent == after.rows)
        found = share_shift_test((before.absent, before.rows), (after.absent, after.rows))
        p_value = found[1] if found and gone else 1.0
        yield Measurement(NAME, gone, column=column, n=after.rows, p_value=p_value, effect=gone)


DETECTOR = Detector(NAME, "quality", "0 or 1", compare, armed=True, weight=0.02, min_effect=1.0)
