"""What moved in a column, in a form that people read: its mean, or the category whose share changed most."""

from typing import Any

import numpy as np

from monitor.profiles.bins import CategoryBins
from monitor.profiles.profile import ColumnProfile


def change_of(reference: ColumnProfile, current: ColumnProfile) -> dict[str, Any] | None:
    """Give `of` (mean, or share with its `category`) with its value `before` and `after`; None without values.

    A category is a reference's value, or "other" (its rare ones), or "unseen" (those it never held).
    """
    if isinstance(reference.bins, CategoryBins):
        return _share(reference, current, reference.bins)
    here, there = reference.moments, current.moments
    if here is None or there is None:
        return None
    return {"of": "mean", "before": here[1], "after": there[1]}


def _share(reference: ColumnProfile, current: ColumnProfile, bins: CategoryBins) -> dict[str, Any] | None:
    if not (reference.n and current.n):
        return None
    before, after = reference.counts / reference.n, current.counts / current.n
    most = int(np.abs(after - before).argmax())
    names = (*bins.values, "other", "unseen")
    return {"of": "share", "category": names[most], "before": float(before[most]), "after": float(after[most])}
