"""What moved in a column, in a form that people read: its mean or median, or the category whose share changed most."""

from typing import Any

import numpy as np

from monitor.detectors.drift.quantile_shift import quantile_moved
from monitor.profiles.bins import CategoryBins, NumericBins
from monitor.profiles.profile import ColumnProfile
from monitor.stats.location import mean_shift_test

SURELY = 0.05
EXPECTED = 10
"""Where so many rows of a category are to be expected, chance leaves none of them once in 22,000 windows."""


def change_of(reference: ColumnProfile, current: ColumnProfile) -> dict[str, Any] | None:
    """Give `of` (mean, median, or share with its `category`) with its value `before` and `after`; None without values.

    The median where it surely moved and the mean did not: of heavy tails a row or two make the mean. A category is a
    reference's value, or "other" (its rare ones), or "unseen" (those it never held). Of values that are gone, which is
    `vanished`, the one that was most frequent.
    """
    if isinstance(reference.bins, CategoryBins):
        return _share(reference, current, reference.bins)
    here, there = reference.moments, current.moments
    if here is None or there is None:
        return None
    told = mean_shift_test(here, there)
    if told and told[1] > SURELY and isinstance(reference.bins, NumericBins):
        was, is_, p_value = quantile_moved(reference, current, reference.bins, 0.5)
        if was != is_ and p_value <= SURELY:
            return {"of": "median", "before": was, "after": is_}
    return {"of": "mean", "before": here[1], "after": there[1]}


def _share(reference: ColumnProfile, current: ColumnProfile, bins: CategoryBins) -> dict[str, Any] | None:
    if not (reference.n and current.n):
        return None
    before, after = reference.counts / reference.n, current.counts / current.n
    names, known = (*bins.values, "other", "unseen"), len(bins.values)
    gone = np.where(current.counts[:known] == 0, before[:known], 0.0)
    vanished = known > 0 and gone.max() * current.n >= EXPECTED
    most = int((gone if vanished else np.abs(after - before)).argmax())
    told = {"of": "share", "category": names[most], "before": float(before[most]), "after": float(after[most])}
    return told | ({"vanished": True} if vanished else {})
