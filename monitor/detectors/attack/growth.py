"""Whether a cluster grows faster than any honest one, and faster than clusters of honest stretches of time did."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from monitor.detectors.attack.ecusum import WIDTH, Gains, evidence
from monitor.detectors.attack.packing import part_of
from monitor.detectors.attack.record import TWICE, begin, begins, empty_record, enough, limits

Array = NDArray[Any]

TOGETHER = 3
"""Who searches from one row after another makes many clusters: those of so many stretches are put together."""
RESTS = 4_000
"""A cluster has come to rest that takes none of so many rows: of one that takes a 500th, once in 3,000 times."""
ALARM = 20.0
"""The log of the evidence that tells a cluster from all the thousand that are looked at."""


def empty_growth(clusters: int) -> dict[str, Array]:
    """Give room for the evidence about so many clusters, and for the most that clusters of honest stretches came to.

    last, stretch: the number of the newest row, and its stretch of time; ratios, peak: the evidence, and the most of it
    in that stretch.
    """
    return {
        **{f"most_{name}": array for name, array in empty_record(1).items()},
        "most_beyond": np.zeros(TOGETHER),
        "last": np.zeros(clusters, np.int64),
        "ratios": np.zeros((clusters, WIDTH)),
        "peak": np.zeros(clusters),
        "stretch": np.zeros(clusters, np.int64),
    }


class Growth:
    """The evidence that clusters grow too fast; changes the arrays that it is given, those of `empty_growth`.

    gains: what a row of a cluster and one of none tell, by the share that one honest cluster takes at most.
    """

    def __init__(self, arrays: Mapping[str, Array], gains: Gains) -> None:
        self._a, self._most, self.gains = arrays, part_of(arrays, "most_"), gains

    def begin(self, k: int, at: int) -> None:
        """Begin a cluster with the row of that number."""
        self._a["ratios"][k] = self._a["peak"][k] = 0
        self._a["last"][k] = at

    def peak(self, k: int) -> float:
        """Give the most evidence about a cluster in the running stretch of time."""
        return float(self._a["peak"][k])

    def since(self, k: int, at: int) -> int:
        """Count the rows since the last one of a cluster."""
        return at - int(self._a["last"][k])

    def turn(self, stretch: int) -> None:
        """Begin a stretch of time, where it is later than the running one."""
        if begins(self._most, stretch):
            begin(self._most, stretch)
            self._most["beyond"][:] = np.append(0.0, self._most["beyond"][:-1])

    def is_new_to(self, k: int, stretch: int) -> bool:
        """Say whether a cluster's row is its first in a stretch of time; evidence that raised an alarm begins anew."""
        a = self._a
        if a["stretch"][k] == stretch:
            return False
        if a["peak"][k] >= ALARM:
            a["ratios"][k] = 0
        a["stretch"][k], a["peak"][k] = stretch, 0
        return True

    def grow(self, k: int, at: int) -> float:
        """Gather evidence; every row that did not join the cluster speaks against it. Give what honest ones come to."""
        a, missed = self._a, max(self.since(k, at) - 1, 0)
        ratios = np.maximum(a["ratios"][k] + missed * self.gains.miss[0], 0.0) + self.gains.hit[0]
        a["ratios"][k], a["last"][k] = ratios, at
        before = self.peak(k)
        a["peak"][k] = max(before, float(evidence(ratios[None, None], self.gains)[0, 0]))
        limit = self._limit(before, self.peak(k))
        np.maximum(self._most["peak"], a["peak"][k], out=self._most["peak"])
        return limit

    def _limit(self, before: float, peak: float) -> float:
        """Give how much evidence is more than the clusters of honest stretches came to, when one's has risen.

        That is twice what one of them came to; or as much as that, where what clusters came to beyond it adds up to as
        much again: one in n stretches is so far beyond, and two are in far fewer. Infinite where too few went by.
        """
        beyond, alone = self._most["beyond"], float(limits(self._most, ALARM)[0])
        usual = alone / TWICE
        beyond[0] += max(peak, usual) - max(before, usual)
        if not enough(self._most):
            return np.inf
        return max(usual, ALARM) if beyond.sum() >= usual else alone
