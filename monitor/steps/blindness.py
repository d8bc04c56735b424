"""What a model's monitors cannot see, from its reference and the thresholds of its last windows; no row is read."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from monitor.alerts.thresholds import Threshold, judged
from monitor.detectors import DETECTORS
from monitor.detectors.detector import design_effect
from monitor.profiles.bins import NumericBins
from monitor.profiles.layout import ABSENT, INVALID, MISSING, RETYPED, Layout
from monitor.profiles.profile import Profile
from monitor.stats.power import detectable_change, detectable_shift

MOST_TIMES = 64
WIDE = 0.5

Key = tuple[str, str]


@dataclass(frozen=True)
class Unreachable:
    """A monitor whose threshold no window of `rows` rows reaches, whatever is in it; `needed` rows would be enough.

    needed: None where 64 times the rows are not enough.
    """

    detector: str
    column: str
    rows: int
    needed: int | None


@dataclass(frozen=True)
class Wide:
    """A column whose windows differ so much that only shifts of `shift` sd are seen; `rows_alone`: if they did not."""

    column: str
    shift: float
    rows_alone: float


def unreachable(reference: Profile, thresholds: Mapping[Key, Threshold], rows: int) -> list[Unreachable]:
    """Try armed monitors of columns on the most extreme windows there can be.

    thresholds: by (detector, column); those of all traffic. Of a monitor that has no answer in any such window, as one
    of labels or of groups has none, nothing is known.
    """
    left, found, answered = dict(thresholds), dict[Key, int | None](), set[Key]()
    times = 1
    while times <= MOST_TIMES and rows > 0:
        told, reached = _reached(reference, left, rows * times)
        answered |= told
        found |= {key: rows * times for key in left if key in reached and times > 1}
        left = {key: threshold for key, threshold in left.items() if key not in reached}
        times *= 2
    found |= dict.fromkeys(answered & left.keys(), None)
    return [Unreachable(*key, rows, needed) for key, needed in sorted(found.items())]


def _reached(reference: Profile, thresholds: Mapping[Key, Threshold], rows: int) -> tuple[set[Key], set[Key]]:
    """Give the monitors that have an answer in some extreme window, and those of them that breach in one."""
    names = {detector for detector, _ in thresholds}
    answered, reached = set[Key](), set[Key]()
    for extreme in extremes(reference, rows):
        for detector in DETECTORS:
            if detector.name not in names:
                continue
            for one in detector.compare(reference, extreme):
                key = detector.name, one.column
                outcome = judged(one, thresholds[key]) if key in thresholds else "insufficient"
                if outcome != "insufficient":
                    answered.add(key)
                if outcome == "breach":
                    reached.add(key)
    return answered, reached


def extremes(reference: Profile, rows: int) -> Iterator[Profile]:
    """Give windows that are nothing like the reference.

    All above its range or unseen; all at one value, written as another type; none there; none of the kind.
    """
    layout = reference.layout
    for place, slots in (("above", ()), ("lowest", (RETYPED,)), ("", (MISSING, ABSENT)), ("", (INVALID,))):
        bins = {i: _bin(layout, i, place) for i in range(len(layout.columns))} if place else {}
        profile = _filled(reference, rows, bins)
        for i, column in enumerate(layout.columns):
            for slot in slots:
                profile.counts[layout.offsets[i] + column.bins.size + slot] = rows
        yield profile


def _bin(layout: Layout, i: int, place: str) -> int:
    return layout.columns[i].bins.size - 1 if place == "above" else 0


def _filled(reference: Profile, rows: int, bins: Mapping[int, int]) -> Profile:
    layout = reference.layout
    counts, sums = np.zeros_like(reference.counts), np.zeros_like(reference.sums)
    low, high = np.full_like(reference.low, np.inf), np.full_like(reference.high, -np.inf)
    for i, code in bins.items():
        column = layout.columns[i]
        counts[layout.offsets[i] + code] = rows
        moments = reference.columns[column.name].moments
        if moments and isinstance(column.bins, NumericBins):
            sd = math.sqrt(moments[2]) or 1.0
            edges = column.bins.edges
            value = float(edges[-1] + 10 * sd if code else edges[0] - 10 * sd)
            offset = value - column.bins.center
            sums[2 * i], sums[2 * i + 1] = rows * offset, rows * offset**2
            low[i] = high[i] = value
    if bins:
        _move_means(reference, rows, sums)
    return replace(reference, rows=rows, counts=counts, sums=sums, low=low, high=high, unseen={}, added={})


def _move_means(reference: Profile, rows: int, sums: NDArray[np.float64]) -> None:
    """Put the means of vectors ten deviations off in every coordinate, with the spread of the reference."""
    for name, one in reference.means.items():
        moved = np.full(one.total.size, 10.0 * rows)
        sums[reference.layout.means[name]] = rows, rows * one.scatter + float(moved @ moved) / rows, *moved


def widest(reference: Profile, *, alpha: float, rows: int) -> list[Wide]:
    """Give the numeric columns whose windows differ so much that shifts below half an sd are missed, widest first."""
    found = []
    for name, column in reference.columns.items():
        if not isinstance(column.bins, NumericBins) or not column.steepest:
            continue
        inflation = design_effect(column.steepest, column.n, rows, reference.layout.window_rows)
        sides = {"reference": float(column.n), "current": float(rows)}
        shift = detectable_shift(alpha, **sides, inflation=inflation)
        alone = detectable_shift(alpha, **sides)
        if shift and alone and shift > WIDE and shift > 2 * alone:
            found.append(Wide(name, shift, alone))
    return sorted(found, key=lambda one: (-one.shift, one.column))


def blunt(spread: float, *, low: float, high: float, alpha: float) -> float | None:
    """Give the change of a metric, in its unit, that is seen in four of five windows; None where nothing is lost.

    spread: how much it differs between the reference's windows beyond its own error, as a standard deviation. low,
    high: its 95 % interval in a window. Only where the windows differ by more than the error does this cost much.
    """
    error = (high - low) / (2 * ndtri(0.975))
    return detectable_change(alpha, error=math.hypot(error, spread)) if spread > error else None


def unvarying(reference: Profile) -> Sequence[str]:
    """Name the columns that hold one value, or none, in the whole reference: only another value can be noticed.

    What is derived, as the share of invisible characters in a text, is 0 as long as nothing is wrong, and told else.
    """
    columns = ((name, column) for name, column in reference.columns.items() if column.role != "derived")
    return [name for name, column in columns if (column.counts > 0).sum() < 2]
