"""Neyman's smooth test of numeric columns. (Neyman 1937).

It alerts beside `drift.scan`, each with half of the budget: either is blind to what the other sees. In per cent of
windows of 10,000 rows found at p < 0.00001 against a reference of 100,000, and of 10,000, each pair at half the level:

    what moved                     KS        PSI      KS and PSI   smooth     scan      smooth and scan
    3 % of the rows by 1.5 sd      9   0    18   1      15   1     91  35    58   6      88  29
    2 % of the rows to one value   1   0    91  27      89  25      0   0   100 100     100 100
    1 % of the rows to one value   0   0     5   0       2   0      0   0   100  80     100  77
    0.5 % beyond the range         0   0     0   0       0   0     27   2   100 100     100 100
    all rows by 0.06 sd           64  21    29   7      54  18     76  23     7   2      67  20
    all rows 6 % wider             2   0    82  25      79  20    100  73    41   4      99  70
    3 % of the rows to a cluster  79  13   100  89     100  87     93  35   100  98     100  98

Least told is a shift of 0.03 sd: half of what 3 % of the rows make that moved by 1.5 sd, 0.06 sd in normal scores. From
0.05 sd on, fewer true but small differences would be told, and of columns with such rows every seventh
would be missed that is found in three windows.
"""

from collections.abc import Iterator

import numpy as np

from monitor.detectors.detector import Detector, independent, inflations, paired, rarest, untested
from monitor.profiles.bins import NumericBins
from monitor.profiles.correlation import ROWS_NEEDED
from monitor.profiles.profile import ColumnProfile, Counts, Profile
from monitor.stats.location import beyond_test, level_test
from monitor.stats.shape import smooth_shift
from monitor.types import Measurement

NAME = "smooth_test"
BEYOND, TENTHS = 0.99, 0.9
_NOTHING = (0, 0.0, 0.0)


def compare(reference: Profile, current: Profile) -> Iterator[Measurement]:
    """Measure how far location, spread, skewness and tails of the normal scores moved, as one length: 0 is equal.

    In standard deviations of normal scores, made of ranks: of heavy tails no unit of the values. p-value by the
    permutation moments; the effect is the length less what chance makes of it, 0 where that is all. Sees a few per cent
    of moved rows, and all broad changes; blind to a narrow peak that leaves these four as they were. Ranks do not say
    how far beyond all others a window lies: where nearly all of it does, half the p-value's room is its mean's, beside
    the means of the reference's windows and its outermost tenth.
    """
    for column, before, after in paired(reference, current):
        if not isinstance(before.bins, NumericBins):
            continue
        found = smooth_shift(before.counts, after.counts, *inflations(reference, before, after))
        if found is None:
            yield untested(NAME, column, before, after)
        else:
            p_value, level = (
                max(found.p_value, rarest(reference, column, after)),
                _level(reference, column, before, after),
            )
            yield Measurement(
                NAME,
                found.length,
                column=column,
                n=after.n,
                p_value=p_value if level is None else min(p_value, 2 * level),
                effect=found.beyond,
                chance=(found.degrees, found.scale, found.scale * found.usual),
            )


def _level(reference: Profile, column: str, before: ColumnProfile, after: ColumnProfile) -> float | None:
    """Give the p-value of a window's mean where nearly all of its values lie on one side of all others."""
    known, layout = reference.layout.by_name[column], reference.layout
    if known.lowest is None or known.highest is None or not _lies_beyond(before.counts, after.counts):
        return None
    (held, mean, _), (_, other, _) = before.moments or _NOTHING, after.moments or _NOTHING
    if not held or layout.window_rows < ROWS_NEEDED:
        return None
    level = level_test(mean, other, known.highest - known.lowest, layout.windows, held / layout.window_rows)
    if level is None or known.grows:
        return level
    return max(level, beyond_test(*_beyond(before, other), independent(reference, before)))


def _beyond(before: ColumnProfile, mean: float) -> tuple[float, float]:
    """Give how far a mean lies beyond all values, and by how much the outermost tenth of these exceed its begin.

    A bin's values count as its middle.
    """
    if not isinstance(before.bins, NumericBins) or before.low is None or before.high is None:
        return 0.0, 0.0
    edges, counts = before.bins.edges, before.counts[1:-1]
    if above := mean > before.high:
        edges, counts = -edges[::-1], counts[::-1]
    outermost = np.flatnonzero(counts.cumsum() <= (1 - TENTHS) * counts.sum())
    last = outermost[-1] if outermost.size else 0
    middle = (edges[: last + 1] + edges[1 : last + 2]) / 2
    excess = (
        float(edges[last + 1] - np.average(middle, weights=counts[: last + 1])) if counts[: last + 1].any() else 0.0
    )
    return mean - before.high if above else before.low - mean, excess


def _lies_beyond(before: Counts, after: Counts) -> bool:
    """Say whether all but a hundredth of the rows lie in bins below, or above, all that hold rows of the other side."""
    held = np.flatnonzero(before)
    if not held.size:
        return False
    return bool(max(after[: held[0]].sum(), after[held[-1] + 1 :].sum()) >= BEYOND * max(after.sum(), 1))


DETECTOR = Detector(NAME, "drift.data", "rank sd", compare, armed=True, min_effect=0.03, bins=NumericBins, ways=2)
