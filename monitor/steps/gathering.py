"""Over how many windows the rows of what sends few are gathered: until enough are to be expected, each row once."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from monitor.types import Window

MOST = 32
"""At most so many windows are judged together."""
_DAY = timedelta(days=1)


def enough(least: int) -> float:
    """Say how many rows are to be expected, that chance seldom leaves fewer than the least: two deviations more.

    >>> round(enough(50)), round(enough(1000))
    (64, 1063)
    """
    return least + 2 * math.sqrt(least)


def begins_anew(window: Window) -> tuple[int, ...]:
    """Name the time that a window's rows are gathered within: a calendar year, of windows below a day a month.

    So it does not hang on how far back windows are kept whose turn it is.
    """
    year, month = window.start.year, window.start.month
    return (year, month) if window.end - window.start < _DAY else (year,)


@dataclass(frozen=True)
class Gathering:
    """The stretches judged since gathering began anew, with their rows, oldest first; the last is judged now.

    A part of the traffic gathers the rows that its share lets expect, not those it holds: whose turn it is does not
    hang on what came. ends: the next window begins anew.
    """

    stretches: Sequence[Window]
    rows: Sequence[int]
    ends: bool

    @cached_property
    def _sums(self) -> NDArray[np.float64]:
        return np.append(0.0, np.cumsum(self.rows, dtype=np.float64))

    @property
    def usual(self) -> float:
        """Give the rows of a stretch in the mean."""
        return float(self._sums[-1]) / len(self.rows)

    def windows(self, share: float, rows: float) -> int | None:
        """Say over how many stretches a part of the traffic is judged now; None where its turn is yet to come.

        share: of all rows that are the part's, at least 0. rows: how many it gathers.

        >>> from datetime import UTC, datetime
        >>> day = [Window(datetime(2024, 5, d, tzinfo=UTC), datetime(2024, 5, d + 1, tzinfo=UTC)) for d in range(1, 8)]
        >>> held = [90, 110, 100, 30, 20, 95, 105]
        >>> [Gathering(day[:n], held[:n], False).windows(0.5, 64) for n in range(1, 8)]
        [None, 2, None, 2, None, None, 3]
        """
        sums, first, last = self._sums, 0, len(self.rows)
        if share * min(self.rows) >= rows:
            return 1
        while True:
            needed = sums[first] + rows / share if share else np.inf
            turn = min(int(np.searchsorted(sums, needed)), first + MOST)
            if turn >= last:
                return last - first if turn == last or self.ends else None
            first = turn

    def over(self, windows: int) -> Window:
        """Give the last so many stretches as one."""
        return Window(self.stretches[-windows].start, self.stretches[-1].end)
