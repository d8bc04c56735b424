"""Share of rows without a label, where labels stand in the records: labels that stop or thin out."""

import math
from collections.abc import Iterator, Sequence

from monitor.detectors.detector import Detector
from monitor.detectors.quality.share import Counts, dispersion
from monitor.stats.location import share_shift_test
from monitor.stats.volume import WINDOWS_NEEDED
from monitor.types import Measurement

NAME = "unlabelled_share"


def compare(history: Sequence[Counts], labelled: int, rows: int, *, column: str = "label") -> Iterator[Measurement]:
    """Share of rows without a label in the column of labels, in [0, 1]; p-value for a rise over earlier windows.

    Higher is worse. The effect is the part of the usual labels that is missing: 0.5 is half as many of as many rows.
    history: (labelled, rows) of each earlier window. How much these differ among each other counts, so that labels
    that come on working days only are not told every weekend. Below eight of them the share is given and not judged;
    undefined without rows. (Przyborowski & Wilenski 1940)
    """
    yield compare_counts(history, labelled, rows, column=column)


def compare_counts(history: Sequence[Counts], labelled: int, rows: int, *, column: str) -> Measurement:
    """Measure one window's rows without a label against those of earlier windows, given as (labelled, rows)."""
    if not rows:
        return Measurement(NAME, None, column=column, note="no rows in this window")
    share, held = 1 - labelled / rows, [one for one in history if one[1]]
    if len(held) < WINDOWS_NEEDED:
        note = f"{len(held)} of {WINDOWS_NEEDED} earlier windows needed"
        return Measurement(NAME, share, column=column, n=rows, note=note)
    known, seen = sum(one[0] for one in held), sum(one[1] for one in held)
    if not known:
        return Measurement(NAME, share, column=column, n=rows, note="no label in the earlier windows")
    found = share_shift_test((seen - known, seen), (rows - labelled, rows), dispersion(held))
    lacking = max(0.0, 1 - labelled / rows / (known / seen))
    return Measurement(
        NAME,
        share,
        column=column,
        n=rows,
        p_value=None if found is None else found[1],
        effect=lacking,
        reference=1 - known / seen,
        # where no row lacks one, no chance makes an effect (Tarone 1990)
        chance=(1, math.inf, 0.0) if seen == known and rows == labelled else None,
    )


DETECTOR = Detector(NAME, "quality", "share", compare, armed=True, weight=0.1, min_effect=0.5)
