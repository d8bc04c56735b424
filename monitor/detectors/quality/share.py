"""The shape that the share detectors have in common."""

from monitor.detectors.detector import EMPTY, NO_REFERENCE
from monitor.stats.location import share_shift_test
from monitor.types import Measurement


def measured(detector: str, column: str, reference: tuple[int, int], current: tuple[int, int]) -> Measurement:
    """Give the current share with its rise over the reference's as effect, from (hits, rows) of each side."""
    hits, rows = current
    found = share_shift_test(reference, current)
    if found is None:
        return Measurement(detector, None, column=column, n=rows, note=NO_REFERENCE if rows else EMPTY)
    return Measurement(detector, hits / rows, column=column, n=rows, p_value=found[1], effect=found[0])
