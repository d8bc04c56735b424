"""The most that honest stretches of time came to: what a stretch comes to is laid beside twice that.

Where tails are exponential, as evidence's are, the next of n stretches passes it with a chance of about 1 in n squared.
The last six are not yet laid beside, since an attack goes on for some of them; and it fades by a hundredth a stretch.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]

LATELY, TWICE, KEPT, ENOUGH = 6, 2.0, 0.99, 10
NEVER = np.iinfo(np.int32).min


def empty_record(count: int) -> dict[str, Array]:
    """Give records of so many things that hold none.

    peak: the most in the running stretch. lately: in those before it. record: in those before these. slice: the number
    of the running stretch; stretches: how many there were.
    """
    return {
        "peak": np.zeros(count),
        "lately": np.zeros((LATELY, count)),
        "record": np.zeros(count),
        "slice": np.full(1, NEVER, np.int64),
        "stretches": np.zeros(1, np.int64),
    }


def enough(memory: Mapping[str, Array]) -> bool:
    """Say whether enough stretches have gone by to know what is usual."""
    return bool(memory["stretches"][0] >= ENOUGH)


def limits(memory: Mapping[str, Array], alarm: float) -> Array:
    """Give what is more than honest stretches come to: twice the record, and what is an alarm at least."""
    return np.maximum(alarm, TWICE * memory["record"])


def begins(memory: Mapping[str, Array], now: int) -> bool:
    """Say whether a stretch is later than the running one."""
    return bool(now > memory["slice"][0])


def begin(memory: Mapping[str, Array], now: int) -> None:
    """Begin a stretch."""
    memory["slice"][0] = now
    memory["stretches"][0] += 1
    place = int(memory["stretches"][0]) % LATELY
    memory["record"][:] = np.maximum(KEPT * memory["record"], memory["lately"][place])
    memory["lately"][place] = memory["peak"]
    memory["peak"][:] = 0
