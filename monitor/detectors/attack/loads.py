"""How many near-copies of one row honest clients send at once: the parcels of a van, an order's lines, a film's frames.

Their mean rate does not tell that, and evidence gathered row by row takes a load for so many rows that say the same.
"""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from monitor.detectors.attack.indicators import COPYING, NAMES, SWEEP

Array = NDArray[Any]

COPY = np.isin(NAMES, COPYING)
NEAR, SWEPT = (NAMES.index(name) for name in ("near_duplicates", SWEEP))
LONGER, MOST = 1.5, 250
"""Longer loads will come than were seen; chains of variations are counted no further."""
ENOUGH, SENDERS, PART = 20, 5, 0.25
"""Of clients with so many rows in their last stretch, so many and such a part send loads where that is usual."""
BEFORE, OFTEN = {NEAR: 8, SWEPT: 20}, 0.9
"""So many copies came before the first that counts, of each sign; nine of ten loads are that long at most."""
LEAST = 8
"""Of a load so many count, at least."""


def longer_than(copies: float) -> int:
    """Give from how many near-copies on more than a load is told, where loads of so many were seen."""
    return min(math.ceil(LONGER * copies), MOST)


def empty_load() -> Array:
    """Give room for how many near-copies the traffic's clients send as a rule, 0 while nothing tells of it."""
    return np.zeros(1, np.int64)


def learn_load(held: Mapping[str, Array]) -> None:
    """Learn of traffic in which many clients send loads that they do; who is among them is no longer suspected of it.

    It is not forgotten: once loads are told from more, their rows are no hits.
    """
    sent = held["client_counted"][:, NEAR] >= ENOUGH
    shown = np.stack([held["client_shown"][sent, sign].astype(np.int64) for sign in BEFORE])
    copies = np.where(shown >= LEAST, shown + np.array([*BEFORE.values()])[:, None], 0).max(axis=0)
    loads = copies[copies > 0]
    if loads.size < max(SENDERS, PART * sent.sum()):
        return
    load = longer_than(float(np.quantile(loads, OFTEN)))
    if load > held["load"][0]:
        held["load"][0] = load
        for name in ("client_ratios", "client_peak"):
            held[name][:, COPY] = 0
