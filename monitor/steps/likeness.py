"""How much windows differ from each other beyond chance: those of all traffic, and those of each segment."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from monitor.detectors.concept import likenesses_of
from monitor.detectors.confidence import confidence_gap
from monitor.detectors.drift.mean_vector import mean_spreads
from monitor.detectors.performance import METRICS
from monitor.detectors.performance.estimated import estimate_spreads
from monitor.detectors.performance.estimated_errors import error_spreads
from monitor.detectors.performance.estimated_macro import macro_spreads
from monitor.detectors.performance.spread import spreads_of
from monitor.profiles.correlation import ROWS_NEEDED, WINDOWS_NEEDED, correlation_of
from monitor.profiles.layout import Column, Layout
from monitor.profiles.profile import Profile
from monitor.types import Window

SPREAD = (*METRICS, confidence_gap.METRIC)
PLENTY = 30
"""So many windows of a segment say by themselves that its rows are less alike than those of all traffic."""


def told_by_windows(layout: Layout, whole: Profile, windows: Sequence[Profile]) -> Layout:
    """Give a layout with how much the windows of all traffic, in the order of time, differ from each other."""
    before_labels = estimate_spreads(whole, windows) | macro_spreads(whole, windows) | error_spreads(whole, windows)
    return replace(correlation_of(windows, layout), spreads=_spreads(windows) | before_labels)


def told_of_segment(whole: Layout, windows: Mapping[Window, Profile]) -> Layout:
    """Give the layout of a segment: what its own windows tell, and what those of all traffic do where it has too few.

    Rows that belong together, such as one author's, are mostly of one segment, in whose windows they weigh more. Of few
    windows none may have had what makes them differ, as ten dry days do: they say that rows are more alike than all
    traffic's are, and not that they are less. windows: in the order of time. Of seasons it knows nothing.
    """
    held = list(windows.values())
    if sum(one.rows >= ROWS_NEEDED for one in held) < WINDOWS_NEEDED:
        return replace(whole, seasons={})
    own = correlation_of(held, whole)
    columns = tuple(
        _told(before, column, _telling(column, held)) for before, column in zip(whole.columns, own.columns, strict=True)
    )
    return replace(own, columns=columns, spreads={**whole.spreads, **_spreads(held)}, seasons={})


def _telling(column: Column, windows: Sequence[Profile]) -> int:
    """Count the windows that hold enough values of a column."""
    return sum(int(one.columns[column.name].counts.sum()) >= ROWS_NEEDED for one in windows)


def _told(whole: Column, own: Column, windows: int) -> Column:
    """Give what so many windows of a segment tell of a column, beside what those of all traffic do."""
    if windows < WINDOWS_NEEDED:
        return whole
    if windows >= PLENTY:
        return own
    means = [one for one in (whole.lowest, whole.highest, own.lowest, own.highest) if one is not None]
    return replace(
        own,
        correlation=max(whole.correlation, own.correlation),
        steepest=max(whole.steepest, own.steepest),
        lasting=max(whole.lasting, own.lasting),
        lowest=min(means, default=None),
        highest=max(means, default=None),
    )


def _spreads(windows: Sequence[Profile]) -> dict[str, float]:
    return spreads_of(windows, SPREAD) | likenesses_of(windows) | mean_spreads(windows)
