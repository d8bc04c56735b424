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


def told_by_windows(layout: Layout, whole: Profile, windows: Sequence[Profile]) -> Layout:
    """Give a layout with how much the windows of all traffic, in the order of time, differ from each other."""
    before_labels = estimate_spreads(whole, windows) | macro_spreads(whole, windows) | error_spreads(whole, windows)
    return replace(correlation_of(windows, layout), spreads=_spreads(windows) | before_labels)


def told_of_segment(whole: Layout, windows: Mapping[Window, Profile]) -> Layout:
    """Give the layout of a segment: what its own windows tell, and what those of all traffic do where it has too few.

    Rows that belong together, such as one author's, are mostly of one segment, in whose windows they weigh more.
    windows: in the order of time. Of seasons it knows nothing.
    """
    held = list(windows.values())
    if sum(one.rows >= ROWS_NEEDED for one in held) < WINDOWS_NEEDED:
        return replace(whole, seasons={})
    own = correlation_of(held, whole)
    columns = tuple(
        column if _told(column, held) else before for before, column in zip(whole.columns, own.columns, strict=True)
    )
    return replace(own, columns=columns, spreads={**whole.spreads, **_spreads(held)}, seasons={})


def _told(column: Column, windows: Sequence[Profile]) -> bool:
    """Say whether enough windows hold enough values of a column."""
    held = sum(int(one.columns[column.name].counts.sum()) >= ROWS_NEEDED for one in windows)
    return held >= WINDOWS_NEEDED


def _spreads(windows: Sequence[Profile]) -> dict[str, float]:
    return spreads_of(windows, SPREAD) | likenesses_of(windows) | mean_spreads(windows)
