"""Honest clients of seven days: ordinary, skewed, retrying, polling, what-if users and sensors."""

from dataclasses import dataclass

import numpy as np
from sklearn.cluster import KMeans
from sklearn.neighbors import NearestNeighbors

from attacks.worlds import Rows, World

SHARES = {"ordinary": 0.54, "skewed": 0.2, "retrying": 0.08, "polling": 0.06, "what-if": 0.07, "sensor": 0.05}
WEEK = 7 * 86_400.0
LEG = 25
"""A sensor takes so many steps from a row to the next."""


@dataclass
class Supply:
    """New rows of the honest population, real ones first, handed out once each; a cluster's are a segment's.

    some, near: a few thousand of them, and which of these lie next to each other.
    """

    rows: Rows
    cluster: np.ndarray
    used: np.ndarray
    some: Rows
    near: NearestNeighbors

    def take(self, n: int, cluster: int | None = None) -> Rows:
        """Take n rows, of one cluster if it is given; where a cluster has run dry its rows come again."""
        free = ~self.used if cluster is None else ~self.used & (self.cluster == cluster)
        at = np.flatnonzero(free)[:n]
        if len(at) < n:
            again = np.flatnonzero(self.cluster == cluster) if cluster is not None else np.arange(len(self.rows))
            at = np.concatenate([at, np.resize(again, n - len(at))])
        self.used[at] = True
        return self.rows[at]


def benign(world: World, *, clients: int, rows: int, seed: int) -> tuple[Rows, np.ndarray, np.ndarray, np.ndarray]:
    """Give rows, the seconds of each since the start, the number of its client, and that client's type."""
    rng = np.random.default_rng(seed)
    supply = _supply(world, rng, rows)
    kinds = rng.choice(list(SHARES), clients, p=list(SHARES.values()))
    sizes = np.clip(rng.lognormal(0, 1.1, clients), 0.05, 20)
    sizes = np.maximum(3, sizes * (rows / sizes.sum())).astype(int)
    made = [_MAKERS[str(kind)](world, rng, supply, int(n)) for kind, n in zip(kinds, sizes, strict=True)]
    lengths = [len(one) for one, _ in made]
    who = np.repeat(np.arange(clients), lengths)
    return np.vstack([one for one, _ in made]), np.concatenate([at for _, at in made]), who, np.repeat(kinds, lengths)


def _supply(world: World, rng: np.random.Generator, rows: int) -> Supply:
    real = world.pool[rng.permutation(len(world.pool))][: int(rows * 1.1)]
    missing = int(rows * 1.1) - len(real)
    real = np.vstack([real, world.fresh(rng, missing)]) if missing > 0 else real
    clusters = KMeans(12, n_init=1, random_state=0).fit(world.unit(real[:5_000]))
    order = rng.permutation(len(real))
    cluster, some = clusters.predict(world.unit(real[order])), real[:5_000]
    near = NearestNeighbors(n_neighbors=6).fit(world.unit(some))
    return Supply(real[order], cluster, np.zeros(len(real), dtype=bool), some, near)


def _spread(rng: np.random.Generator, n: int) -> np.ndarray:
    """Spread questions over some part of the week, as a client that is active for a while does."""
    length = rng.uniform(0.2, 1.0) * WEEK
    return np.sort(rng.uniform(0, WEEK - length) + rng.uniform(0, length, n))


def _ordinary(_: World, rng: np.random.Generator, supply: Supply, n: int) -> tuple[Rows, np.ndarray]:
    return supply.take(n), _spread(rng, n)


def _skewed(_: World, rng: np.random.Generator, supply: Supply, n: int) -> tuple[Rows, np.ndarray]:
    """Stay in one segment of the traffic; how many clients a segment has goes by its size, as the reference saw it."""
    return supply.take(n, int(rng.choice(supply.cluster))), _spread(rng, n)


def _retrying(_: World, rng: np.random.Generator, supply: Supply, n: int) -> tuple[Rows, np.ndarray]:
    times = 1 + rng.geometric(0.4, n) * (rng.random(n) < 0.4)
    which = np.repeat(np.arange(n), times)[:n]
    first = np.concatenate([[True], which[1:] != which[:-1]])
    waits = np.where(first, 0.0, rng.uniform(1, 20, n))
    return supply.take(int(which[-1]) + 1)[which], _spread(rng, int(which[-1]) + 1)[which] + np.cumsum(waits) / n


def _polling(_: World, rng: np.random.Generator, supply: Supply, n: int) -> tuple[Rows, np.ndarray]:
    own = supply.take(int(rng.integers(1, 5)))
    return own[np.arange(n) % len(own)], rng.uniform(0, 3600) + np.arange(n) * (0.95 * WEEK / max(n, 100))


def _what_if(world: World, rng: np.random.Generator, supply: Supply, n: int) -> tuple[Rows, np.ndarray]:
    """Vary one field of a row three to eight times, then ask of another row; a field's values are real ones."""
    rows, at = [], []
    begins = iter(_spread(rng, n))
    while len(rows) < n:
        row, field, begun = supply.take(1)[0], int(rng.integers(len(world.columns))), next(begins)
        for step in range(int(rng.integers(4, 10))):
            rows.append(row.copy())
            at.append(begun + step * rng.uniform(5, 60))
            row[field] = world.pool[int(rng.integers(len(world.pool))), field]
    return np.array(rows[:n]), np.array(at[:n])


def _sensor(world: World, rng: np.random.Generator, supply: Supply, n: int) -> tuple[Rows, np.ndarray]:
    """Go slowly from a row to one of its nearest, and on from there, with a little noise."""
    at = int(rng.integers(len(supply.some)))
    parts = []
    for _ in range(n // LEG + 1):
        to = int(rng.choice(supply.near.kneighbors(world.unit(supply.some[at : at + 1]))[1][0, 1:]))
        share = np.arange(LEG)[:, None] / LEG
        a, b = (world.unit(supply.some[place]) for place in (at, to))
        parts.append(np.where(world.categorical, np.where(share < 0.5, a, b), a + share * (b - a)))
        at = to
    moved = np.vstack(parts)[:n]
    moved = moved + np.where(world.categorical | (moved == 0), 0.0, rng.normal(0, 0.003, moved.shape))
    return world.rows(moved), rng.uniform(0, 3600) + np.arange(n) * (0.95 * WEEK / max(n, 100))


_MAKERS = {
    "ordinary": _ordinary,
    "skewed": _skewed,
    "retrying": _retrying,
    "polling": _polling,
    "what-if": _what_if,
    "sensor": _sensor,
}
