"""More or fewer rows than comparable windows had."""

import math
from collections.abc import Iterator, Sequence

from monitor.detectors.detector import Detector
from monitor.stats.volume import SILENT_AFTER, WINDOWS_NEEDED, count_test
from monitor.types import Measurement

NAME = "volume"


def compare(
    history: Sequence[int], rows: int, *, others: Sequence[Sequence[int]] = (), awaited: bool = False
) -> Iterator[Measurement]:
    """Count the window's rows; p-value two-sided against the counts of comparable windows.

    Any number from 0; worse either way. The effect is |log2| of the rows over the windows' mean, half a row added to
    both: 1 is twice or half. others: the counts of other weekdays, each by itself, which tell how much counts vary.
    Below eight comparable windows, or one and six degrees of freedom among the others, the rows are given and not
    judged; a window without any after three, where the reference holds rows of its time of the week (`awaited`).
    (Anscombe 1948)
    """
    yield compare_counts(history, rows, others=others, awaited=awaited)


def compare_counts(
    history: Sequence[int],
    rows: int,
    *,
    others: Sequence[Sequence[int]] = (),
    awaited: bool = False,
    shared: float = 0.0,
) -> Measurement:
    """Measure the rows of one window against the counts of comparable ones: same hour of the week, say.

    shared: see `count_test`.
    """
    least = SILENT_AFTER if awaited and not rows and all(history) else WINDOWS_NEEDED
    p_value = count_test(history, rows, others=others, least=least, shared=shared)
    if p_value is None:
        note = f"{len(history)} of {WINDOWS_NEEDED} comparable windows needed"
        return Measurement(NAME, float(rows), n=rows, note=note)
    usual = sum(history) / len(history)
    effect = abs(math.log2((rows + 0.5) / (usual + 0.5)))
    return Measurement(NAME, float(rows), n=rows, p_value=p_value, effect=effect, reference=usual)


DETECTOR = Detector(NAME, "quality", "rows", compare, armed=True, min_effect=0.5)

__all__ = ["DETECTOR", "NAME", "WINDOWS_NEEDED", "compare", "compare_counts"]
