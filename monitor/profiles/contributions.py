"""Who sent the rows by which a column differs from its reference."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from monitor.profiles.placing import Places
from monitor.stats.runs import largest_run

Counts = NDArray[np.int64]

HEAVIEST = 3
SURE = 3.0


@dataclass(frozen=True)
class Contribution:
    """What one client has to do with a column's change: its rows, and how many of them the reference cannot explain.

    apart: how far its rows go beyond the other clients' that way, in standard errors of so many rows; 0 for the only
    client.
    """

    client: str
    rows: int
    excess: float
    apart: float = 0.0


def contributions(
    clients: Sequence[str], places: Places, *, who: Places, before: Counts, after: Counts, ordered: bool = False
) -> list[Contribution]:
    """Give every client's part in the rows beyond the reference, the largest first.

    clients: names. who, places: for each row the place of its client and the bin of its value, below 0 where it has
    none, shape (rows,). before, after: counts by bin of reference and window. The excess of a client is the number of
    its rows in the bins that are fuller than the reference has them, less what the reference would put there of so
    many; below 0 where it has fewer. All of them add up to that of the window. ordered: bins are of numbers; where none
    is surely fuller a row counts for the part of the reference that lies below its bin, or above where values fell.

    >>> who, places = np.array([0, 0, 0, 1, 1, 1]), np.array([1, 1, 1, 0, 0, 1])
    >>> found = contributions("ab", places, who=who, before=np.array([2, 1]), after=np.array([2, 4]))
    >>> [(c.client, c.rows, round(c.excess, 2)) for c in found]
    [('a', 3, 2.0), ('b', 3, 0.0)]
    """
    shares = before / max(int(before.sum()), 1)
    weights = _weights(shares, after, ordered=ordered)
    known = (who >= 0) & (places >= 0)
    own, weighed = who[known], weights[places[known]]
    rows = np.bincount(own, minlength=len(clients))
    sums = np.bincount(own, weights=weighed, minlength=len(clients)).astype(np.float64)
    squares = np.bincount(own, weights=weighed**2, minlength=len(clients)).astype(np.float64)
    excess, apart = sums - rows * float(shares @ weights), _apart(rows, sums, squares)
    order = np.argsort(-excess, kind="stable")
    return [
        Contribution(clients[i], int(rows[i]), float(excess[i]), float(apart[i])) for i in order.tolist() if rows[i]
    ]


def _weights(shares: NDArray[np.float64], after: Counts, *, ordered: bool) -> NDArray[np.float64]:
    """Say for how much a row of each bin counts: 1 in bins that are fuller by more than chance.

    If there are none, by the order of numbers, and of categories by anything. Of numbers it is the interval that is
    fuller, where that stands out more than those bins do: one bin that a clump of rows fills is not what moved then.
    """
    expected = shares * int(after.sum())
    surely = after - expected > SURE * np.sqrt(np.maximum(expected, 1))
    if not surely.any() and not ordered:
        return np.asarray(after > expected, np.float64)
    if surely.any():
        begin, end = largest_run(after - expected)
        interval = np.zeros(after.size, np.bool_)
        interval[begin:end] = True
        wider = ordered and _standing_out(interval, expected, after) > _standing_out(surely, expected, after)
        return np.asarray(interval if wider else surely, np.float64)
    below = np.cumsum(shares) - shares / 2
    return np.asarray(below if after @ below >= expected @ below else 1 - below)


def _standing_out(bins: NDArray[np.bool_], expected: NDArray[np.float64], after: Counts) -> float:
    """Give by how many standard errors some bins together hold more rows than expected."""
    held, rows = float(expected[bins].sum()), max(float(after.sum()), 1.0)
    return (float(after[bins].sum()) - held) / float(np.sqrt(max(held * (1 - held / rows), 1.0)))


def _apart(rows: Counts, sums: NDArray[np.float64], squares: NDArray[np.float64]) -> NDArray[np.float64]:
    """Give how far the mean of each client's rows lies above the others', in standard errors; 0 for the only one.

    sums, squares: of its rows' weights, each shape (clients,).
    """
    others, own = np.maximum(rows.sum() - rows, 1), np.maximum(rows, 1)
    mean = (sums.sum() - sums) / others
    variance = np.maximum((squares.sum() - squares) / others - mean**2, 1 / others / 4)
    return np.where(rows < rows.sum(), (sums / own - mean) / np.sqrt(variance / own), 0.0)
