"""Evidence that a yes-or-no indicator is more often yes than it should be, gathered row by row: an e-CUSUM.

A client's rows are each in the worst few per cent of the reference, or not. For every alternative rate a there is the
log likelihood ratio of the rows since the last time that it spoke against a; the mean of the ratios over alternatives
is the evidence. (Page 1954; Shin, Ramdas & Rinaldo 2022)
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]
Places = NDArray[np.intp]

ALTERNATIVES = (0.1, 0.2, 0.4, 0.7, 0.95)
MULTIPLES = (2.0, 4.0)
WIDTH = len(ALTERNATIVES) + len(MULTIPLES)
WORST = {0.1: (0.7, 0.2), 0.4: (0.5, 0.1)}
"""Where the worst are told, in the place of such alternatives: the shares of rows among them, and of other hits.

The second is of an attacker whose every other row is an honest one.
"""
LEAST = 1.5
"""An alternative is so many times the rate that is expected, at least."""


@dataclass(frozen=True, eq=False)
class Gains:
    """What a hit and a miss add to the log likelihood ratio of each alternative, of several indicators.

    worst, hit, miss: shape (indicators, WIDTH); the first is that of a hit that is among the worst. weight: log of each
    alternative's share of the mean, -inf where it is none; all of them with an axis for the rows before, where these
    differ.
    """

    worst: Floats
    hit: Floats
    miss: Floats
    weight: Floats

    @classmethod
    def of(cls, rates: ArrayLike, *, worst: ArrayLike = np.nan, least: float = LEAST) -> "Gains":
        """Choose the alternatives to rates that are expected at most, each in (0, 1).

        worst: the part of the hits that is expected among the worst at most, each in (0, 1); NaN where none are told.
        least: so many times a rate lies an alternative to it, at least.
        """
        p = np.asarray(rates, np.float64)
        high, rest = _alternatives(p, np.broadcast_to(np.asarray(worst, np.float64), p.shape))
        a, p = high + rest, p[:, None]
        used = (a > least * p) & (a < 1)
        part = np.where(np.isnan(worst), 0.5, worst).reshape(-1, 1)
        with np.errstate(divide="ignore", invalid="ignore"):
            ratios = high / (p * part), rest / (p * (1 - part)), (1 - a) / (1 - p)
            of_worst, of_hit, of_miss = (np.where(used, np.log(ratio), 0.0) for ratio in ratios)
            weight = np.where(used, 0.0, -np.inf) - np.log(np.maximum(used.sum(axis=1, keepdims=True), 1))
        return cls(of_worst, of_hit, of_miss, weight)

    def at(self, indicators: Places) -> "Gains":
        """Give those of one indicator for each row, shape (rows, 1, WIDTH)."""
        return Gains(*(part[indicators, None] for part in (self.worst, self.hit, self.miss, self.weight)))


def _alternatives(p: Floats, part: Floats) -> tuple[Floats, Floats]:
    """Give the shares of rows that are among the worst, and of other hits, by each alternative; shape (rates, WIDTH).

    part: of the hits that are among the worst, as is expected and by most alternatives; NaN where none are told.
    """
    told = ~np.isnan(part)
    fixed = np.broadcast_to(np.array(ALTERNATIVES), (p.size, len(ALTERNATIVES)))
    a = np.concatenate([p[:, None] * np.array(MULTIPLES), fixed], axis=1)
    high = a * np.where(told, part, 0.5)[:, None]
    rest = a - high
    for alternative, (worst, other) in WORST.items():
        place = len(MULTIPLES) + ALTERNATIVES.index(alternative)
        high[told, place], rest[told, place] = worst, other
    return high, rest


def gathered(
    before: Floats, hits: Flags, counted: Flags, group: Places, gains: Gains, *, worst: Flags | None = None
) -> Floats:
    """Give the log likelihood ratios after every row, shape (rows, indicators, WIDTH).

    before: those of each group, shape (groups, indicators, WIDTH). hits, counted: shape (rows, indicators); a row that
    is not counted says nothing. group: the group of each row, rising; rows of one group in the order in which they
    came. worst: which hits are among the worst; none where it is not given.

    `S <- max(S, 0) + x` for every row, as the sum of x from the best start on.
    """
    rows = group.size
    steps = np.where(hits[:, :, None], gains.hit, gains.miss)
    if worst is not None:
        steps = np.where((worst & hits)[:, :, None], gains.worst, steps)
    steps *= counted[:, :, None]
    sums = steps.cumsum(axis=0)
    first = np.flatnonzero(np.append(True, group[1:] != group[:-1])) if rows else np.empty(0, np.intp)
    lengths = np.diff(np.append(first, rows))
    sums -= np.repeat(sums[first] - steps[first], lengths, axis=0)
    start = np.empty_like(sums)
    start[1:] = sums[:-1]
    start[first] = -np.maximum(before[group[first]], 0.0)
    return np.asarray(sums - _least_so_far(start, np.repeat(np.arange(first.size), lengths)))


def evidence(ratios: Floats, gains: Gains, *, least: float = -np.inf) -> Floats:
    """Give the log of the mean over alternatives of the likelihood ratios, shape (rows, indicators).

    least: what is less than this is not told exactly, but by a bound that is less, too.

    >>> gains = Gains.of(np.array([0.02]))
    >>> hits = np.ones((4, 1), np.bool_)
    >>> ratios = gathered(np.zeros((1, 1, WIDTH)), hits, hits, np.zeros(4, np.intp), gains)
    >>> evidence(ratios, gains)[:, 0].round(1).tolist()
    [2.9, 6.4, 10.0, 13.8]
    """
    found = np.maximum.reduce([ratios[..., j] for j in range(ratios.shape[-1])])
    told = found >= least
    weighted = ratios[told] + np.broadcast_to(gains.weight, ratios.shape)[told]
    most = weighted.max(axis=-1, keepdims=True)
    found[told] = most[:, 0] + np.log(np.exp(weighted - most).sum(axis=-1))
    return np.asarray(found)


def _least_so_far(values: Floats, group: Places) -> Floats:
    """Give the running minimum within each group: lowering every group below the one before it keeps them apart."""
    if not values.shape[0]:
        return values
    below = group[:, None, None] * (float(values.max()) - float(values.min()) + 1.0)
    return np.asarray(np.minimum.accumulate(values - below, axis=0) + below)
