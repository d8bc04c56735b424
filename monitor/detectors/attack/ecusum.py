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
LEAST = 1.5
"""An alternative lies at least so many times above the rate that is expected."""


@dataclass(frozen=True, eq=False)
class Gains:
    """What a hit and a miss add to the log likelihood ratio of each alternative, of several indicators.

    hit, miss: shape (indicators, WIDTH). weight: log of each alternative's share of the mean, -inf where it is none;
    all of them with an axis for the rows before, where these differ.
    """

    hit: Floats
    miss: Floats
    weight: Floats

    @classmethod
    def of(cls, rates: ArrayLike) -> "Gains":
        """Choose the alternatives to rates that are expected at most, each in (0, 1)."""
        p = np.asarray(rates, np.float64)[:, None]
        fixed = np.broadcast_to(np.array(ALTERNATIVES), (p.shape[0], len(ALTERNATIVES)))
        a = np.concatenate([p * np.array(MULTIPLES), fixed], axis=1)
        used = (a > LEAST * p) & (a < 1)
        a = np.where(used, a, p)
        with np.errstate(divide="ignore"):
            weight = np.where(used, 0.0, -np.inf) - np.log(np.maximum(used.sum(axis=1, keepdims=True), 1))
        return cls(np.log(a / p), np.log((1 - a) / (1 - p)), weight)

    def at(self, indicators: Places) -> "Gains":
        """Give those of one indicator for each row, shape (rows, 1, WIDTH)."""
        return Gains(self.hit[indicators, None], self.miss[indicators, None], self.weight[indicators, None])


def gathered(before: Floats, hits: Flags, counted: Flags, group: Places, gains: Gains) -> Floats:
    """Give the log likelihood ratios after every row, shape (rows, indicators, WIDTH).

    before: those of each group, shape (groups, indicators, WIDTH). hits, counted: shape (rows, indicators); a row that
    is not counted says nothing. group: the group of each row, rising; rows of one group in the order in which they
    came.

    `S <- max(S, 0) + x` for every row, as the sum of x from the best start on.
    """
    rows = group.size
    steps = np.where(hits[:, :, None], gains.hit, gains.miss) * counted[:, :, None]
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
