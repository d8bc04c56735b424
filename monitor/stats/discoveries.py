"""Which of many tests found something, when few of the findings may be chance."""

from collections.abc import Sequence

import numpy as np


def discovery_level(p_values: Sequence[float], rate: float) -> float:
    """Give the largest p-value that counts as a discovery, below 0 when none does.

    Of the discoveries at most the share `rate`, in (0, 1), is expected to be chance, for tests that are independent
    or depend on each other positively. (Benjamini & Hochberg 1995)

    >>> discovery_level([0.2, 0.001, 0.03, 0.9], 0.05), discovery_level([0.2, 0.9], 0.05)
    (0.001, -1.0)
    """
    ordered = np.sort(np.asarray(p_values, dtype=np.float64))
    kept = np.flatnonzero(ordered <= rate * np.arange(1, ordered.size + 1) / max(ordered.size, 1))
    return float(ordered[kept[-1]]) if kept.size else -1.0
