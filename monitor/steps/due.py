"""Which of a model's windows are to be judged now, and what about them: pure, from what the store knows."""

import math
from bisect import bisect_left
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import accumulate

from monitor.schedule import Period, closed_windows, data_clock, window_of
from monitor.steps.history import History
from monitor.store.measurements import Judgement
from monitor.types import Window

LACKING = 0.03
"""A smaller share of labels that are still awaited moves no share of right decisions by more than this."""
PATIENCE = 3
"""Times `max_delay` after which labels count as known, however few there are."""
SOON = timedelta(weeks=1)
"""So long after the labels of a window should have come it is asked whether they lag in some of its segments only."""
COMPARED = (0.5, 4.0)
"""How much earlier, in times `max_delay`, the windows ended that say how many labels a window comes to."""


@dataclass(frozen=True)
class Maturity:
    """When a window's labels count as known.

    in_record: labels come with the records, so that none comes later. max_delay: how long after its window a label
    may come; None is for ever, and then `share` of the labels have to be there. A window that has fewer labels by then
    than earlier ones came to waits up to three times as long: those who named the delay may have named it too short.
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


def due_windows(
    known: Known,
    maturity: Maturity,
    *,
    period: Period,
    lateness: timedelta,
    rest: Callable[[Window], tuple[int, int]] = lambda _: (0, 0),
) -> Iterator[Due]:
    """Give the windows that are new, or have changed, or whose labels have matured; oldest first.

    A window whose profiles were forgotten keeps what was found when they were there. rest: gives (rows, labelled) of
    those parts of a window whose labels do not lag, where some do; asked in the days after all should have come.
    """
    windows = {window_of(part.start, period) for part in known.revisions}
    revisions = Revisions(known.revisions)
    clock, history = label_clock(known, period), History(known.judgements)
    again = [
        Due(j.window, revisions.of(j.stretch), before=j)
        for j in known.judgements
        if (j.window in windows and revisions.of(j.stretch) != j.revision)
        or (not j.matured and matured(j.window, maturity, history, rows=j.rows, labelled=j.labelled, clock=clock))
        or (not j.matured and _rest_matured(j.window, maturity, history, rest, clock=clock))
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
        held=sorted(windows),
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


def matured(window: Window, maturity: Maturity, history: History, *, rows: int, labelled: int, clock: datetime) -> bool:
    """Say whether all labels of a window are known that will be."""
    if maturity.in_record or labelled >= rows:
        return True
    if maturity.max_delay is not None:
        return clock >= window.end + maturity.max_delay and (
            clock >= window.end + PATIENCE * maturity.max_delay
            or labelled >= _usual(window, maturity.max_delay, history, rows=rows) * rows
        )
    return labelled >= maturity.share * rows


def _rest_matured(
    window: Window,
    maturity: Maturity,
    history: History,
    rest: Callable[[Window], tuple[int, int]],
    *,
    clock: datetime,
) -> bool:
    """Say whether all labels are known but of segments whose labels lag; asked for a week, or two windows' time."""
    if maturity.max_delay is None or not timedelta(0) <= clock - window.end - maturity.max_delay < max(
        SOON, 2 * (window.end - window.start)
    ):
        return False
    rows, labelled = rest(window)
    return rows > 0 and matured(window, maturity, history, rows=rows, labelled=labelled, clock=clock)


def _usual(window: Window, max_delay: timedelta, history: History, *, rows: int) -> float:
    """Give the share of labels from which a window has as many as earlier ones came to, but for chance; 0 without."""
    latest, earliest = (window.end - times * max_delay for times in COMPARED)
    # where labels come sooner than windows end, the last few
    earliest = min(earliest, window.start - COMPARED[1] * (window.end - window.start))
    share = history.labelled_share(Window(earliest, min(latest, window.start)))
    return 0.0 if share is None else share * (1 - LACKING) - 2 * math.sqrt(share * (1 - share) / rows)


def label_clock(known: Known, period: Period) -> datetime:
    """Give the time up to which labels are known: that of the records, since both sources are read to their ends."""
    return data_clock(known.newest_record, known.drained_at, period)
