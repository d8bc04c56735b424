"""Where odd begins in each region of the population and for each odd category, and how doubtful a row is, all told.

Honest clients stay in a segment of the traffic, and some segments lie at the edge of the population, or at the boundary
between answers. Beside the rows of its own region, and of its own category, a segment's row is as odd as any other.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import bdtrc, betaincinv, ndtri

from monitor.detectors.attack.indicators import TAILS
from monitor.detectors.attack.population import tail_of
from monitor.detectors.attack.space import Floats

Array = NDArray[Any]
Flags = NDArray[np.bool_]
Points = NDArray[np.float32]
Codes = NDArray[np.int64]

MOST, ROWS_OF_EACH, FEWEST, ROUNDS = 16, 100, 40, 20
RARE, FURTHEST, FINE = 0.01, 4.0, 2048
SURELY = 0.99
FEWEST_OF_ONE, BY_CHANCE = 8, 1e-3
"""Of so many rows of one category held out, the next is beyond the worst one time in nine."""
DOUBTS = ("trust", "margin", "combination")


@dataclass(frozen=True, eq=False)
class Regions:
    """The population's regions, and where in each of them the worst rows begin.

    centres: of the regions, shape (regions, dimensions). limits: above which a row shows a sign, shape (tails,
    regions); worst: above which it is in the region's worst hundredth. rare: above which it is in that of all, shape
    (tails,). NaN where that is unknown. odd: the categories whose rows show a sign far more often than others, as
    column and code, shape (categories, 2); odd_limits, odd_worst: where it begins for these, shape (categories, tails),
    -inf where they are as others.
    """

    centres: Points
    limits: Floats
    worst: Floats
    rare: Floats
    odd: Codes
    odd_limits: Floats
    odd_worst: Floats

    @classmethod
    def of(
        cls, points: Points, held: Points, codes: Codes, found: Mapping[str, Floats], *, rng: np.random.Generator
    ) -> "Regions":
        """Make them of points of one half of the reference; the other half tells where the worst rows begin.

        held, codes, found: points, categories and statistics of that other half. There is a region for a hundred of
        them, sixteen at most; where fewer than forty fall, all of them tell. (Lloyd 1982)
        """
        distinct = np.unique(points, axis=0)
        count = max(1, min(MOST, len(held) // ROWS_OF_EACH, len(distinct)))
        none, nobody = np.empty((0, count)), np.empty((0, len(TAILS)))
        nothing = np.empty((0, 2), np.int64)
        regions = cls(rng.choice(distinct, count, replace=False), none, none, np.empty(0), nothing, nobody, nobody)
        for _ in range(ROUNDS):
            regions = replace(regions, centres=_means(points, regions.at(points), regions.centres))
        here, anywhere = regions.at(held), np.full(len(held), -1)
        told = [(tail, found[tail.statistic], here if tail.by_region else anywhere) for tail in TAILS.values()]
        limits = np.array([_limits(values, where, count, tail.share) for tail, values, where in told])
        worst = np.array([_limits(values, where, count, RARE) for _, values, where in told])
        rare = [_limit(found[tail.statistic], RARE) if tail.rare else np.nan for tail in TAILS.values()]
        regions = replace(regions, limits=limits, worst=np.maximum(limits, worst), rare=np.array(rare))
        odd = list(_odd_categories(regions, held, codes, found))
        if not odd:
            return regions
        names, own = np.array([one for one, _, _ in odd]), np.array([both for _, *both in odd])
        return replace(regions, odd=names, odd_limits=own[:, 0], odd_worst=own[:, 1])

    def at(self, points: Points) -> NDArray[np.intp]:
        """Give the region of each point: that of the nearest centre."""
        half = np.einsum("ij,ij->i", self.centres, self.centres) / 2
        return np.asarray((half - points @ self.centres.T).argmin(axis=1))

    def shown(self, found: Mapping[str, Floats], points: Points, codes: Codes) -> tuple[Flags, Flags, Flags]:
        """Say of which signs rows tell, which they show, and where they are the worst, shape (rows, tails).

        found: their statistics by name; points: where they lie; codes: their categories.
        """
        region = self.at(points)
        limits, worst = self.limits[:, region], self.worst[:, region]
        for (column, code), own, own_worst in zip(self.odd.tolist(), self.odd_limits, self.odd_worst, strict=True):
            theirs = np.flatnonzero(codes[:, column] == code)
            limits[:, theirs] = np.maximum(limits[:, theirs], own[:, None])
            worst[:, theirs] = np.maximum(worst[:, theirs], own_worst[:, None])
        values = np.array([found[tail.statistic] for tail in TAILS.values()])
        known = np.isfinite(values) & np.isfinite(limits)
        return known.T, (known & (values > limits)).T, (known & (values > worst)).T

    def arrays(self) -> dict[str, Array]:
        """Give what it is made from again."""
        return {name: getattr(self, name) for name in self.__dataclass_fields__}


def _odd_categories(
    regions: Regions, held: Points, codes: Codes, found: Mapping[str, Floats]
) -> Iterator[tuple[tuple[int, int], Floats, Floats]]:
    """Give each category whose rows show a sign far more often than others', and where it begins for these."""
    known, shown, _ = regions.shown(found, held, np.empty((len(held), 0), np.int64))
    values = np.array([found[tail.statistic] for tail in TAILS.values()])
    for column in range(codes.shape[1]):
        for code in np.unique(codes[codes[:, column] >= 0, column]).tolist():
            own = codes[:, column] == code
            limits, worst = np.full((2, len(TAILS)), -np.inf)
            for place, tail in enumerate(TAILS.values()):
                told = own & known[:, place]
                rows, hits = int(told.sum()), int(shown[told, place].sum())
                if tail.by_region and rows >= FEWEST_OF_ONE and bdtrc(hits - 1, rows, 2 * tail.share) < BY_CHANCE:
                    limits[place] = _begins(values[place, told], tail.share, otherwise=values[place, told].max())
                    worst[place] = _begins(values[place, told], RARE, otherwise=np.inf)
            if np.isfinite(limits).any():
                yield (column, code), limits, np.maximum(limits, worst)


def beyond_at_most(share: float, rows: float) -> float:
    """Give the share of rows to come that lie beyond where the worst share of so many rows begins, at most.

    Of so many rows drawn anew it is more one time in a hundred. (Wilks 1941)

    >>> round(beyond_at_most(0.05, 100), 3), round(beyond_at_most(0.05, 10_000), 3)
    (0.112, 0.055)
    """
    beyond = max(share * rows, 1.0)
    return float(betaincinv(beyond, rows - beyond + 1, SURELY))


def doubt_of(usual: Mapping[str, Floats], found: Mapping[str, Floats]) -> Floats:
    """Give how doubtful each row is: nearer to another answer's rows, barely decided, of values that go badly together.

    Each is laid beside what is usual and read as a normal deviate; what is undefined says nothing, and NaN is a row of
    which all is. Higher is more doubtful. (Stouffer 1949)
    """
    scores = np.array([_deviates(usual[name], found[name]) for name in DOUBTS if usual[name].size])
    if not scores.size:
        return np.full(len(found[DOUBTS[0]]), np.nan)
    known = ~np.isnan(scores)
    return np.where(known.any(axis=0), np.where(known, np.clip(scores, -FURTHEST, FURTHEST), 0.0).sum(axis=0), np.nan)


def _deviates(usual: Floats, values: Floats) -> Floats:
    """Give what the share of usual values that are as large is as a normal deviate; some of many will do."""
    some = usual[:: max(1, usual.size // FINE)].copy()
    table = -ndtri(tail_of(some, np.append(some, np.inf)))
    return np.where(np.isnan(values), np.nan, table[np.searchsorted(some, values)])


def _means(points: Points, where: NDArray[np.intp], before: Points) -> Points:
    """Give the mean of the points of each region; the centre before of one that has none."""
    own = [points[where == k] for k in range(len(before))]
    return np.array([here.mean(axis=0) if len(here) else centre for here, centre in zip(own, before, strict=True)])


def _limits(values: Floats, where: NDArray[np.intp], count: int, share: float) -> Floats:
    """Give where the worst of each region begin; of all rows where hardly two of its own would be among them.

    NaN where none of all would be.
    """
    enough, known = max(FEWEST, 2 / share), np.isfinite(values)
    everywhere = _limit(values, share) if share * known.sum() >= 1 else np.nan
    own = [values[known & (where == k)] for k in range(count)]
    return np.array([_limit(here, share) if here.size >= enough else everywhere for here in own])


def _begins(values: Floats, share: float, *, otherwise: float) -> float:
    """Give where the worst share of some values begins; `otherwise` where hardly two of them would be among it."""
    return _limit(values, share) if values.size >= 2 / share else float(otherwise)


def _limit(values: Floats, share: float) -> float:
    known = values[np.isfinite(values)]
    return float(np.quantile(known, 1 - share)) if known.size else float("nan")
