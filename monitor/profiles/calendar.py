"""Which times a reference's rows are of, and which times it holds no or hardly any rows of."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from monitor.types import Window

MONTHS = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)
WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
SELDOM = 1 / 20
ENOUGH = 50
EXPECTED = 5
"""A reference from which fewer rows were to be expected of a time cannot be said to lack it."""
WEEKS_NEEDED = 2
_HOUR, _DAY = timedelta(hours=1), timedelta(days=1)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_THURSDAY = 3

Counts = NDArray[np.int64]


@dataclass(frozen=True)
class Uncovered:
    """What of some windows a reference does not cover.

    share: of their time, in [0, 1]. months, times: names, in the order met; a time is a weekday, or hours of one.
    never: the reference holds not a single row of any of them.
    """

    share: float = 0.0
    months: tuple[str, ...] = ()
    times: tuple[str, ...] = ()
    never: bool = True


@dataclass(frozen=True, eq=False)
class Calendar:
    """When a reference's rows are of, in UTC.

    first, last: its first and its last record. months: rows by month of the year, shape (12,). hours: rows by weekday,
    Monday first, and hour, shape (7, 24).
    """

    first: datetime
    last: datetime
    months: Counts
    hours: Counts

    def described(self) -> dict[str, Any]:
        """Give it as JSON has it."""
        span = {"first": self.first.isoformat(), "last": self.last.isoformat()}
        return {**span, "months": self.months.tolist(), "hours": self.hours.tolist()}

    @classmethod
    def of(cls, described: Mapping[str, Any] | None) -> "Calendar | None":
        """Give back what was described; None of nothing."""
        if described is None:
            return None
        first, last = (datetime.fromisoformat(described[name]) for name in ("first", "last"))
        months, hours = (np.array(described[name], np.int64) for name in ("months", "hours"))
        return cls(first, last, months, hours)

    def age(self, at: datetime) -> timedelta:
        """Give how long ago the last record was; zero within the reference's own time."""
        return max(at - self.last, timedelta(0))

    def expects(self, window: Window) -> bool:
        """Say whether the reference holds rows of a window's hours of the week, so that none would be no rest."""
        return sum(self._rows(part)[1] for part in _days(window)) >= EXPECTED

    @property
    def weeks(self) -> float:
        """Give how many weeks the reference spans."""
        return (self.last - self.first) / timedelta(weeks=1)

    def rows_usual_in(self, window: Window) -> float:
        """Give how many rows it holds on average of a window's hours of the week; 0 where it holds these once only."""
        first, last = ((at - _EPOCH) // _HOUR + 24 * _THURSDAY for at in (self.first, self.last))
        hours = np.arange(168)
        times = ((last - hours) // 168 - (first - 1 - hours) // 168).reshape(7, 24)
        usual, found = self.hours / np.maximum(times, 1), 0.0
        for part in _days(window):
            here = _cells(part)
            if times[here].min() < WEEKS_NEEDED:
                return 0.0
            found += float(usual[here].sum())
        return found

    def uncovered(self, windows: Iterable[Window], *, held: Counts | None = None) -> Uncovered:
        """Say which part of some windows falls into months, weekdays or hours that the reference hardly holds.

        held: rows of today by weekday and hour, shape (7, 24): a weekday or hours of which there are none now, as all
        but one of a weekly batch, are not lacking. None where that is not known.

        Windows are taken apart at midnight, in UTC. Of a part, its month and its hours of that weekday, taken together,
        must each have a twentieth of the rows that they would have if all times had alike, or 50. So neither a night
        within a day without traffic counts, nor a time of which fewer than five rows were to be expected.
        """
        total, lacking = timedelta(0), timedelta(0)
        months, times, seen = dict[str, None](), dict[str, None](), 0
        for part in (part for window in windows for part in _days(window)):
            of_month, of_hours, hours = self._rows(part)
            no_month, no_hours = self._lacks(of_month, 1 / 12), self._lacks(of_hours, hours / 168)
            no_hours = no_hours and (held is None or bool(held[_cells(part)].any()))
            months |= {MONTHS[part.start.month - 1]: None} if no_month else {}
            times |= {_name(part): None} if no_hours else {}
            seen += (of_month if no_month else 0) + (of_hours if no_hours else 0)
            total += part.end - part.start
            lacking += part.end - part.start if no_month or no_hours else timedelta(0)
        return Uncovered(lacking / total if total else 0.0, tuple(months), tuple(times), never=not seen)

    def _rows(self, part: Window) -> tuple[int, int, int]:
        of_hours = self.hours[_cells(part)]
        return int(self.months[part.start.month - 1]), int(of_hours.sum()), of_hours.size

    def _lacks(self, rows: int, share: float) -> bool:
        expected = share * int(self.months.sum())
        return expected >= EXPECTED and rows < min(SELDOM * expected, ENOUGH)


Hours = Callable[[Window], Counts | None]
"""Counts the rows of a span by weekday and hour, shape (7, 24); None where they are not known."""


def last_week(windows: Sequence[Window]) -> Window:
    """Give the last week of some windows, oldest first, or the last window where that is longer."""
    newest = windows[-1]
    return Window(min(newest.start, newest.end - 7 * _DAY), newest.end)


def uncovered_now(calendar: Calendar, windows: Sequence[Window], now: Window, hours: Hours | None) -> Uncovered:
    """Say what of some windows a reference does not cover, as far as rows come at such times in the span `now`."""
    found = calendar.uncovered(windows)
    return calendar.uncovered(windows, held=hours(now)) if found.times and hours else found


def calendar_of(times: pa.ChunkedArray) -> Calendar | None:
    """Count rows by their times, timestamps in microseconds and UTC without nulls; None without rows."""
    micros = times.cast(pa.int64()).to_numpy()
    if not micros.size:
        return None
    months = micros.astype("datetime64[us]").astype("datetime64[M]").astype(np.int64) % 12
    hours = micros // (_HOUR // timedelta(microseconds=1))
    cells = (hours // 24 + _THURSDAY) % 7 * 24 + hours % 24
    first, last = (_EPOCH + timedelta(microseconds=int(at)) for at in (micros.min(), micros.max()))
    by_month, by_hour = np.bincount(months, minlength=12), np.bincount(cells, minlength=168)
    return Calendar(first, last, by_month, by_hour.reshape(7, 24))


def _cells(part: Window) -> tuple[int, slice]:
    """Give the weekday and the hours of a part of one day."""
    return part.start.weekday(), slice(part.start.hour, (part.end - timedelta(microseconds=1)).hour + 1)


def _days(window: Window) -> Iterator[Window]:
    start, last = window.start.astimezone(UTC), window.end.astimezone(UTC)
    while start < last:
        end = min(start.replace(hour=0, minute=0, second=0, microsecond=0) + _DAY, last)
        yield Window(start, end)
        start = end


def _name(part: Window) -> str:
    day = WEEKDAYS[part.start.weekday()]
    first, last = part.start.hour, (part.end - timedelta(microseconds=1)).hour + 1
    return day if (first, last) == (0, 24) else f"{day} {first:02}:00 to {last:02}:00"
