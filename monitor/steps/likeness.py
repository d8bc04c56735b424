"""How much windows differ from each other beyond chance: those of all traffic, and those of each segment."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from monitor.detectors.concept import likenesses_of
from monitor.detectors.confidence import confidence_gap
from monitor.detectors.drift.mean_vector import mean_spreads
from monitor.detectors.performance import METRICS
from monitor.detectors.performance.estimated import estimate_seasons, estimate_spreads
from monitor.detectors.performance.estimated_errors import error_seasons, error_spreads
from monitor.detectors.performance.estimated_macro import macro_seasons, macro_spreads
from monitor.detectors.performance.spread import levels_of, seasons_of, spreads_of
from monitor.profiles.correlation import ROWS_NEEDED, WINDOWS_NEEDED, correlation_of
from monitor.profiles.layout import Column, Layout
from monitor.profiles.profile import Profile, merge
from monitor.profiles.season import Season
from monitor.types import Window

SPREAD = (*METRICS, confidence_gap.METRIC)
FEW_ROWS = 8
"""So many rows of a window say how alike they are, where windows are put together before they are judged."""
PLENTY = 30
"""So many windows of a segment say by themselves that its rows are less alike than those of all traffic."""


def as_judged(windows: Mapping[Window, Profile], least: int) -> list[Profile]:
    """Give windows as they are judged: those of fewer rows than `least` taken together with those that follow.

    windows: in the order of time; so are those given. What is left at the end is no window yet. Rows of one hour or day
    are more alike than those of the windows that are judged.
    """
    found: list[Profile] = []
    begun: Profile | None = None
    for profile in windows.values():
        begun = profile if begun is None else merge(begun, profile)
        if begun.rows >= least:
            found.append(begun)
            begun = None
    return found


def likeness_of(windows: Mapping[Window, Profile], judged: Sequence[Profile], layout: Layout) -> Layout:
    """Give a layout with how alike the rows of one window are: of one as it is judged, and of each that it is put of.

    Rows of one day are more alike than those of the three that are judged together, and a reference that holds every
    second row has so many in six: the larger counts. windows: in the order of time. judged: those `as_judged`.
    """
    found = correlation_of(judged, layout)
    if len(judged) == len(windows):
        return found
    return _no_less(found, correlation_of([*windows.values()], layout, least=FEW_ROWS))


def _no_less(layout: Layout, other: Layout) -> Layout:
    """Give a layout whose columns' rows are as alike as they are in either.

    other: told by more windows, of unlike size, which say whether rows are so by the clump that they come in.
    """
    columns = (
        replace(
            column,
            correlation=max(column.correlation, own.correlation),
            steepest=max(column.steepest, own.steepest),
            lacking=max(column.lacking, own.lacking),
        )
        for column, own in zip(layout.columns, other.columns, strict=True)
    )
    return replace(layout, columns=tuple(columns), clumped=layout.clumped if other.clumped is None else other.clumped)


def told_by_windows(layout: Layout, whole: Profile, windows: Mapping[Window, Profile], least: int) -> Layout:
    """Give a layout with how much the windows of all traffic, in the order of time, differ from each other.

    least: as of `as_judged`.
    """
    judged = as_judged(windows, least)
    before_labels = estimate_spreads(whole, judged) | macro_spreads(whole, judged) | error_spreads(whole, judged)
    return replace(likeness_of(windows, judged, layout), spreads=_spreads(judged) | before_labels)


def levels_told(whole: Profile, windows: Mapping[Window, Profile], least: int) -> dict[str, float]:
    """Give by how much the reference's windows differ in the mean from all its rows, of metrics that are no mean."""
    return levels_of(whole, as_judged(windows, least), METRICS)


def seasons_told(whole: Profile, windows: Mapping[Window, Profile]) -> dict[str, Season]:
    """Give the weekly seasons of all traffic's performance, as it was and as it is expected before labels."""
    before_labels = estimate_seasons(whole, windows) | macro_seasons(whole, windows) | error_seasons(whole, windows)
    return seasons_of(windows, SPREAD) | before_labels


def told_of_segment(whole: Layout, windows: Mapping[Window, Profile], least: int = 1) -> Layout:
    """Give the layout of a segment: what its own windows tell, and what those of all traffic do where it has too few.

    Rows that belong together, such as one author's, are mostly of one segment, in whose windows they weigh more. Of few
    windows none may have had what makes them differ, as ten dry days do: they say that rows are more alike than all
    traffic's are, and not that they are less. windows: in the order of time. least: as of `as_judged`. Of seasons it
    knows nothing.
    """
    held = as_judged(windows, least)
    if sum(one.rows >= ROWS_NEEDED for one in held) < WINDOWS_NEEDED:
        return replace(_told_by_few_rows(whole, windows), seasons={})
    own = likeness_of(windows, held, whole)
    columns = tuple(
        _told(before, column, _telling(column, held)) for before, column in zip(whole.columns, own.columns, strict=True)
    )
    return replace(own, columns=columns, spreads={**whole.spreads, **_spreads(held)}, seasons={})


def _told_by_few_rows(whole: Layout, windows: Mapping[Window, Profile]) -> Layout:
    """Give the layout of a segment of too few rows for windows of its own, which may come in clumps all the same.

    How alike the rows of an hour or a day are is told by those that hold some.
    """
    if sum(one.rows >= FEW_ROWS for one in windows.values()) < WINDOWS_NEEDED:
        return whole
    return _no_less(whole, correlation_of([*windows.values()], whole, least=FEW_ROWS))


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
