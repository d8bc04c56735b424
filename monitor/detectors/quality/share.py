"""The shape that the share detectors have in common."""

from monitor.detectors.detector import EMPTY, NO_REFERENCE
from monitor.profiles.layout import Role
from monitor.stats.location import share_shift_test
from monitor.types import Measurement

NOT_SERVED: tuple[Role, ...] = ("label", "confidence")
"""Labels come late, and derived columns repeat what their scores lack."""


def measured(
    detector: str, column: str, reference: tuple[int, int], current: tuple[int, int], inflation: float = 1.0
) -> Measurement:
    """Give the current share with its rise over the reference's as effect, from (hits, rows) of each side.

    A share that the reference holds comes in clumps, as the values do, and `inflation` counts; one that it does not
    hold is news however it comes.
    """
    hits, rows = current
    found = share_shift_test(reference, current, inflation if reference[0] else 1.0)
    if found is None:
        return Measurement(detector, None, column=column, n=rows, note=NO_REFERENCE if rows else EMPTY)
    return Measurement(detector, hits / rows, column=column, n=rows, p_value=found[1], effect=found[0])
