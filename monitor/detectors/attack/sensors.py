"""Clients whose rows hardly change and whose answers hardly flip, as sensors' do: told from searchers by their pace.

A search sends its near-copies at once; a sensor sends its own hour after hour.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from monitor.detectors.attack.ordering import rows_since

Array = NDArray[Any]

ROWS, TURNS, SHARE, FLIPS = 64, 3, 0.5, 0.1
PACE, CRAWL, HOURS, APART = 12, 2, 1, 50
FADE = 0.25
HOUR = 3_600_000_000


def unhurried(held: Mapping[str, Array], place: int, *, at: int, hour: int, flipped: bool, varied: bool) -> bool:
    """Take note of a client's near-copy; say whether it sends them at a sensor's pace.

    at: its number in the stream. flipped: its answer differs. varied: few of its values do, from a row just before.

    That is no more than twelve in the hour and one in fifty rows of the traffic, after near-copies in an earlier hour,
    and hardly ever with another answer, which is not asked of two in the hour: what is measured at a bed each hour may
    lie about the boundary. A search so slow is not seen by its near-copies.
    """
    similar, hours = held["client_similar"][place], held["client_hours"][place]
    similar += np.array([1, flipped, varied], np.uint32)
    if held["client_hour"][place] != hour:
        held["client_hour"][place] = hour
        hours[:] = min(int(hours[0]) + bool(hours[1]), HOURS), 0
    hours[1] = min(int(hours[1]) + 1, PACE + 1)
    last, apart = held["client_near"], held["client_apart"]
    apart[place] += (rows_since(last[place], at) - apart[place]) * FADE if last[place] else 0.0
    last[place] = np.int64(at + 1).astype(last.dtype)
    slow = hours[0] >= HOURS and hours[1] <= PACE and apart[place] >= APART
    return bool(slow and (hours[1] <= CRAWL or similar[1] <= FLIPS * similar[0]))


def learn_steady(held: Mapping[str, Array]) -> None:
    """Let clients go on that are like sensors for long, however fast, while it is so.

    That takes three stretches of time and more rows than any attacker needs to be told of.
    """
    near, flips, _ = held["client_similar"].T
    lasting = (near >= ROWS) & (held["client_turns"] >= TURNS)
    held["client_steady"][:] = lasting & (near >= SHARE * held["client_rows"]) & (flips <= FLIPS * near)
