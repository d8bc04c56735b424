"""What moved in a column, in a form that people read: its mean or median, or the category whose share changed most."""

import math
from typing import Any

import numpy as np

from monitor.detectors.drift.quantile_shift import quantile_moved
from monitor.profiles.bins import CategoryBins, NumericBins
from monitor.profiles.profile import ColumnProfile
from monitor.stats.location import mean_shift_test
from monitor.stats.runs import largest_run

SURELY, HALF = 0.05, 0.5
QUANTILES = (
    {HALF: "median"},
    {0.9: "90th percentile", 0.1: "10th percentile"},
    {0.99: "99th percentile", 0.01: "1st percentile"},
)
"""Quantiles from the innermost on, by their level."""
OF_SEVERAL = SURELY / 5
"""A quantile but the median surely moved where chance moves one so seldom, being one of five."""
LEAST = 0.005
"""An interval whose share rose by less tells nothing."""
EXPECTED = 10
"""Where so many rows of a category are to be expected, chance leaves none of them once in 22,000 windows."""


def change_of(reference: ColumnProfile, current: ColumnProfile) -> dict[str, Any] | None:
    """Give `of` (mean, a quantile, or share with its `category`) with its value `before` and `after`; None without any.

    A quantile where that surely moved and the mean did not, the median before others: of heavy tails a row or two make
    the mean. `still` where no more than the shape did, with the `interval` whose share rose most. A category is a
    reference's value, or "other" (its rare ones), or "unseen" (those it never held). Of values that are gone, which is
    `vanished`, the one that was most frequent.
    """
    if isinstance(reference.bins, CategoryBins):
        return _share(reference, current, reference.bins)
    here, there = reference.moments, current.moments
    if here is None or there is None:
        return None
    mean, told = {"of": "mean", "before": here[1], "after": there[1]}, mean_shift_test(here, there)
    if told is None or told[1] <= SURELY:
        return mean
    held = reference, current, reference.bins
    return _quantile(*held) or mean | {"still": True} | _interval(*held)


def _quantile(reference: ColumnProfile, current: ColumnProfile, bins: NumericBins) -> dict[str, Any] | None:
    """Give the innermost quantile that moved, the surer one of two; of whole numbers it is one of them."""
    whole = bool(np.all(bins.edges[:-1] % 1 == 0))
    for names in QUANTILES:
        found: list[tuple[float, dict[str, Any]]] = []
        for level, name in names.items():
            was, is_, p_value = quantile_moved(reference, current, bins, level)
            was, is_ = (math.floor(was), math.floor(is_)) if whole else (was, is_)
            if was != is_ and p_value <= (SURELY if level == HALF else OF_SEVERAL):
                found.append((p_value, {"of": name, "before": was, "after": is_}))
        if found:
            return min(found, key=lambda one: one[0])[1]
    return None


def _interval(reference: ColumnProfile, current: ColumnProfile, bins: NumericBins) -> dict[str, Any]:
    """Give the neighbouring bins whose share rose most together: from `low` up to `high`, None beyond the reference's.

    Of whole numbers both are among them.
    """
    before, after = reference.counts / reference.n, current.counts / current.n
    begin, end = largest_run(after - before)
    if (after - before)[begin:end].sum() < LEAST:
        return {}
    edges, whole = bins.edges, bool(np.all(bins.edges[:-1] % 1 == 0))
    low = float(edges[begin - 1]) if begin else None
    # the last edge lies just above the largest value
    high = float(edges[end - 1]) - (whole and end < edges.size) if end <= edges.size else None
    share = {"before": float(before[begin:end].sum()), "after": float(after[begin:end].sum())}
    return {"interval": {"low": low, "high": high, **share}}


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
