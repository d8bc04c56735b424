"""Whose rows a cluster holds: how many of each client, and how often the answer to them flipped."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]

MEMBERS, NAME = 64, 64
FIRSTS = 8
"""Of so many of a cluster's clients the id of the first row is kept: ids take room."""
ONE_CLIENT = 0.6


def empty_members(clusters: int) -> dict[str, Array]:
    """Give room for the clients of so many clusters: all that is kept of them, and what they sent since it last rested.

    members: the clients; asked: how many rows each sent, grown_asked: of those since the cluster last rested;
    own_label, own_flips: its last answer, and how often that was another one than before; own_first: the id of its
    first row.
    """
    return {
        "members": np.zeros((clusters, MEMBERS), np.uint32),
        "asked": np.zeros((clusters, MEMBERS), np.uint32),
        "own_label": np.full((clusters, MEMBERS), -1, np.int32),
        "own_flips": np.zeros((clusters, MEMBERS), np.uint32),
        "own_first": np.zeros((clusters, FIRSTS), f"S{NAME}"),
        "grown_asked": np.zeros((clusters, MEMBERS), np.uint32),
    }


def of_one_client(asked: Array) -> bool:
    """Say whether most rows of a cluster are one client's. asked: how many each sent."""
    return bool(asked.max() > ONE_CLIENT * asked.sum())


class Members:
    """The clients of clusters, as rows come; changes the arrays that it is given, those of `empty_members`."""

    def __init__(self, arrays: Mapping[str, Array]) -> None:
        self._a = arrays

    def begin(self, k: int) -> None:
        """Begin a cluster that has none."""
        for name in ("members", "asked", "own_flips", "grown_asked"):
            self._a[name][k] = 0
        self._a["own_label"][k], self._a["own_first"][k] = -1, b""

    def fade(self, k: int) -> None:
        """Count half of what was sent until now."""
        for name in ("asked", "own_flips"):
            self._a[name][k] //= 2

    def rest(self, k: int) -> None:
        """Count anew what is sent since the cluster last rested."""
        self._a["grown_asked"][k] = 0

    def rows(self, k: int) -> int:
        """Count the rows of all clients."""
        return int(self._a["asked"][k].sum())

    def of_one(self, k: int, *, lately: bool = False) -> bool:
        """Say whether most rows are one client's; lately: of those since the cluster last rested."""
        return of_one_client(self._a["grown_asked" if lately else "asked"][k])

    def count(self, k: int, client: int, label: int, name: bytes) -> tuple[int, int, bool]:
        """Count a row of a client; give how many it has sent, how often its answer flipped, and whether it did now."""
        a, place = self._a, self._room_for(k, client)
        if place < 0:
            return 0, 0, False
        flipped = label >= 0 and a["own_label"][k, place] not in (-1, label)
        a["own_flips"][k, place] += flipped
        a["own_label"][k, place] = label
        if place < FIRSTS and not a["own_first"][k, place]:
            a["own_first"][k, place] = name
        a["asked"][k, place] += 1
        a["grown_asked"][k, place] += 1
        return int(a["asked"][k, place]), int(a["own_flips"][k, place]), bool(flipped)

    def _room_for(self, k: int, client: int) -> int:
        """Give a client's place among a cluster's; -1 for no client, and where there is no room for another."""
        a = self._a
        if not client:
            return -1
        held = np.flatnonzero(a["members"][k] == client)
        if held.size:
            return int(held[0])
        free = np.flatnonzero(a["asked"][k] == 0)
        if not free.size:
            return -1
        a["members"][k, free[0]], a["grown_asked"][k, free[0]] = client, 0
        a["own_label"][k, free[0]], a["own_flips"][k, free[0]] = -1, 0
        a["own_first"][k, free[0] : free[0] + 1] = b""
        return int(free[0])
