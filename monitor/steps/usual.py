"""What the reference's own rows of the same hours of the week show as well is no difference from the reference."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from monitor.detectors.quality import constant_column, missing_share, volume
from monitor.profiles.layout import Layout
from monitor.profiles.profile import Profile
from monitor.profiles.week import scores_of, week_of
from monitor.steps.parts import VERSION, Pairs
from monitor.store.measurements import Judged
from monitor.store.references import WHOLE
from monitor.types import Window

Counts = NDArray[np.int64]

ALLOTTED = "in all traffic it is as ever: which rows a version is given differs"
OF_ROWS = (missing_share.NAME, constant_column.NAME)
OF_THE_DAY = ("drift.data", "drift.prediction", "drift.label", "confidence", "performance.estimated", "bias.sampling")
AS_USUAL = "the reference's own rows of these hours of the week differ as far, the same way"


def told_by_the_week(layout: Layout, windows: Mapping[Window, Profile]) -> Layout:
    """Give a layout whose columns know how the reference's rows differ over the week.

    windows: its rows by hour, or by day; of other lengths they tell nothing of that.
    """
    length = min(one.end - one.start for one in windows)
    starts = [window.start for window in windows]
    columns = (
        replace(column, week=week_of(column.bins, starts, _counts(windows.values(), column.name), length=length))
        for column in layout.columns
    )
    return replace(layout, columns=tuple(columns))


def _counts(windows: Iterable[Profile], column: str) -> Counts:
    return np.array([one.columns[column].counts for one in windows])


def without_the_usual(judged: Sequence[Judged], pairs: Pairs, stretch: Window) -> list[Judged]:
    """Withhold breaches of drift and confidence that say what the reference says of these hours: they change no alert.

    pairs: (reference, window) by segment. stretch: of the windows whose rows were judged; a segment may have its own.
    Limits of the user's own hold as they are.
    """
    return [
        _withheld(one, AS_USUAL)
        if one.outcome == "breach" and one.alpha is not None and _is_usual(one, pairs, stretch)
        else one
        for one in judged
    ]


def without_the_allotted(judged: Sequence[Judged], layout: Layout) -> list[Judged]:
    """Withhold breaches of features within a version's rows where all traffic breaches nothing: they change no alert.

    Which rows a version is given is chosen, by the place that it is rolled out at. What its own pipeline breaks shows
    in all traffic, too.
    """
    whole = {(one.measurement.detector, one.measurement.column): one for one in judged if not one.measurement.segment}
    return [
        _withheld(one, ALLOTTED)
        if one.outcome == "breach" and one.alpha is not None and _is_allotted(one, whole, layout)
        else one
        for one in judged
    ]


def without_holidays(judged: Sequence[Judged], holiday: str) -> list[Judged]:
    """Withhold what lays a holiday's rows beside those of other days; all of it where `holiday` is no name.

    Broken data and attacks are told of on every day, and so is performance. Limits of the user's own hold as they are.
    """
    note = f"{holiday}: such a day is not laid beside others" if holiday else ""
    return [
        _withheld(one, note)
        if note and one.outcome in ("breach", "clear") and one.alpha is not None and _is_of_the_day(one)
        else one
        for one in judged
    ]


def _withheld(judged: Judged, note: str) -> Judged:
    """Give what changes no alert, with the reason."""
    return replace(judged, measurement=replace(judged.measurement, note=note), outcome="insufficient", lingers=False)


def _is_of_the_day(judged: Judged) -> bool:
    """Say whether a number tells who comes on which day, and how many."""
    return judged.kind.startswith(OF_THE_DAY) or judged.measurement.detector == volume.NAME


def _is_allotted(judged: Judged, whole: Mapping[tuple[str, str], Judged], layout: Layout) -> bool:
    one = judged.measurement
    column, everywhere = layout.by_name.get(one.column), whole.get((one.detector, one.column))
    if not one.segment.startswith(VERSION) or column is None or column.role != "feature" or everywhere is None:
        return False
    of_rows = judged.kind == "drift.data" or one.detector in OF_ROWS
    return of_rows and everywhere.outcome == "clear"


def _is_usual(judged: Judged, pairs: Pairs, stretch: Window) -> bool:
    name, segment = judged.measurement.column, judged.measurement.segment
    if not judged.kind.startswith(("drift.", "confidence")) or segment not in pairs:
        return False
    before, after = pairs[segment]
    column = before.layout.by_name.get(name)
    if column is None or column.week is None or column.kind == "vector":
        return False
    scores = scores_of(column.bins, pairs[WHOLE][0].columns[name].counts)
    here, there = (one.columns[name] for one in (before, after))
    if len(scores) != column.week.shifts.shape[1] or not (here.n and there.n):
        return False
    shift = scores @ (there.counts / there.n - here.counts / here.n)
    return column.week.explains(shift, after.span or stretch)
