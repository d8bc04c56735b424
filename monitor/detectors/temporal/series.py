"""One number in window after window, as the detectors with a memory read it."""

import math
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from monitor.stats.lasting import Shift, lasting_shift, sparse_starts, still_on
from monitor.stats.onset import Onset, onset_of
from monitor.types import Measurement, Window

WINDOWS_NEEDED = 16
LIKENESS = 0.3
LARGEST = 8.0

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Series:
    """What one detector measured of one column, oldest window first; every measurement has a p-value.

    rows, windows: of the reference; windows is 0 when it is not known how it came.
    excess: variance of a window's level beyond its rows' own, beside the variance of one row.
    either: it gets worse both ways, and the p-values are two-sided.
    sensitivity: how much the model's answer hangs on the column; None when not known.
    """

    name: str
    column: str
    at: tuple[Window, ...]
    found: tuple[Measurement, ...]
    rows: int
    windows: int = 0
    excess: float = 0.0
    either: bool = False
    sensitivity: float | None = None

    @cached_property
    def scores(self) -> Floats:
        """Give the p-values as normal deviates, above 0 when worse (or risen); at most 8 either way."""
        p = np.array([one.p_value for one in self.found], np.float64)
        if not self.either:
            return np.clip(-ndtri(p), -LARGEST, LARGEST)
        signs = np.array([-1.0 if (one.effect or 0.0) < 0 else 1.0 for one in self.found])
        return signs * np.clip(-ndtri(p / 2), 0.0, LARGEST)

    @property
    def known(self) -> bool:
        """Say whether enough windows are known to tell how much they differ when nothing has changed."""
        return self.windows > 0 or len(self.found) >= WINDOWS_NEEDED

    @cached_property
    def shift(self) -> Shift:
        """Weigh the evidence for a lasting shift; its size is in standard deviations of one row."""
        return lasting_shift(*self._differences, either=self.either)

    @property
    def e_value(self) -> float:
        """Give the evidence as a number that is at most 1 on average without a shift, at a time fixed beforehand."""
        return self.shift.evidence / sparse_starts(len(self.found)).size

    @cached_property
    def onset(self) -> Onset | None:
        """Give where the shift most likely began, and how it came; None without a sign of one."""
        if self.shift.first is None:
            return None
        earliest, way = self.shift.earliest, -1.0 if self.shift.size < 0 else 1.0
        differences, variances, shared = self._differences
        since = (way * differences[earliest:], variances[earliest:], shared)
        found = onset_of(*since, possible=still_on(*since))
        return Onset(self.shift.first, "step") if found is None else replace(found, first=found.first + earliest)

    @cached_property
    def _differences(self) -> tuple[Floats, Floats, float]:
        """Give the differences from the reference, each window's variance, and that of the reference."""
        alone = np.array([1 / max(one.n, 1) for one in self.found])
        excess = self.excess if self.windows else _excess(self.scores, alone)
        shared = 1 / max(self.rows, 1) + (excess / self.windows if self.windows else 0.0)
        differences = self.scores * np.sqrt(alone + excess + shared)
        # Neighbouring windows are alike in what sets windows apart: their mean is less sure than its count says.
        variances = alone + excess * (1 + LIKENESS) / (1 - LIKENESS)
        return differences, variances, shared


def _excess(scores: Floats, alone: Floats) -> float:
    """Estimate what windows differ by from the steps between neighbours, which one lasting shift hardly moves.

    The median keeps it so. (von Neumann 1941)
    """
    if scores.size < WINDOWS_NEEDED:
        return 0.0
    spread = float(np.median(np.square(np.diff(scores)))) / 2 / float(ndtri(0.75)) ** 2
    return max(spread - 1, 0.0) * float(alone.mean())


def mean_effect(series: Series, first: int) -> float | None:
    """Average the effects from a place on, by their rows; None where none is known."""
    return _weighted([(one.effect, one.n) for one in series.found[first:]])


def lately(series: Series, first: int) -> float | None:
    """Average the effects over the later half of the windows from a place on; None where none is known.

    A change that goes on growing, and is found to have begun ever earlier the surer it is, does not shrink by that.
    """
    return mean_effect(series, (first + len(series.found)) // 2)


def mean_value(series: Series, first: int) -> float | None:
    """Average the values from a place on, by their rows; None where none is known."""
    return _weighted([(one.value, one.n) for one in series.found[first:]])


def _weighted(parts: list[tuple[float | None, int]]) -> float | None:
    held = [(value, n) for value, n in parts if value is not None]
    rows = sum(n for _, n in held)
    return math.fsum(value * n for value, n in held) / rows if rows else None
