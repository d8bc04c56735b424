"""Clusters of near-duplicate rows: how large, from whom, how often the answer flipped, and what was varied.

They are kept in arrays of fixed size; when these are full, the cluster that was begun longest ago makes room, unless
one client's search goes on in it.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from monitor.detectors.attack.ecusum import WIDTH, Gains, evidence
from monitor.detectors.attack.packing import part_of
from monitor.detectors.attack.record import TWICE, begin, begins, empty_record, enough, limits
from monitor.detectors.attack.variations import few_of

Array = NDArray[Any]
Places = NDArray[np.intp]

CLUSTERS, LINKS = 1024, 2**16
MEMBERS, LABELS, SAMPLES, NAME = 64, 8, 3, 64
FIRSTS = 8
"""Of so many of a cluster's clients the id of the first row is kept: ids take room."""
ONE_CLIENT = 0.6
TOGETHER = 3
"""Who searches from one row after another makes many clusters: those of so many stretches are put together."""
LARGE, GROWS_WITHIN, TRIES = 8, 20_000, 64
RESTS = 4_000
"""A cluster has come to rest that takes none of so many rows: of one that takes a 500th, once in 3,000 times."""
ALARM = 20.0
"""The log of the evidence that tells a cluster from all the thousand that are looked at."""


def empty_clusters(numbers: int, categories: int) -> dict[str, Array]:
    """Give room for clusters of rows of so many numbers and categories."""
    wide = numbers + categories
    return {
        "link_tag": np.zeros(LINKS, np.uint32),
        "link": np.full(LINKS, -1, np.int64),
        "next": np.zeros(1, np.int64),
        **{f"most_{name}": array for name, array in empty_record(1).items()},
        "most_beyond": np.zeros(TOGETHER),
        "serial": np.full(CLUSTERS, -1, np.int64),
        "size": np.zeros(CLUSTERS, np.uint32),
        "last": np.zeros(CLUSTERS, np.int64),
        "label": np.full(CLUSTERS, -1, np.int64),
        "labels": np.zeros((CLUSTERS, LABELS), np.uint32),
        "ratios": np.zeros((CLUSTERS, WIDTH)),
        "peak": np.zeros(CLUSTERS),
        "stretch": np.zeros(CLUSTERS, np.int64),
        "members": np.zeros((CLUSTERS, MEMBERS), np.uint32),
        "asked": np.zeros((CLUSTERS, MEMBERS), np.uint32),
        "own_label": np.full((CLUSTERS, MEMBERS), -1, np.int32),
        "own_flips": np.zeros((CLUSTERS, MEMBERS), np.uint32),
        "own_first": np.zeros((CLUSTERS, FIRSTS), f"S{NAME}"),
        "grown_size": np.zeros(CLUSTERS, np.uint32),
        "grown_flips": np.zeros(CLUSTERS, np.uint32),
        "grown_asked": np.zeros((CLUSTERS, MEMBERS), np.uint32),
        "grown_from": np.zeros((CLUSTERS, numbers)),
        "grown_from_codes": np.zeros((CLUSTERS, categories), np.int64),
        "exemplar": np.zeros((CLUSTERS, numbers)),
        "exemplar_codes": np.zeros((CLUSTERS, categories), np.int64),
        "exemplar_label": np.full(CLUSTERS, -1, np.int64),
        "latest": np.zeros((CLUSTERS, numbers)),
        "latest_codes": np.zeros((CLUSTERS, categories), np.int64),
        "varied": np.zeros((CLUSTERS, wide), np.bool_),
        "margin": np.zeros(CLUSTERS),
        "ids": np.zeros((CLUSTERS, SAMPLES), f"S{NAME}"),
    }


def of_one_client(asked: Array) -> bool:
    """Say whether most rows of a cluster are one client's. asked: how many each sent."""
    return bool(asked.max() > ONE_CLIENT * asked.sum())


class Joined(NamedTuple):
    """What a row did to its cluster.

    same: how many near-duplicates of it its client has sent; all: how many all clients have; size: how many rows came
    since it last rested: an old cluster may be taken up again. alone: few columns vary in the cluster, as when people
    ask "what if". flipped: the answer differs from the one to its client's last row in the cluster, or where that is
    not kept to the row before it; flips: how often the answer to the rows of `size` differed from that to the row
    before it, own_flips: from that to the client's last one.
    peak: the most evidence that it grows too fast, in the running stretch of time; limit: what honest clusters come to.
    shared: most of these rows are not one client's.
    """

    cluster: int
    same: int
    all: int
    size: int
    alone: bool
    flipped: bool
    flips: int
    own_flips: int
    peak: float
    limit: float
    shared: bool


class Memberships(NamedTuple):
    """Which clusters rows joined, -1 for none, and what these were then; each of shape (rows,).

    size, flips: of the cluster, since it last rested. own, own_flips: of those of the row's client in it. peak,
    limit, shared: as `Joined` has them.
    """

    cluster: Places
    size: NDArray[np.int64]
    flips: NDArray[np.int64]
    own: NDArray[np.int64]
    own_flips: NDArray[np.int64]
    peak: NDArray[np.float64]
    limit: NDArray[np.float64]
    shared: NDArray[np.bool_]

    @classmethod
    def none(cls, rows: int) -> "Memberships":
        """Begin with rows that have joined none."""
        size, flips, own, own_flips = np.zeros((4, rows), np.int64)
        peak, limit = np.zeros((2, rows))
        return cls(np.full(rows, -1, np.intp), size, flips, own, own_flips, peak, limit, np.zeros(rows, np.bool_))

    def note(self, row: int, joined: Joined) -> None:
        """Note what a row joined."""
        counts = joined.cluster, joined.size, joined.flips, joined.same, joined.own_flips
        for held, value in zip(self, (*counts, joined.peak, joined.limit, joined.shared), strict=True):
            held[row] = value

    def at(self, rows: Places) -> "Memberships":
        """Give those of some rows."""
        return Memberships._make(held[rows] for held in self)


class Clusters:
    """Clusters as they grow, row by row; changes the arrays that it is given.

    links: a row belongs to the cluster that holds most of its buckets, so many of them at least.
    """

    def __init__(self, arrays: Mapping[str, Array], growth: Gains, *, links: int = 1) -> None:
        self._a, self._most = arrays, part_of(arrays, "most_")
        self.growth, self.links = growth, links

    def join(
        self,
        buckets: NDArray[np.uint64],
        *,
        numbers: Array,
        codes: Array,
        client: int,
        label: int,
        margin: float,
        at: int,
        stretch: int,
        name: bytes,
    ) -> Joined:
        """Put a near-duplicate into the cluster that most of its buckets belong to, or begin one.

        at: its number in the stream. stretch: the number of the stretch of time that it falls into.
        """
        a = self._a
        slots = (buckets & np.uint64(LINKS - 1)).astype(np.intp)
        tags = (buckets >> np.uint64(32)).astype(np.uint32)
        linked = a["link"][slots][a["link_tag"][slots] == tags] % CLUSTERS
        serials = a["link"][slots][a["link_tag"][slots] == tags]
        linked = linked[(serials >= 0) & (a["serial"][linked] == serials)]
        counts = np.bincount(linked, minlength=1)
        k = int(counts.argmax()) if counts.max() >= self.links else self._begun(numbers, codes, label, at, name)
        a["link_tag"][slots], a["link"][slots] = tags, a["serial"][k]
        a["size"][k] += 1
        flipped = bool(label != a["label"][k] and label >= 0 and a["label"][k] >= 0)
        a["label"][k] = label
        if 0 <= label < LABELS:
            a["labels"][k, label] += 1
        if margin == margin:  # noqa: PLR0124  # not NaN
            a["margin"][k] += (margin - a["margin"][k]) / float(a["size"][k])
        a["latest"][k], a["latest_codes"][k] = numbers, codes
        limit = self._grow(k, at, stretch, flipped=flipped)
        a["ids"][k, int(a["size"][k]) % SAMPLES] = name
        same, own_flips, own_flipped = self._asked(k, client, label, name)
        return Joined(
            k,
            same,
            int(a["asked"][k].sum()),
            int(a["grown_size"][k]),
            alone=not self._varied(k, numbers, codes),
            flipped=own_flipped if same else flipped,
            flips=int(a["grown_flips"][k]),
            own_flips=own_flips,
            peak=float(a["peak"][k]),
            limit=limit,
            shared=not of_one_client(a["grown_asked"][k]),
        )

    def turn(self, stretch: int) -> None:
        """Begin a stretch of time, where it is later than the running one."""
        if begins(self._most, stretch):
            begin(self._most, stretch)
            self._most["beyond"][:] = np.append(0.0, self._most["beyond"][:-1])

    def _begun(self, numbers: Array, codes: Array, label: int, at: int, name: bytes) -> int:
        a = self._a
        serial = self._room(at)
        k = serial % CLUSTERS
        a["next"][0] = serial + 1
        for array in (
            "size",
            "labels",
            "ratios",
            "peak",
            "members",
            "asked",
            "own_flips",
            "varied",
            "margin",
            "grown_size",
            "grown_asked",
        ):
            a[array][k] = 0
        a["serial"][k], a["last"][k], a["label"][k], a["exemplar_label"][k] = serial, at, -1, label
        a["exemplar"][k], a["exemplar_codes"][k] = numbers, codes
        a["ids"][k], a["own_label"][k], a["own_first"][k] = name, -1, b""
        return k

    def _room(self, at: int) -> int:
        """Give the next cluster's number: it takes the place of the oldest in which no search of one client goes on."""
        a, serial = self._a, int(self._a["next"][0])
        for later in range(serial, serial + TRIES):
            k = later % CLUSTERS
            if a["size"][k] < LARGE or at - a["last"][k] > GROWS_WITHIN or not of_one_client(a["asked"][k]):
                return later
        return serial

    def _grow(self, k: int, at: int, stretch: int, *, flipped: bool) -> float:
        """Gather evidence that it grows faster than any honest one; every row that did not join it speaks against that.

        Give how much is more than honest clusters come to. Where it had come to rest, what it grows by begins with the
        row: rows of long ago are none of it.

        In the stretch of time after one in which it raised an alarm the evidence begins anew. What many clients sent
        counts half in the next stretch: it is the world's, which moves on.
        """
        a, gains = self._a, self.growth
        if a["stretch"][k] != stretch:
            if a["peak"][k] >= ALARM:
                a["ratios"][k] = 0
            a["stretch"][k], a["peak"][k] = stretch, 0
            if a["size"][k] > 1 and not of_one_client(a["asked"][k]):
                for name in ("asked", "size", "labels", "own_flips"):
                    a[name][k] //= 2
        missed = max(at - int(a["last"][k]) - 1, 0)
        ratios = np.maximum(a["ratios"][k] + missed * gains.miss[0], 0.0) + gains.hit[0]
        if missed > RESTS or not a["grown_size"][k]:
            a["grown_size"][k], a["grown_flips"][k], a["grown_asked"][k] = 0, 0, 0
            a["grown_from"][k], a["grown_from_codes"][k] = a["latest"][k], a["latest_codes"][k]
        else:
            a["grown_flips"][k] += flipped
        a["grown_size"][k] += 1
        a["ratios"][k], a["last"][k] = ratios, at
        before = float(a["peak"][k])
        a["peak"][k] = max(before, float(evidence(ratios[None, None], gains)[0, 0]))
        limit = self._limit(before, float(a["peak"][k]))
        np.maximum(self._most["peak"], a["peak"][k], out=self._most["peak"])
        return limit

    def _limit(self, before: float, peak: float) -> float:
        """Give how much evidence is more than the clusters of honest stretches came to, when one's has risen.

        That is twice what one of them came to; or as much as that, where what clusters came to beyond it adds up to as
        much again: one in n stretches is so far beyond, and two are in far fewer. Infinite where too few went by.
        """
        beyond, alone = self._most["beyond"], float(limits(self._most, ALARM)[0])
        usual = alone / TWICE
        beyond[0] += max(peak, usual) - max(before, usual)
        if not enough(self._most):
            return np.inf
        return max(usual, ALARM) if beyond.sum() >= usual else alone

    def _asked(self, k: int, client: int, label: int, name: bytes) -> tuple[int, int, bool]:
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

    def _varied(self, k: int, numbers: Array, codes: Array) -> bool:
        a = self._a
        a["varied"][k] |= np.concatenate([_apart(a["exemplar"][k], numbers), a["exemplar_codes"][k] != codes])
        varied = a["varied"][k]
        return bool(varied.sum() > few_of(varied.size))


def _apart(one: Array, other: Array) -> NDArray[np.bool_]:
    return np.asarray((one != other) & ~(np.isnan(one) & np.isnan(other)))
