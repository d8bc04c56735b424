"""What a client usually shows: where the reference does not name clients, their own earlier stretches of time tell it.

Few clients send what all send together. Who always sends what is odd beside the others' rows is no attacker for it, and
who begins to is told of beside his own past. Whoever begins slowly, over stretches none of which alarms, is told of
later than others; no past makes a sign say nothing.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from monitor.detectors.attack.ecusum import Floats
from monitor.detectors.attack.regulars import held_to

Array = NDArray[Any]
Flags = NDArray[np.bool_]
Places = NDArray[np.intp]

MOST = 500.0
"""So many rows are remembered: where more came, the older count for less."""
HIGHEST = 0.45
"""No past allows more: some twenty rows that all show a sign are an alarm whatever came before."""


def empty_habits(clients: int, signs: int) -> Array:
    """Give room for what so many clients showed of so many signs: rows and hits, shape (clients, 2, signs)."""
    return np.zeros((clients, 2, signs), np.float16)


def learn_habits(habits: Array, places: Places, *, rows: Floats, hits: Floats, honest: Flags) -> None:
    """Take in what clients showed in a stretch that is over. Rows and hits: shape (places, signs).

    honest: whose stretch, and some before it, raised no alarm, shape (places,); nothing else is learned.
    """
    both = habits[places].astype(np.float64) + np.stack([rows, hits], axis=1) * honest[:, None, None]
    habits[places] = both * np.minimum(1.0, MOST / np.maximum(both[:, :1], 1.0))


def usual_of(habits: Array, places: Places, rates: Floats, slack: Floats) -> Floats:
    """Give the rates that clients are held to by their past, 0 where it tells nothing more than rates that are given.

    rates: shape (signs,), that all are held to; slack: so many times what is usual these are. Shape (places, signs).
    """
    rows, hits = habits[places].astype(np.float64).transpose(1, 0, 2)
    return np.minimum(held_to(rows, hits, rates / slack, slack), HIGHEST)
