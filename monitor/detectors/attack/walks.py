"""Rows that lie near the one that their client sent before, as a sensor's do and those of whoever feels his way."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from monitor.detectors.attack.ordering import PAIRINGS, shared_by_chance
from monitor.detectors.attack.sketches import TABLES

Array = NDArray[Any]
Flags = NDArray[np.bool_]
Places = NDArray[np.intp]
Counts = NDArray[np.int64]

BY_CHANCE = 0.002
"""So large a share of pairs of rows may be as near to each other, by chance."""
USUAL, KNOWN = 0.005, 400
"""So large a share of honest rows may be as near to their client's last one; it is known from so many rows on."""
GOING_ON = 0.05
"""Where so large a share comes nearer than rows do by chance, honest clients go on from row to row."""


def empty_buckets(clients: int) -> Array:
    """Give room for marks of the buckets of so many clients' last rows, 0 for none."""
    return np.zeros((clients, TABLES), np.uint8)


def empty_walks() -> Array:
    """Give room for how often a row shared so many tables with its client's last one, after one that shared so many."""
    return np.zeros((TABLES + 1, TABLES + 1))


def before(last: NDArray[np.integer], places: Places, values: Array, previous: Places) -> Array:
    """Give for each row the value of its client's row before it; of a client's first one what `last` holds of it.

    places: of each row's client, -1 for none, which has 0 before it. values: shape (rows, ...). previous: as
    `ordering.previous` gives it.
    """
    found = np.where(_wide(previous >= 0, values), values[previous], last[places])
    found[places < 0] = 0
    return found


def shared_with_last(last: Array, buckets: NDArray[np.uint64], places: Places, previous: Places) -> Counts:
    """Count for each row the tables in which it shares its bucket with the row that its client sent before.

    buckets: shape (rows, tables). places, previous: as `before` has them; rows of no client share nothing. last: the
    marks of the clients' last rows, which these rows replace.
    """
    marks = (buckets >> np.uint64(56)).astype(np.uint8) | np.uint8(1)
    found = (marks == before(last, places, marks, previous)).sum(axis=1)
    known = places >= 0
    last[places[known]] = marks[known]
    return np.asarray(found)


def _wide(flags: Flags, values: Array) -> Flags:
    return flags.reshape(-1, *([1] * (values.ndim - 1)))


def walks_of(last: Array, places: Places, beside: Places, honest: Flags, *, previous: Places) -> Array:
    """Count how near rows came to their client's last one, after one that came how near.

    Who stays near it for long, as sensors do, counts when he comes near and not for as long as he stays. beside: in how
    many tables, -1 where that tells nothing; honest: of whom it may be learned; both of shape (rows,). places,
    previous: as `before` has them. last: `beside` of the clients' last rows, by one more, which these rows replace.
    """
    earlier = before(last, places, beside + 1, previous).astype(np.int64) - 1
    told = honest & (beside >= 0) & (earlier >= 0)
    found = empty_walks()
    np.add.at(found, (earlier[told], beside[told]), 1)
    known = places >= 0
    last[places[known]] = (beside + 1)[known]
    return found


def near_by_chance(buckets: NDArray[np.uint64], *, least: int) -> int:
    """Give how many shared tables, at least `least`, hardly any pair of rows has; more than there are of too few rows.

    buckets: of rows that differ, shape (rows, tables); each is paired with some that lie far from it.
    """
    if len(buckets) < 2 * PAIRINGS:
        return TABLES + 1
    shared = shared_by_chance(buckets)
    shares = [float((shared >= tables).mean()) for tables in range(TABLES + 1)]
    return next((t for t in range(least, TABLES + 1) if shares[t] <= BY_CHANCE), TABLES + 1)


def near_as_a_rule(walks: Array, *, least: int) -> int:
    """Give how many shared tables, at least `least`, make a row a near-copy of its client's last one.

    walks: as `walks_of` counts them. Hardly any honest row comes so near to one that was not; more tables than there
    are where that is unknown, or there is no such number.

    >>> walks = empty_walks()
    >>> walks[0, :4], walks[3, 3] = (900, 60, 30, 3), 900
    >>> near_as_a_rule(walks, least=1), near_as_a_rule(walks, least=5), near_as_a_rule(walks / 10, least=1)
    (3, 5, 17)
    """
    for tables in range(least, TABLES + 1):
        came = walks[:tables]
        if came.sum() >= KNOWN and came[:, tables:].sum() <= USUAL * came.sum():
            return tables
    return TABLES + 1


def going_on(walks: Array, *, by_chance: int) -> bool:
    """Say whether honest clients go on from their last rows, as vehicles do.

    by_chance: as `near_by_chance` gives it. Where nearly all stay near, few rows tell how many come.
    """
    came = walks[:by_chance]
    return bool(came[:, by_chance:].sum() >= GOING_ON * max(came.sum(), KNOWN))
