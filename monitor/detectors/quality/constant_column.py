"""A column that varied in the reference and stands still in the window."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
from scipy.special import gammaln, stdtr

from monitor.detectors.detector import EMPTY, Detector, paired
from monitor.detectors.quality.share import NOT_SERVED
from monitor.profiles.bins import CategoryBins, NumericBins
from monitor.profiles.profile import ColumnProfile, Profile
from monitor.types import Measurement

NAME = "constant_column"
TOGETHER, OF_ONE = 4, 24
"""So many rows count as one, up to so many rows: who asks again, or orders several things, sends some that are alike in
places, and a whole window of them only where it is small."""
FEW = 0.1
EVEN, UNEVEN, WINDOWS_NEEDED = np.sqrt(12.0), 0.1, 8
"""The deviation of values that lie evenly in a bin is so many times smaller than that; deviations differ by a tenth."""
UNKNOWN = "all rows are counted alike, which different values may be"


def compare(reference: Profile, current: Profile) -> Iterator[Measurement]:
    """Say 1 when a column that varied in the reference has one value in the whole window, else 0.

    The p-value is the chance that so many rows, without some that may be one person's, all fall in one bin, whichever,
    when rows of one window are alike by the column's correlation: Dirichlet-multinomial counts (Mosimann 1962); or that
    a window is spread so little about a value that few rows of the reference hold, where those of the reference all
    vary. Blind in windows of a few rows. Undefined below two rows, and where rows that are counted alike may hold
    different values: rare ones of the reference, texts of one length, vectors of one.
    """
    for column, before, after in paired(reference, current, without=NOT_SERVED):
        if _varies(before):
            found = _judged(column, before, after)
            stuck = bool(found.value) and found.p_value is not None
            yield replace(found, p_value=_stands(reference, column, after, found.p_value or 0.0)) if stuck else found


def _stands(reference: Profile, column: str, after: ColumnProfile, alike: float) -> float:
    """Give the chance that a number stands still, by how widely the reference's windows are spread, if that is less.

    alike: the chance that all rows fall in one bin, which rows of one hour's weather do though their values differ. The
    logarithms of the windows' deviations are taken as normal, of which the least that can be told is that of the
    narrowest bin's values.
    """
    known, before = reference.layout.by_name[column], reference.columns[column]
    bins, usual = before.bins, before.counts[after.counts > 0].sum() > FEW * before.n
    if (
        known.within is None
        or known.uneven is None
        or usual
        or not isinstance(bins, NumericBins)
        or bins.edges.size < 2
    ):
        return alike
    least = float(np.log(np.diff(bins.edges).min() / EVEN))
    windows = max(reference.layout.windows, WINDOWS_NEEDED)
    deviate = (known.within - least) / (max(known.uneven, UNEVEN) * np.sqrt(1 + 1 / windows))
    return min(1.0, 2 * min(alike, float(stdtr(windows - 1, -deviate))))


def _judged(column: str, before: ColumnProfile, after: ColumnProfile) -> Measurement:
    if after.n < 2:
        note = EMPTY if not after.n else "one row cannot vary"
        return Measurement(NAME, None, column=column, n=after.n, note=note)
    stuck = not _varies(after)
    if stuck and _may_differ(after):
        return Measurement(NAME, None, column=column, n=after.n, note=UNKNOWN)
    p_value = _all_alike(before, max(after.n / TOGETHER, after.n - OF_ONE)) if stuck else 1.0
    return Measurement(NAME, float(stuck), column=column, n=after.n, p_value=p_value, effect=float(stuck))


def _may_differ(column: ColumnProfile) -> bool:
    """Say whether different values may stand behind one bin, or one number."""
    bins = column.bins
    if isinstance(bins, CategoryBins):
        return bool(column.counts[bins.other]) and (bins.tail is None or len(bins.tail) > 1)
    return column.kind in ("text", "vector")


def _all_alike(before: ColumnProfile, rows: float) -> float:
    held = before.counts[before.counts > 0].astype(np.float64)
    # one row more in the fullest bin, so that no reference makes the next row certain to differ
    held[held.argmax()] += 1
    shares = held / held.sum()
    if before.correlation >= 1:
        return 1.0
    if before.correlation == 0:
        return float((shares**rows).sum())
    mass = (1 - before.correlation) / before.correlation
    logs = gammaln(mass * shares + rows) - gammaln(mass * shares) + gammaln(mass) - gammaln(mass + rows)
    return min(1.0, float(np.exp(logs).sum()))


def _varies(column: ColumnProfile) -> bool:
    return column.low != column.high or int((column.counts > 0).sum()) > 1 or len(column.unseen) > 1


DETECTOR = Detector(NAME, "quality", "0 or 1", compare, armed=True, weight=0.02, min_effect=1.0)
