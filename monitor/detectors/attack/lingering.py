"""How often an honest row that follows an odd one is odd, too: those of a vehicle or a patient do not leap about.

Evidence takes rows as independent. Where the world's are not, one odd stay must not count as many odd rows.
"""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from monitor.detectors.attack.ecusum import Floats, Gains
from monitor.detectors.attack.indicators import PASSING

Array = NDArray[Any]
Flags = NDArray[np.bool_]
Places = NDArray[np.intp]

KNOWN, HONEST, SLACK, MOST = 50, 10, 1.25, 0.97
"""It is known of so many rows, and of so many of a reference, among which no attacker's are."""
PLACES = np.where(PASSING, np.cumsum(PASSING) - 1, -1)
"""Where each sign stands among the passing ones, -1 for the others."""
BITS = np.uint16(1) << np.arange(PASSING.sum(), dtype=np.uint16)


def empty_lingering() -> Array:
    """Give room to count, of each passing sign, rows that follow one that showed it, and those of them that do, too."""
    return np.zeros((2, int(PASSING.sum())))


def odd_after_odd(lingering: Array, *, least: int = KNOWN) -> Array:
    """Give what share of honest rows that follow an odd one may be odd, too, of each sign; 0 where that is unknown.

    least: so many rows tell it.
    """
    rows, hits = lingering
    found = np.zeros(PASSING.size)
    found[PASSING] = np.where(rows >= least, np.minimum(SLACK * hits / np.maximum(rows, 1.0), MOST), 0.0)
    return found


class Before(NamedTuple):
    """What came before the rows of some series, each series one client's rows and one sign.

    follows: whether the series' row that counted before this one showed the sign; last: whether the last that counted
    did; shape (rows,) and (series,).
    """

    follows: Flags
    last: Flags

    @classmethod
    def of(cls, shown: Flags, told: Flags, first: Places, lengths: Places, earlier: Flags) -> "Before":
        """Look back in each series.

        shown, told: whether each row shows the sign, and counts, shape (rows,). first, lengths: where each series
        begins, and how many rows it has. earlier: whether the last row before it that counted showed it.
        """
        start = np.repeat(first, lengths)
        latest = np.maximum.accumulate(np.where(told, np.arange(told.size), -1))
        before = np.append(-1, latest[:-1])
        known = before >= start
        follows = np.where(known, shown[np.maximum(before, 0)], np.repeat(earlier, lengths))
        ends = latest[first + lengths - 1]
        last = np.where(ends >= first, shown[np.maximum(ends, 0)], earlier)
        return cls(follows & told, last)


def lingering_too(gains: Gains, rates: Floats, after: Floats, of: Places, follows: Flags) -> Gains:
    """Give the gains of rows, where those that follow an odd one are held to what honest ones do then, if that is more.

    gains: of rows that follow none, shape (rows, 1, WIDTH). rates, after: of each series; of: the series of each row.
    """
    more = follows & (after > rates)[of]
    if not more.any():
        return gains
    lingering = Gains.of(np.maximum(after, rates), least=1.0).at(of)
    more = more[:, None, None]
    return Gains(
        worst=np.where(more, lingering.hit, gains.worst),
        hit=np.where(more, lingering.hit, gains.hit),
        miss=np.where(more, lingering.miss, gains.miss),
        weight=gains.weight,
    )


def learn_lingering(new: Array, sign: Places, shown: Flags) -> None:
    """Count rows that follow an odd one of theirs. sign, shown: of each such row, shape (rows,). Changes `new`."""
    passing = PASSING[sign]
    np.add.at(new[0], PLACES[sign[passing]], 1)
    np.add.at(new[1], PLACES[sign[passing & shown]], 1)


def unpacked_odd(packed: NDArray[np.uint16]) -> Flags:
    """Say whether clients' last rows showed each sign, shape (clients, signs), of a bit for each passing one."""
    odd = np.zeros((packed.size, PASSING.size), np.bool_)
    odd[:, PASSING] = packed[:, None] & BITS > 0
    return odd


def packed_odd(odd: Flags) -> NDArray[np.uint16]:
    """Give a bit for each passing sign that clients' last rows showed; odd: shape (clients, signs)."""
    return np.asarray((odd[:, PASSING] * BITS).sum(axis=1, dtype=np.uint16))
