"""Clusters of near-duplicate rows: how large, from whom, how often the answer flipped, and what was varied.

They are kept in arrays of fixed size; when these are full, the cluster that was begun longest ago makes room, unless
one client's search goes on in it.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from monitor.detectors.attack.ecusum import Gains
from monitor.detectors.attack.growth import RESTS, Growth, empty_growth
from monitor.detectors.attack.members import NAME, Members, empty_members
from monitor.detectors.attack.variations import few_of

Array = NDArray[Any]
Places = NDArray[np.intp]

CLUSTERS, LINKS = 1024, 2**16
LABELS, SAMPLES = 8, 3
LARGE, GROWS_WITHIN, TRIES = 8, 20_000, 64


def empty_clusters(numbers: int, categories: int) -> dict[str, Array]:
    """Give room for clusters of rows of so many numbers and categories."""
    wide = numbers + categories
    return {
        **empty_growth(CLUSTERS),
        **empty_members(CLUSTERS),
        "link_tag": np.zeros(LINKS, np.uint32),
        "link": np.full(LINKS, -1, np.int32),
        "next": np.zeros(1, np.int64),
        "serial": np.full(CLUSTERS, -1, np.int64),
        "size": np.zeros(CLUSTERS, np.uint32),
        "label": np.full(CLUSTERS, -1, np.int64),
        "labels": np.zeros((CLUSTERS, LABELS), np.uint32),
        "grown_size": np.zeros(CLUSTERS, np.uint32),
        "grown_flips": np.zeros(CLUSTERS, np.uint32),
        "grown_from": np.zeros((CLUSTERS, numbers)),
        "grown_from_codes": np.zeros((CLUSTERS, categories), np.int32),
        "exemplar": np.zeros((CLUSTERS, numbers)),
        "exemplar_codes": np.zeros((CLUSTERS, categories), np.int32),
        "exemplar_label": np.full(CLUSTERS, -1, np.int64),
        "latest": np.zeros((CLUSTERS, numbers)),
        "latest_codes": np.zeros((CLUSTERS, categories), np.int32),
        "varied": np.zeros((CLUSTERS, wide), np.bool_),
        "margin": np.zeros(CLUSTERS),
        "ids": np.zeros((CLUSTERS, SAMPLES), f"S{NAME}"),
    }


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
        self._a, self._members, self.growth, self.links = arrays, Members(arrays), Growth(arrays, growth), links

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
        self._rest(k, at, stretch, flipped=flipped)
        limit = self.growth.grow(k, at)
        a["ids"][k, int(a["size"][k]) % SAMPLES] = name
        same, own_flips, own_flipped = self._members.count(k, client, label, name)
        return Joined(
            k,
            same,
            self._members.rows(k),
            int(a["grown_size"][k]),
            alone=not self._varied(k, numbers, codes),
            flipped=own_flipped if same else flipped,
            flips=int(a["grown_flips"][k]),
            own_flips=own_flips,
            peak=self.growth.peak(k),
            limit=limit,
            shared=not self._members.of_one(k, lately=True),
        )

    def _begun(self, numbers: Array, codes: Array, label: int, at: int, name: bytes) -> int:
        a = self._a
        serial = self._room(at)
        k = serial % CLUSTERS
        a["next"][0] = serial + 1
        for array in ("size", "labels", "varied", "margin", "grown_size"):
            a[array][k] = 0
        self._members.begin(k)
        self.growth.begin(k, at)
        a["serial"][k], a["label"][k], a["exemplar_label"][k] = serial, -1, label
        a["exemplar"][k], a["exemplar_codes"][k], a["ids"][k] = numbers, codes, name
        return k

    def _room(self, at: int) -> int:
        """Give the next cluster's number: it takes the place of the oldest in which no search of one client goes on."""
        a, serial = self._a, int(self._a["next"][0])
        for later in range(serial, serial + TRIES):
            k = later % CLUSTERS
            if a["size"][k] < LARGE or self.growth.since(k, at) > GROWS_WITHIN or not self._members.of_one(k):
                return later
        return serial

    def _rest(self, k: int, at: int, stretch: int, *, flipped: bool) -> None:
        """Count a row to what a cluster grows by, which begins with it where it had come to rest.

        What many clients sent counts half in the next stretch of time: it is the world's, which moves on.
        """
        a = self._a
        if self.growth.is_new_to(k, stretch) and a["size"][k] > 1 and not self._members.of_one(k):
            self._members.fade(k)
            a["size"][k] //= 2
            a["labels"][k] //= 2
        if self.growth.since(k, at) - 1 > RESTS or not a["grown_size"][k]:
            a["grown_size"][k], a["grown_flips"][k] = 0, 0
            self._members.rest(k)
            a["grown_from"][k], a["grown_from_codes"][k] = a["latest"][k], a["latest_codes"][k]
        else:
            a["grown_flips"][k] += flipped
        a["grown_size"][k] += 1

    def _varied(self, k: int, numbers: Array, codes: Array) -> bool:
        a = self._a
        a["varied"][k] |= np.concatenate([_apart(a["exemplar"][k], numbers), a["exemplar_codes"][k] != codes])
        varied = a["varied"][k]
        return bool(varied.sum() > few_of(varied.size))


def _apart(one: Array, other: Array) -> NDArray[np.bool_]:
    return np.asarray((one != other) & ~(np.isnan(one) & np.isnan(other)))
