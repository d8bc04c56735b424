"""Who sent the rows by which a column differs from its reference."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from monitor.profiles.placing import Places

Counts = NDArray[np.int64]

HEAVIEST = 3
SURE = 3.0


@dataclass(frozen=True)
class Contribution:
    """What one client has to do with a column's change: its rows, and how many of them the reference cannot explain."""

    client: str
    rows: int
    excess: float


def contributions(
    clients: Sequence[str], places: Places, *, who: Places, before: Counts, after: Counts
) -> list[Contribution]:
    """Give every client's part in the rows beyond the reference, the largest first.

    clients: names. who, places: for each row the place of its client and the bin of its value, below 0 where it has
    none, shape (rows,). before, after: counts by bin of reference and window. The excess of a client is the number of
    its rows in the bins that are fuller than the reference has them, less what the reference would put there of so
    many; below 0 where it has fewer. All of them add up to that of the window.

    >>> who, places = np.array([0, 0, 0, 1, 1, 1]), np.array([1, 1, 1, 0, 0, 1])
    >>> found = contributions("ab", places, who=who, before=np.array([2, 1]), after=np.array([2, 4]))
    >>> [(c.client, c.rows, round(c.excess, 2)) for c in found]
    [('a', 3, 2.0), ('b', 3, 0.0)]
    """
    shares = before / max(int(before.sum()), 1)
    fuller = _fuller(shares * int(after.sum()), after)
    known = (who >= 0) & (places >= 0)
    rows = np.bincount(who[known], minlength=len(clients))
    hits = np.bincount(who[known], weights=fuller[places[known]], minlength=len(clients))
    excess = hits - rows * float(shares[fuller].sum())
    order = np.argsort(-excess, kind="stable")
    return [Contribution(clients[i], int(rows[i]), float(excess[i])) for i in order.tolist() if rows[i]]


def _fuller(expected: NDArray[np.float64], after: Counts) -> NDArray[np.bool_]:
    """Mark the bins that are fuller by more than chance, or if there are none, by anything."""
    surely = after - expected > SURE * np.sqrt(np.maximum(expected, 1))
    return np.asarray(surely if surely.any() else after > expected)
