"""The windows of a model that were judged so far, as the next one needs them."""

from bisect import bisect_left, bisect_right, insort
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime, timedelta
from itertools import islice

from monitor.stats.volume import FREE_AMONG_KINDS, WINDOWS_NEEDED
from monitor.steps.gathering import Gathering, begins_anew
from monitor.store.measurements import Judgement
from monitor.types import Window

REMEMBERED = 28
CYCLES = (timedelta(weeks=1), timedelta(days=1))


class History:
    """Judgements by window; notes one at a time, and answers without going through them all."""

    def __init__(self, judgements: Iterable[Judgement] = ()) -> None:
        self._judgements: dict[Window, Judgement] = {}
        self._windows: list[Window] = []
        self._open: set[Window] = set()
        for judgement in judgements:
            self.note(judgement)

    def note(self, judgement: Judgement) -> None:
        """Take a judgement in, in the place of an earlier one of its window."""
        window = judgement.window
        if window not in self._judgements:
            insort(self._windows, window)
        self._judgements[window] = judgement
        (self._open.discard if judgement.matured else self._open.add)(window)

    def begun_before(self, window: Window) -> datetime | None:
        """Give where the stretch begins that the windows before this one left undecided; None when there is none."""
        place = bisect_left(self._windows, window)
        before = self._judgements[self._windows[place - 1]] if place else None
        return before.stretch.start if before and not before.decided else None

    def gathering(self, window: Window, stretch: Window, rows: int) -> Gathering:
        """Give the stretches that were judged since gathering began anew, up to that of this window with its rows."""
        since = begins_anew(window)
        before = [one for one in self._decided_before(window) if begins_anew(one.window) == since]
        held = [sum(own.rows for own in self._within(one.stretch)) if one.since else one.rows for one in before]
        ends = begins_anew(Window(window.end, window.end + (window.end - window.start))) != since
        return Gathering([*(one.stretch for one in before), stretch], [*held, rows], ends)

    def matured_before(self, window: Window) -> Iterator[Judgement]:
        """Give the judgements before a window, newest first, up to the first whose labels have not matured.

        Without those of too few rows, which belong to the next ones, and up to the first against another reference.
        """
        for earlier in reversed(self._windows[: bisect_left(self._windows, window)]):
            one = self._judgements[earlier]
            if not one.matured or one.revision < 0:
                return
            if one.decided:
                yield one

    def stretch_of(self, window: Window) -> Window:
        """Give all that a window was judged together with; itself where it was not judged."""
        found = self._judgements.get(window)
        return found.stretch if found else window

    def had_rows(self, window: Window) -> bool:
        """Say whether a window was judged that had rows of its own."""
        found = self._judgements.get(window)
        return found is not None and found.rows > 0

    def has_passed(self, window: Window) -> bool:
        """Say whether a later window was judged."""
        return bool(self._windows) and self._windows[-1] > window

    @property
    def until(self) -> datetime | None:
        """Give the end of the newest window that was judged; None before one was."""
        return self._windows[-1].end if self._windows else None

    def waits_before(self, window: Window, *, since: datetime) -> bool:
        """Say whether the labels of an earlier window have not matured, of those that end later than `since`."""
        return any(earlier < window and earlier.end > since for earlier in self._open)

    def labelled_share(self, ended: Window) -> float | None:
        """Give the share of rows with a label in the windows that ended in a span, or with it; None without rows."""
        first, last = (bisect_right(self._windows, at, key=lambda one: one.end) for at in (ended.start, ended.end))
        held = [self._judgements[one] for one in self._windows[first:last]]
        rows = sum(one.rows for one in held)
        return sum(one.labelled for one in held) / rows if rows else None

    def before(self, stretch: Window, count: int, *, cycle: timedelta | None) -> list[Window]:
        """Give up to `count` windows with rows before this one, oldest first: the last ones, or cycles earlier.

        stretch: of the windows that are judged together with it; cycles earlier they are given together, too.
        """
        if cycle is not None:
            apart = [stretch.earlier(turn * cycle) for turn in range(count, 0, -1)]
            return [one for one in apart if any(judged.rows for judged in self._within(one))]
        place = bisect_left(self._windows, stretch.start, key=lambda one: one.start)
        held = (one for one in reversed(self._windows[:place]) if self._judgements[one].rows)
        return list(islice(held, count))[::-1]

    def accepted_before(self, window: Window, *, first: int, leading: int = 0) -> list[Window]:
        """Give the stretches judged before this window, oldest first: the `first` ones, then those without alarm.

        leading: how many windows before an alarm led to it and are not accepted either.
        """
        decided = self._decided_before(window)
        alarmed = {at - back for at, one in enumerate(decided) if one.alarmed for back in range(leading + 1)}
        return [one.stretch for at, one in enumerate(decided) if at < first or at not in alarmed]

    def knows(self, window: Window, *, labels: bool) -> bool:
        """Say whether a window was compared with the present reference, and if asked, whether its labels had matured.

        What was measured against an earlier reference is kept where the profiles are gone, but compares with nothing.
        A window of too few rows is known together with the next ones.
        """
        judgement = self._judgements.get(window)
        if judgement is None or judgement.revision < 0 or not judgement.decided:
            return False
        return judgement.matured or not labels

    def rows_like(self, window: Window, *, odd: Callable[[Window], bool] = lambda _: False) -> list[list[int]]:
        """Give the rows of earlier windows of the same hour of the week, or of the day, or simply of the last ones.

        odd: says of which windows the rows are not counted as elsewhere, so that nothing compares with them.

        At most 28, oldest first; the first of these of which there are eight counts. Before there are eight of the same
        weekday, one is enough beside those of the other weekdays, which follow by themselves.
        """
        if weekdays := self._rows_by_weekday(window, odd):
            return weekdays
        alike = self._rows_of(self._apart(window, CYCLES[1], odd))
        if len(alike) >= WINDOWS_NEEDED:
            return [alike]
        before = bisect_left(self._windows, window)
        last = self._windows[max(0, before - REMEMBERED) : before]
        return [self._rows_of(one for one in last if not odd(one))]

    def rows_as_usual(
        self, window: Window, usual: Callable[[Window], float], *, odd: Callable[[Window], bool] = lambda _: False
    ) -> list[int] | None:
        """Give the rows of windows of the same hour of earlier days as they would be on this weekday; None where known.

        usual: how many rows such a window has elsewhere, by which weekdays differ. None, too, below eight days, or
        where a weekday's are not known. odd: as of `rows_like`.
        """
        apart = self._apart(window, CYCLES[1], odd)
        known = [usual(one) for one in (*apart, window)]
        if len(apart) < WINDOWS_NEEDED or not all(known) or self._rows_by_weekday(window, odd):
            return None
        return [round(rows * known[-1] / here) for rows, here in zip(self._rows_of(apart), known, strict=False)]

    def _rows_by_weekday(self, window: Window, odd: Callable[[Window], bool]) -> list[list[int]] | None:
        weekly, daily = CYCLES
        alike = self._rows_of(self._apart(window, weekly, odd))
        if len(alike) >= WINDOWS_NEEDED:
            return [alike]
        if not alike or window.end - window.start > daily:
            return None
        later = (Window(window.start + days * daily, window.end + days * daily) for days in range(1, 7))
        weekdays = [alike, *(self._rows_of(self._apart(one, weekly, odd)) for one in later)]
        return weekdays if sum(max(len(rows) - 1, 0) for rows in weekdays) >= FREE_AMONG_KINDS else None

    def _within(self, stretch: Window) -> list[Judgement]:
        first = bisect_left(self._windows, stretch.start, key=lambda one: one.start)
        last = bisect_right(self._windows, stretch.end, key=lambda one: one.end)
        return [self._judgements[one] for one in self._windows[first:last]]

    def _decided_before(self, window: Window) -> list[Judgement]:
        earlier = self._windows[: bisect_left(self._windows, window)]
        return [one for one in map(self._judgements.__getitem__, earlier) if one.decided]

    def _rows_of(self, windows: Iterable[Window]) -> list[int]:
        return [self._judgements[one].rows for one in windows]

    def _apart(self, window: Window, cycle: timedelta, odd: Callable[[Window], bool]) -> list[Window]:
        """Give the judged windows that lie whole cycles before this one, at most 28, oldest first, without odd ones."""
        if cycle < window.end - window.start:
            return []
        earlier = (window.earlier(turn * cycle) for turn in range(REMEMBERED, 0, -1))
        return [one for one in earlier if one in self._judgements and not odd(one)]
