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


def empty_recent() -> dict[str, Array]:
    """Give a memory of rows that has seen none: their clients, and which signs counted and were shown."""
    flags = np.zeros((WITHIN, len(NAMES)), np.bool_)
    return {"client": np.zeros(WITHIN, np.uint32), "counted": flags, "hits": flags.copy()}


def shown_by_others(recent: Mapping[str, Array], epoch: Epoch, *, hits: Flags, counted: Flags, rates: Floats) -> Flags:
    """Say which signs other clients showed so often in the 64 rows before a row that they tell nothing of its client.

    That is half as often again as honest rows may: in a tenth of the rows at least and half at most, of sixteen at
    least. hits, counted, and what is given: shape (rows, indicators). rates: shape (indicators,). Clients that act as
    one hide each other's signs so, when they send much of the traffic. Changes the memory.
    """
    client = np.concatenate([recent["client"], epoch.client])
    flags = np.stack([np.concatenate([recent["counted"], counted]), np.concatenate([recent["hits"], hits])])
    for name, after in (("client", client), ("counted", flags[0]), ("hits", flags[1])):
        recent[name][:] = after[-WITHIN:]
    row = np.arange(WITHIN, client.size)
    order = np.argsort(client, kind="stable")
    place = np.empty_like(order)
    place[order] = np.arange(order.size)
    key = client.astype(np.int64) * client.size + np.arange(client.size)
    since = np.searchsorted(key[order], key[row] - WITHIN)
    first = np.searchsorted(client[order], client[row])
    everybody, own = _sums(flags), _sums(flags[:, order])
    others = everybody[:, row] - everybody[:, row - WITHIN] - (own[:, place[row]] - own[:, np.maximum(since, first)])
    return np.asarray((others[0] >= FEWEST) & (others[1] > np.clip(TIMES * rates, LEAST, MOST) * others[0]))


def _sums(flags: Flags) -> NDArray[np.int64]:
    """Give how many stood before each row, and before the end: shape (2, rows + 1, indicators)."""
    before = np.zeros((flags.shape[0], flags.shape[1] + 1, flags.shape[2]), np.int64)
    flags.cumsum(axis=1, out=before[:, 1:])
    return before
