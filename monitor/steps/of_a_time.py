"""The reference as it is at a window's time: of columns that differ by the weekday, or the hour, more than by chance.

A Sunday is laid beside Sundays. What windows of one weekday differ by is far less than what those of all do, and a
shift that would be lost among these is seen.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from functools import reduce

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from monitor.profiles.bins import NumericBins
from monitor.profiles.correlation import correlation_of
from monitor.profiles.layout import Column, Layout
from monitor.profiles.profile import Profile, merge
from monitor.schedule import Period, time_of, windows_between
from monitor.steps.parts import is_segment
from monitor.steps.slices import windows_of
from monitor.store.references import WHOLE, at_time, is_at_time, part_at_time
from monitor.types import Window

Counts = NDArray[np.int64]
Floats = NDArray[np.float64]

FEWEST, DAYS = 4, timedelta(days=26)
"""Each time is told of by so many windows, of a reference that spans nearly four weeks."""
TIMES, MOST = 2, 0.7
"""So many times must be known at least, of so large a part of the windows."""
MORE = 4.0
"""A column counts whose windows differ by so many times the variance of those of one time: where it is less, times are
told apart by chance where that of their windows is taken for too small."""


def times_told(
    references: Mapping[str, Profile], windows: Mapping[str, Mapping[Window, Profile]], least: int
) -> dict[str, Profile]:
    """Give a reference with its parts by time, and which columns of all traffic and of segments differ by it.

    windows: the reference's own of each part, in their order. least: the rows below which some would be judged
    together. Of a time of which too few are known nothing is told.
    """
    found = dict(references)
    for part, held in windows.items():
        if part == WHOLE or is_segment(part):
            whole, by_time = _told_apart(references[part], held, least)
            found |= {part: whole, **{at_time(time, part): one for time, one in by_time.items()}}
    return found


def _told_apart(whole: Profile, windows: Mapping[Window, Profile], least: int) -> tuple[Profile, Mapping[int, Profile]]:
    """Give one part with which of its columns differ by the time, and it at each time; at none where none do."""
    by_time: dict[int, dict[Window, Profile]] = {}
    for window, profile in windows.items():
        if (time := time_of(window)) is not None and profile.rows >= least:
            by_time.setdefault(time, {})[window] = profile
    by_time = {time: held for time, held in by_time.items() if len(held) >= FEWEST}
    spans, known = [*windows], sum(map(len, by_time.values()))
    if len(by_time) < TIMES or known < MOST * len(windows) or spans[-1].end - spans[0].start < DAYS:
        return whole, {}
    parts = {time: reduce(merge, held.values()) for time, held in by_time.items()}
    alike = correlation_of(_levelled(by_time, parts, whole), whole.layout)
    columns = tuple(
        _told(before, own, whole.layout) for before, own in zip(whole.layout.columns, alike.columns, strict=True)
    )
    if not any(column.timed for column in columns):
        return whole, {}
    marked = _marked(whole, [column.timed for column in columns])
    told = replace(whole.layout, columns=columns)
    return marked, {time: replace(one, layout=told) for time, one in parts.items()}


def rows_at(rows: pa.Table, timestamp: str, window: Window, period: Period) -> pa.Table:
    """Give the rows of the weekday, or the hour, of a window; all where it is of none."""
    time = time_of(window)
    if time is None:
        return rows
    windows, place = windows_of(rows, timestamp, period)
    return rows.filter(pa.array(np.array([time_of(one) == time for one in windows], np.bool_)[place]))


def _marked(profile: Profile, timed: Sequence[bool]) -> Profile:
    """Give a profile that says which of its columns differ by the time."""
    columns = (replace(column, timed=is_so) for column, is_so in zip(profile.layout.columns, timed, strict=True))
    return replace(profile, layout=replace(profile.layout, columns=tuple(columns)))


def _levelled(
    by_time: Mapping[int, Mapping[Window, Profile]], parts: Mapping[int, Profile], whole: Profile
) -> list[Profile]:
    """Give windows in their order as if all times were alike, and as much wider as the times' own means took from them.

    Numbers are brought from their place among those of their time to the same place among all, shares of categories
    from where they lie about those of their time to there about those of all.
    """
    known = sum(map(len, by_time.values()))
    wider = np.sqrt((known - 1) / max(known - len(parts), 1))
    found: dict[Window, Profile] = {}
    for time, own in parts.items():
        held = by_time[time]
        rows = np.array([one.rows for one in held.values()])[:, None]
        counts = np.stack([one.counts for one in held.values()]).astype(np.float64)
        usual, beyond = rows / whole.rows * whole.counts, counts - rows / own.rows * own.counts
        for i, column in enumerate(whole.layout.columns):
            if isinstance(column.bins, NumericBins):
                here = slice(whole.layout.offsets[i], whole.layout.offsets[i] + column.bins.size)
                placed = counts[:, here] @ same_places(own.counts[here], whole.counts[here])
                usual[:, here] = placed.sum(axis=1)[:, None] * whole.counts[here] / max(whole.counts[here].sum(), 1)
                beyond[:, here] = placed - usual[:, here]
        levelled = np.maximum(np.rint(usual + wider * beyond), 0).astype(np.int64)
        found |= {window: replace(one, counts=levelled[i]) for i, (window, one) in enumerate(held.items())}
    return [found[window] for window in sorted(found)]


def same_places(own: Counts, of_all: Counts) -> Floats:
    """Give how rows of each ordered bin are spread over bins so that `own` come to lie as `of_all` do; (bins, bins).

    >>> same_places(np.array([2, 2, 0]), np.array([1, 1, 2])).tolist()
    [[0.5, 0.5, 0.0], [0.0, 0.0, 1.0], [0.0, 0.0, 0.0]]
    """
    ends, places = (np.append(0.0, one.cumsum() / max(one.sum(), 1)) for one in (own, of_all))
    within = np.minimum(ends[1:, None], places[1:]) - np.maximum(ends[:-1, None], places[:-1])
    return np.asarray(np.maximum(within, 0.0) / np.maximum(np.diff(ends), 1e-300)[:, None] * (own > 0)[:, None])


def _told(column: Column, alike: Column, layout: Layout) -> Column:
    """Give a column with how alike windows of one time are, where those of all differ by far more."""
    several = max(layout.window_rows - 1, 1.0)
    of_all, of_one = 1 + several * column.steepest, 1 + several * alike.steepest
    if column.kind == "vector" or of_all < MORE * of_one:
        return replace(column, timed=False)
    return replace(
        column,
        timed=True,
        correlation=min(column.correlation, alike.correlation),
        steepest=alike.steepest,
        lasting=alike.lasting,
    )


def at_some_time(references: Mapping[str, Profile]) -> Mapping[str, Profile]:
    """Give what a window of the first time that the reference knows is laid beside."""
    first: dict[str, Profile] = {}
    for name, then in references.items():
        if is_at_time(name):
            first.setdefault(part_at_time(name), then)
    return {**references, **{part: _joined(references[part], then) for part, then in first.items()}}


def as_of(
    beside: Mapping[str, Profile],
    references: Mapping[str, Profile],
    stretches: Mapping[str, Window],
    period: Period,
) -> Mapping[str, Profile]:
    """Give what a window is laid beside, the columns that differ by the time being those of its own times.

    beside: what it would be laid beside otherwise; what windows before told stays. references: by part, with those by
    time. stretches: by part, of all windows that are judged together with it. Where the reference does not know all of
    these times, it is laid beside all of them.
    """
    return {**beside, **{part: _then(beside, references, part, stretches.get(part), period) for part in _timed(beside)}}


def _timed(references: Mapping[str, Profile]) -> Iterator[str]:
    """Name the parts of the traffic with columns that differ by the time."""
    parts = (item for item in references.items() if not is_at_time(item[0]))
    yield from (part for part, one in parts if any(column.timed for column in one.layout.columns))


def _then(
    beside: Mapping[str, Profile],
    references: Mapping[str, Profile],
    part: str,
    stretch: Window | None,
    period: Period,
) -> Profile:
    whole = beside[part]
    windows = windows_between(stretch.start, stretch.end, period) if stretch else ()
    times = {time_of(one) for one in windows}
    held = [references.get(at_time(time, part)) for time in sorted(time for time in times if time is not None)]
    known = [one for one in held if one is not None]
    if len(known) < max(len(times), 1):
        return _marked(whole, [False] * len(whole.layout.columns))
    return _joined(whole, reduce(merge, known))


def _joined(whole: Profile, then: Profile) -> Profile:
    """Give a profile whose columns that differ by the time are those of another one."""
    layout, counts, sums, kept = whole.layout, whole.counts.copy(), whole.sums.copy(), list[Column]()
    for i, (column, own) in enumerate(zip(layout.columns, then.layout.columns, strict=True)):
        if not own.timed:
            kept.append(column)
            continue
        here = slice(layout.offsets[i], layout.offsets[i + 1])
        counts[here], sums[2 * i : 2 * i + 2] = then.counts[here], then.sums[2 * i : 2 * i + 2]
        kept.append(
            replace(
                column, week=None, correlation=own.correlation, steepest=own.steepest, lasting=own.lasting, timed=True
            )
        )
    return replace(whole, layout=replace(layout, columns=tuple(kept)), counts=counts, sums=sums)
