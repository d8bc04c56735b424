"""Rows of new clients that meet: one search under many new names comes back to the same place under each of them.

How densely honest rows lie decides how often they meet by chance. New clients may all come from one corner of the
population, as when a branch opens, so that the chance is taken from the reference's rows around single ones of it.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from monitor.detectors.attack.ordering import begins, ordered

Array = NDArray[Any]
Flags = NDArray[np.bool_]
Points = NDArray[np.floating]
Hashes = NDArray[np.uint64]

SLOTS = 2**16
ALIKE, BACK = 8, 256
CORNERS, CORNER, SEEN, JUDGED = 8, 0.1, 64, 256
"""The reference's corners are so many, of a tenth of its rows; of so many rows seen, so many are judged."""
WIDER = 1.5


def empty_meetings() -> dict[str, Array]:
    """Give a memory that has seen no newcomer: of each bucket its tag, the last row's number from 1, and its client."""
    return {
        "tag": np.zeros(SLOTS, np.uint32),
        "row": np.zeros(SLOTS, np.int64),
        "client": np.zeros(SLOTS, np.uint32),
    }


def meet(
    memory: Mapping[str, Array], buckets: Hashes, *, client: NDArray[np.uint32], number: NDArray[np.int64]
) -> Flags:
    """Say of each row of a newcomer whether it shares eight buckets with one row of another, the last one in them.

    buckets: shape (rows, tables). client: a number for each row's client. number: counts newcomers' rows, from 1; what
    is more than 256 back is forgotten. Changes the memory.
    """
    tables = buckets.shape[1]
    flat = buckets.reshape(-1)
    slot = (flat & np.uint64(SLOTS - 1)).astype(np.intp)
    order = ordered(slot)
    slots, place = slot[order], order // tables
    own = {"tag": (flat[order] >> np.uint64(32)).astype(np.uint32), "row": number[place], "client": client[place]}
    first = begins(slots)
    before = {name: np.where(first, memory[name][slots], np.roll(array, 1)) for name, array in own.items()}
    met = (before["tag"] == own["tag"]) & (before["client"] != own["client"]) & (before["row"] > 0)
    met &= own["row"] - before["row"] <= BACK
    last = np.append(first[1:], True)[: slots.size]
    for name, array in own.items():
        memory[name][slots[last]] = array[last]
    partner = np.empty(flat.size, np.int64)
    partner[order] = np.where(met, before["row"], 0)
    partner = np.sort(partner.reshape(buckets.shape), axis=1)
    same = (partner[:, ALIKE - 1 :] == partner[:, : 1 - ALIKE]) & (partner[:, ALIKE - 1 :] > 0)
    return np.asarray(same.any(axis=1))


def chance_meetings(points: Points, buckets: Hashes, *, rng: np.random.Generator) -> float:
    """Give the share of honest newcomers' rows that meet another's at most, in [0, 1]; 1 where too few rows can tell.

    points: of distinct rows, shape (rows, dimensions). buckets: theirs. Newcomers are played from corners of the
    population; they may come from a corner narrower still, or at once.
    """
    rows = points.shape[0]
    if rows < 2 * SEEN:
        return 1.0
    shares = []
    for center in rng.choice(rows, CORNERS, replace=False).tolist():
        apart = ((points - points[center]) ** 2).sum(axis=1)
        corner = np.argpartition(apart, size := max(int(CORNER * rows), 2 * SEEN - 1))[: size + 1]
        played = rng.permutation(corner)[: SEEN + JUDGED]
        numbers = np.arange(1, played.size + 1)
        met = meet(empty_meetings(), buckets[played], client=numbers.astype(np.uint32), number=numbers)
        shares.append(float(met[SEEN:].mean()))
    return min(WIDER * float(np.mean(shares)), 1.0)
