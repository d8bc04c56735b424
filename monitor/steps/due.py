"""Which of a model's windows are to be judged now, and what about them: pure, from what the store knows."""

from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import accumulate

from monitor.schedule import Period, closed_windows, data_clock, window_of
from monitor.store.measurements import Judgement
from monitor.types import Window


@dataclass(frozen=True)
class Maturity:
    """When a window's labels count as known.

    in_record: labels come with the records, so that none comes later. max_delay: how long after its window a label
    may come; None is for ever, and then `share` of the labels have to be there.
    """

    in_record: bool
    max_delay: timedelta | None
    share: float


@dataclass(frozen=True)
class Known:
    """What the store knows of a model: the span of its records, its windows' revisions, and what was judged."""

    first_record: datetime
    newest_record: datetime
    drained_at: datetime | None
    revisions: Mapping[Window, int]
    judgements: Sequence[Judgement]


@dataclass(frozen=True)
class Due:
    """A window to be judged, with the judgement it had before; None when this is the first time.

    revision: of all that is judged with it, as far as that is known.
    """

    window: Window
    revision: int
    before: Judgement | None


def due_windows(known: Known, maturity: Maturity, *, period: Period, lateness: timedelta) -> Iterator[Due]:
    """Give the windows that are new, or have changed, or whose labels have matured; oldest first.

    A window whose profiles were forgotten keeps what was found when they were there.
    """
    windows = {window_of(part.start, period) for part in known.revisions}
    revisions = Revisions(known.revisions)
    clock = label_clock(known, period)
    again = [
        Due(j.window, revisions.of(j.stretch), before=j)
        for j in known.judgements
        if (j.window in windows and revisions.of(j.stretch) != j.revision)
        or (not j.matured and matured(j.window, maturity, rows=j.rows, labelled=j.labelled, clock=clock))
    ]
    judged = {judgement.window for judgement in known.judgements}
    judged_until = max((window.end for window in judged), default=None)
    passed = [window for window in windows if judged_until and window.end <= judged_until]
    closed = closed_windows(
        first_record=known.first_record,
        newest_record=known.newest_record,
        drained_at=known.drained_at,
        lateness=lateness,
        period=period,
        judged_until=judged_until,
    )
    new = [Due(window, revisions.of(window), before=None) for window in (*passed, *closed) if window not in judged]
    yield from sorted([*again, *new], key=lambda due: due.window)


class Revisions:
    """How often the stored profiles of any stretch of time have changed."""

    def __init__(self, revisions: Mapping[Window, int]) -> None:
        self._starts = sorted(window.start for window in revisions)
        by_start = {window.start: revision for window, revision in revisions.items()}
        self._until = [0, *accumulate(by_start[start] for start in self._starts)]

    def of(self, stretch: Window) -> int:
        """Give the sum of the revisions of the profiles within a stretch."""
        first, last = bisect_left(self._starts, stretch.start), bisect_left(self._starts, stretch.end)
        return self._until[last] - self._until[first]


def matured(window: Window, maturity: Maturity, *, rows: int, labelled: int, clock: datetime) -> bool:
    """Say whether all labels of a window are known that will be."""
    if maturity.in_record or labelled >= rows:
        return True
    if maturity.max_delay is not None:
        return clock >= window.end + maturity.max_delay
    return labelled >= maturity.share * rows


def label_clock(known: Known, period: Period) -> datetime:
    """Give the time up to which labels are known: that of the records, since both sources are read to their ends."""
    return data_clock(known.newest_record, known.drained_at, period)
