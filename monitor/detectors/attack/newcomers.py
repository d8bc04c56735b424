"""The first rows of clients that were not heard of before: an attack under many new names shows itself in them."""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from monitor.detectors.attack.baseline import SLACK, Baseline
from monitor.detectors.attack.ecusum import Floats
from monitor.detectors.attack.epoch import LENGTH, Epoch
from monitor.detectors.attack.indicators import MET, MOST_RATE, NAMES, TAILS
from monitor.detectors.attack.pool import BURN_IN, gathered_up
from monitor.detectors.attack.sighting import NEWCOMERS, Sighting
from monitor.detectors.attack.signs import Signs

Array = NDArray[Any]
Flags = NDArray[np.bool_]

FIRST = 3
"""So few rows of a client count that no single one can raise an alarm."""
BESIDE, FEWEST, LEAST, CHANCE = 64, 8, 0.1, 2
MOST = 0.5
"""Where more of the rows are the first of their client, too few are others' to say what is the world's."""
TOLD, MEETING = np.array([name in TAILS for name in NAMES]), np.array([name == MET for name in NAMES])


def empty_newcomers() -> dict[str, Array]:
    """Give a memory that has seen no newcomer: what others' last rows showed, and what newcomers usually show.

    share, share_new: how many rows usually are the first of their client, and how many there are.
    """
    wide = len(NAMES)
    beside = np.zeros((2, BESIDE, wide), np.bool_)
    shares = {"share": np.zeros(2), "share_new": np.zeros(2)}
    return {"beside": beside, "usual": np.zeros((2, wide)), "new": np.zeros((2, wide))} | shares


def newcomers(
    baseline: Baseline, held: Mapping[str, Array], epoch: Epoch, signs: Signs, *, rates: Floats, alarm: float
) -> Iterator[Sighting]:
    """Gather evidence about the first rows of every client together; changes what is remembered.

    rates: the share of honest rows that show each indicator at most. What newcomers usually show raises them. Of the
    tails the first three rows count, and a sign that a tenth of others' among the last 64 rows show, too, is the
    world's and says nothing; that newcomers meet is seen in their first hundred. Not in the burn-in. Blind to clients
    that behaved well before, to fewer than about four, and to odd rows where most rows are some client's first.
    """
    known = epoch.place >= 0
    first = known & (epoch.asked < FIRST)
    excused = _shown_by_others(held["newcomers_beside"], signs, others=known & ~first, rates=rates)
    counted = signs.counted & (rates < MOST_RATE)
    held["newcomers_share_new"] += [first.sum(), known.sum()]
    few = held["newcomers_share"][0] <= MOST * held["newcomers_share"][1]
    counted &= (TOLD & first[:, None] & ~excused & few) | MEETING
    held["newcomers_new"] += [counted.sum(axis=0), (counted & signs.hits).sum(axis=0)]
    if epoch.begun < BURN_IN:
        return
    rows, hits = held["newcomers_usual"]
    usual = np.where(rows > LENGTH / 64, SLACK * hits / np.maximum(rows, 1.0), rates)
    at_most = np.clip(usual, rates, MOST_RATE)
    yield from gathered_up(
        baseline, held, epoch, signs, shown=signs.hits, counted=counted, rates=at_most, alarm=alarm, name=NEWCOMERS
    )


def learn_newcomers(held: Mapping[str, Array], *, fade: float) -> None:
    """Take in what newcomers showed in an epoch that is over."""
    for usual, new in (("usual", "new"), ("share", "share_new")):
        held[f"newcomers_{usual}"][:] = held[f"newcomers_{usual}"] * fade + held[f"newcomers_{new}"]
        held[f"newcomers_{new}"][:] = 0


def _shown_by_others(beside: Array, signs: Signs, *, others: Flags, rates: Floats) -> Flags:
    """Say which signs clients known longer show too often in the rows just before, or which too few rows tell of."""
    flags = np.stack([signs.counted & others[:, None], signs.hits & signs.counted & others[:, None]])
    both = np.concatenate([beside, flags], axis=1)
    sums = np.zeros((2, both.shape[1] + 1, both.shape[2]), np.int64)
    both.cumsum(axis=1, out=sums[:, 1:])
    beside[:] = both[:, -BESIDE:]
    counted, shown = sums[:, BESIDE:-1] - sums[:, : -1 - BESIDE]
    return np.asarray((counted < FEWEST) | (shown > np.maximum(rates, LEAST) * counted + CHANCE))
