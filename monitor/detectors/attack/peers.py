"""What other clients showed just before: a storm or a sale makes honest rows odd for hours, and everybody's at once."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from monitor.detectors.attack.ecusum import Floats
from monitor.detectors.attack.epoch import Epoch
from monitor.detectors.attack.indicators import NAMES

Array = NDArray[Any]
Flags = NDArray[np.bool_]

WITHIN, FEWEST, TIMES, LEAST, MOST = 64, 16, 1.5, 0.1, 0.5
STEP, FEW_CLIENTS = 8, 4
SHARE, TELLS, MOST_OF_ONE = 0.8, 4, 2.0
"""The mean of the clients may be a little less, of so many at least; and who shows a sign in so many times as many rows
as the world must, of four at least, is taken to show no more."""


def empty_recent() -> dict[str, Array]:
    """Give a memory of rows that has seen none: their clients, and which signs counted and were shown."""
    kept = WITHIN + STEP
    flags = np.zeros((kept, len(NAMES)), np.bool_)
    return {"client": np.zeros(kept, np.uint32), "counted": flags, "hits": flags.copy()}


def shown_by_others(recent: Mapping[str, Array], epoch: Epoch, *, hits: Flags, counted: Flags, rates: Floats) -> Flags:
    """Say which signs other clients showed so often just before a row that they tell nothing of its client.

    That is half as often again as honest rows may, a tenth of the time at least and half at most, in the 64 rows before
    a row: of sixteen rows at least, and hardly less in the mean of the clients that sent them, since a few who act as
    one may send most of the rows. hits, counted, and what is given: shape (rows, indicators). rates: shape
    (indicators,). Clients that act as one hide each other's signs so, when they are a quarter of the clients. Changes
    the memory.
    """
    client = np.concatenate([recent["client"], epoch.client])
    flags = np.stack([np.concatenate([recent["counted"], counted]), np.concatenate([recent["hits"], hits])])
    kept = recent["client"].size
    for name, after in (("client", client), ("counted", flags[0]), ("hits", flags[1])):
        recent[name][:] = after[-kept:]
    least = np.clip(TIMES * rates, LEAST, MOST)
    row = np.arange(kept, client.size)
    order = np.argsort(client, kind="stable")
    place = np.empty_like(order)
    place[order] = np.arange(order.size)
    key = client.astype(np.int64) * client.size + np.arange(client.size)
    since = np.searchsorted(key[order], key[row] - WITHIN)
    first = np.searchsorted(client[order], client[row])
    everybody, own = _sums(flags), _sums(flags[:, order])
    others = everybody[:, row] - everybody[:, row - WITHIN] - (own[:, place[row]] - own[:, np.maximum(since, first)])
    found = np.asarray((others[0] >= FEWEST) & (others[1] > least * others[0]))
    begun = row - epoch.at % STEP
    for start in np.unique(begun[found.any(axis=1)]).tolist():
        rows, before = np.flatnonzero(begun == start), slice(start - WITHIN, start)
        found[rows] &= _by_most(client[before], flags[:, before], client[row[rows]], least=SHARE * least)
    return found


def _by_most(client: NDArray[np.uint32], flags: Flags, asking: NDArray[np.uint32], *, least: Floats) -> Flags:
    """Say whether other clients show signs so often in the mean, each as much as any other; true where few tell.

    client, flags: of the rows before, shape (rows,) and (2, rows, indicators). asking: whose rows are looked at, shape
    (rows,).
    """
    order = np.argsort(client, kind="stable")
    names, starts = np.unique(client[order], return_index=True)
    told, shown = np.add.reduceat(flags[:, order], starts, axis=1, dtype=np.int64)
    means = shown / np.maximum(told, 1)
    means = np.where(told >= TELLS, np.minimum(means, MOST_OF_ONE * least), means)
    own = np.minimum(np.searchsorted(names, asking), names.size - 1)
    known = (names[own] == asking)[:, None]
    clients = (told > 0).sum(axis=0) - (known & (told[own] > 0))
    return np.asarray((clients < FEW_CLIENTS) | (means.sum(axis=0) - known * means[own] > least * clients))


def _sums(flags: Flags) -> NDArray[np.int64]:
    """Give how many stood before each row, and before the end: shape (2, rows + 1, indicators)."""
    before = np.zeros((flags.shape[0], flags.shape[1] + 1, flags.shape[2]), np.int64)
    flags.cumsum(axis=1, out=before[:, 1:])
    return before
