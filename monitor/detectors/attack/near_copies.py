"""How near-copies are told: rows that share more buckets than hardly any honest ones do, among so many before them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from monitor.detectors.attack.buckets import Usual, empty_memory, shared
from monitor.detectors.attack.clusters import CLUSTERS, Clusters, empty_clusters
from monitor.detectors.attack.ecusum import Gains
from monitor.detectors.attack.fingerprint import Fingerprint
from monitor.detectors.attack.sketches import TABLES
from monitor.detectors.attack.space import Rows, Space
from monitor.detectors.attack.walks import near_by_chance

Array = NDArray[Any]
Hashes = NDArray[np.uint64]

JOINING, LEAST_TABLES, ENOUGH, LEAST_FALL = 0.002, 4, 8, 0.4
HALF_OF_A_TEXT = TABLES // 2
"""A near-copy of a text has at least about half of its words, as two texts share words in as many tables."""
LEAST_HORIZON = 1_000
"""So many rows of the traffic, at least, are near-copies looked for among."""
LEAST_GROWTH, GROWTH_TIMES = 0.002, 3.0


@dataclass(frozen=True, eq=False)
class NearCopies:
    """What the reference tells of rows that are alike.

    fingerprint: how rows are hashed; usual: how the reference fills its buckets. joins: from so many tables shared on a
    row belongs to a cluster; joins_without: where a column is not looked at, shape (columns,). beside: from so many on
    it is a near-copy of the row that its client sent before. growth: the share of the
    stream that one honest cluster takes at most; largest: how many rows the largest one of the reference has. horizon:
    among so many rows of the traffic are near-copies looked for, as many as held-out rows had before them in the mean.
    load: so many near-copies of one row honest clients send as a rule; 0 where they send none, or nothing tells of it.
    """

    fingerprint: Fingerprint
    usual: Usual
    joins: int
    joins_without: NDArray[np.int64]
    beside: int
    growth: float
    largest: int
    horizon: int
    load: int = 0

    @classmethod
    def of(
        cls, space: Space, rows: Rows, first: NDArray[np.bool_], apart: NDArray[np.intp], *, rng: np.random.Generator
    ) -> "NearCopies":
        """Learn it from the reference's rows.

        first: which of them fill the buckets; apart: the places of the others, each sort of row once, in their order.
        rng: who can guess its numbers can keep out of the buckets.
        """
        fingerprint = Fingerprint.of(space, rng=rng)
        buckets = fingerprint.buckets(space.scaled(rows), rows)
        usual = Usual.of(buckets[first])
        least = LEAST_TABLES if rows.sketches is None else HALF_OF_A_TEXT
        joins, share, largest = _joining(usual, buckets[apart], rows.take(apart), fingerprint, least=least)
        return cls(
            fingerprint,
            usual=Usual.of(buckets) if largest else usual,
            joins=joins[0],
            joins_without=np.array(joins[1:], np.int64),
            beside=near_by_chance(buckets[apart], least=least),
            growth=max(LEAST_GROWTH, GROWTH_TIMES * share),
            largest=largest,
            horizon=_horizon(apart.size),
        )

    def arrays(self) -> dict[str, Array]:
        """Give what `from_arrays` makes it from."""
        return {
            "offsets": self.fingerprint.offsets,
            "weights": self.fingerprint.weights,
            "buckets": self.usual.buckets,
            "shares": self.usual.shares,
            "joins_without": self.joins_without,
            "numbers": np.array([self.joins, self.beside, self.growth, self.largest, self.horizon, self.load]),
        }

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, Array]) -> "NearCopies":
        """Make it from its arrays."""
        joins, beside, growth, largest, horizon, load = arrays["numbers"].tolist()
        return cls(
            Fingerprint(arrays["offsets"], arrays["weights"]),
            usual=Usual(arrays["buckets"], arrays["shares"]),
            joins=int(joins),
            joins_without=arrays["joins_without"],
            beside=int(beside),
            growth=growth,
            largest=int(largest),
            horizon=int(horizon),
            load=int(load),
        )


def _joining(
    usual: Usual, buckets: Hashes, rows: Rows, fingerprint: Fingerprint, *, least: int
) -> tuple[list[int], float, int]:
    """Play held-out rows as a stream, one client each; give how many shared tables are needed, and clusters' size.

    The least number, at least `least`, at which hardly any honest row joins a cluster, of all tables and of those that
    do not look at each of the columns; the largest cluster's share of the rows, and its rows.
    """
    n = len(rows)
    told = shared(
        empty_memory(),
        buckets,
        usual=usual,
        horizon=n,
        lately=n,
        client=np.arange(1, n + 1, dtype=np.uint32),
        asked=np.ones(n, np.int64),
        varied=np.zeros(n, np.bool_),
        new=np.ones(n, np.bool_),
        newcomers=np.arange(1, n + 1, dtype=np.int64),
        at=np.arange(n, dtype=np.int64),
    ).told
    looks = fingerprint.weights != 0
    joins = [_tables_needed(told, least)]
    joins += [_tables_needed(told[:, ~looks[:, column]], least) for column in range(rows.width)]
    clusters = Clusters(arrays := empty_clusters(rows.numbers.shape[1], rows.codes.shape[1]), Gains.of(np.array([0.1])))
    for i in np.flatnonzero(told.sum(axis=1) >= joins[0])[: 4 * CLUSTERS].tolist():
        clusters.join(
            buckets[i],
            numbers=rows.numbers[i],
            codes=rows.codes[i],
            client=0,
            label=-1,
            margin=0.0,
            at=i,
            stretch=0,
            name=b"",
        )
    largest = int(arrays["size"].max())
    return joins, largest / max(n, 1), largest


def _horizon(rows: int) -> int:
    """Give among how many rows near-copies are looked for: as many as held-out rows had before them in the mean."""
    return max(LEAST_HORIZON, rows // 2)


def _tables_needed(told: NDArray[np.bool_], least: int) -> int:
    """Give how many shared tables, at least `least`, hardly any honest row has; more than there are of fewer than that.

    told: of held-out rows as they came, so that each had half of them before it in the mean; a row of the traffic has
    all within the horizon. Where few rows shared so many tables, their number is taken to fall on as it did before, and
    by no more than to two fifths with each.
    """
    counted, tables = told.sum(axis=1), told.shape[1]
    if tables < least:
        return TABLES + 1
    most = JOINING * len(told) * (len(told) / 2) / _horizon(len(told))
    shared_by = np.array([(counted >= t).sum() for t in range(tables + 1)], np.float64)
    last = max(int((shared_by >= ENOUGH).sum()) - 1, 2)
    fall = max(np.sqrt(max(shared_by[last], 1.0) / max(shared_by[last - 2], 1.0)), LEAST_FALL)
    expected = np.where(shared_by >= ENOUGH, shared_by, ENOUGH * fall ** (np.arange(tables + 1) - last))
    enough = (expected <= most) & (shared_by <= max(most, 1.0))
    return next((t for t in range(least, tables) if enough[t]), tables)
