"""Shifts of the median and of the 95th percentile of numeric columns. (Mood 1950)."""

import math
from collections.abc import Callable, Iterator
from functools import partial

import numpy as np

from monitor.detectors.detector import Detector, inflation, paired, undefined
from monitor.profiles.bins import NumericBins
from monitor.profiles.profile import ColumnProfile, Profile
from monitor.stats.location import share_shift_test
from monitor.types import Measurement


def compare(name: str, level: float, reference: Profile, current: Profile) -> Iterator[Measurement]:
    """Measure how far a quantile moved either way, in reference standard deviations: 0 is equal; p-value two-sided.

    Quantiles lie on straight lines within a bin. The p-value is that of the share of rows on either side of the
    reference's quantile. Undefined without rows, or when the reference does not vary. Blind to all that leaves the
    quantile where it was.
    """
    for column, before, after in paired(reference, current):
        if not isinstance(before.bins, NumericBins):
            continue
        moments = before.moments
        if moments is None or not moments[2] or not after.n:
            yield undefined(name, column, before, after)
            continue
        was, is_, p_value = quantile_moved(before, after, before.bins, level, inflation(reference, before, after))
        shift = (is_ - was) / math.sqrt(moments[2])
        yield Measurement(name, abs(shift), column=column, n=after.n, p_value=p_value, effect=shift)


def quantile_moved(
    before: ColumnProfile, after: ColumnProfile, bins: NumericBins, level: float, grown: float = 1.0
) -> tuple[float, float, float]:
    """Give a quantile of either side, both with rows, and the two-sided p-value by the design effect `grown`."""
    was, is_ = (quantile(side, bins, level) for side in (before, after))
    cut = int(np.searchsorted(before.counts.cumsum(), level * before.n)) + 1
    below = [(int(side.counts[:cut].sum()), side.n) for side in (before, after)]
    above = [(n - hits, n) for hits, n in below]
    found = [share_shift_test(sides[0], sides[1], grown) for sides in (below, above)]
    return was, is_, min(1.0, 2 * min(one[1] for one in found if one))


def quantile(side: ColumnProfile, bins: NumericBins, level: float) -> float:
    """Give a quantile of the values of a side that has rows, from its counts."""
    low, high = (bins.edges[0] if side.low is None else side.low), (bins.edges[-1] if side.high is None else side.high)
    bounds = np.clip(np.concatenate([[low], bins.edges, [high]]), low, high)
    return float(np.interp(level * side.n, np.append(0, side.counts.cumsum()), bounds))


def _detector(name: str, level: float) -> Detector:
    measured: Callable[..., Iterator[Measurement]] = partial(compare, name, level)
    measured.__doc__ = compare.__doc__
    return Detector(name, "drift.data", "reference sd", measured)


DETECTORS = (_detector("median_shift", 0.5), _detector("p95_shift", 0.95))
