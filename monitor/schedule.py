"""Which windows there are, and which of them are closed: time in, windows out, no clock."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise, takewhile
from typing import Literal

from monitor.types import Window

LEARNED_WINDOWS = 10
"""The windows that a reference is learned from where none is named."""
LONGEST_SILENCE = 1_000
"""Windows in a row without any record, above which a log has a hole rather than a silence."""

_MONDAY, _DAY, _SATURDAY = datetime(1970, 1, 5, tzinfo=UTC), timedelta(days=1), 5
_CHANGED_CLOCKS = timedelta(hours=2)
"""Days begin so much earlier or later where clocks are changed."""
_LENGTHS = {"h": timedelta(hours=1), "d": timedelta(days=1), "w": timedelta(weeks=1), "mo": timedelta(days=28)}
_LONGEST_MONTH = timedelta(days=31)


@dataclass(frozen=True)
class Period:
    """The length of a window: so many hours, days, weeks or calendar months."""

    count: int
    unit: Literal["h", "d", "w", "mo"]

    def __str__(self) -> str:
        """Give the form that `parse_period` reads."""
        return f"{self.count}{self.unit}"

    @property
    def shortest(self) -> timedelta:
        """Give how long its windows are; of months, how long at least."""
        return self.count * _LENGTHS[self.unit]

    @property
    def longest(self) -> timedelta:
        """Give how long its windows are at most.

        >>> parse_period("6h").longest, parse_period("1mo").longest.days
        (datetime.timedelta(seconds=21600), 31)
        """
        return self.count * _LONGEST_MONTH if self.unit == "mo" else self.shortest


def parse_period(text: str) -> Period:
    """Read a window's length such as `1h`, `6h`, `1d`, `1w` or `1mo`; ValueError for anything else.

    >>> parse_period("6h")
    Period(count=6, unit='h')
    """
    match = re.fullmatch(r"([1-9][0-9]{0,2})(h|d|w|mo)", text)
    if match is None:
        raise ValueError(f"{text!r} is no window length; write for example 1h, 6h, 1d, 1w or 1mo")
    return Period(int(match[1]), match[2])  # type: ignore[arg-type]  # the pattern allows the four units only


def window_of(time: datetime, period: Period) -> Window:
    """Give the one window that holds an aware time, aligned in UTC; ValueError for a naive time.

    Days begin at midnight, weeks on Monday, months on the first. Longer periods are counted from
    Monday, 5 January 1970, or from January of the year 0, so every time lies in exactly one window.

    >>> print(window_of(datetime(2024, 2, 29, 13, tzinfo=UTC), parse_period("1mo")).end)
    2024-03-01 00:00:00+00:00
    """
    time = _utc(time)
    return _months(time, period.count) if period.unit == "mo" else _fixed(time, period.shortest)


def time_of(window: Window) -> int | None:
    """Give the number of a day's weekday, Monday being 0, or of an hour's part of the day; None for other lengths.

    Those of Saturdays and Sundays, in UTC, come behind those of the other days.

    >>> day = datetime(2026, 11, 29, tzinfo=UTC)
    >>> [time_of(Window(day + _DAY / 4, day + _DAY / 4 + length)) for length in (_DAY, _DAY / 4, 7 * _DAY)]
    [6, 5, None]
    """
    length = window.end - window.start
    if abs(length - _DAY) <= _CHANGED_CLOCKS:
        return round((window.start - _MONDAY) / _DAY) % 7
    if length > _DAY / 2 or _DAY % length:
        return None
    weekend = int((window.start - _MONDAY) // _DAY % 7 >= _SATURDAY)
    return int((window.start - _MONDAY) % _DAY // length + weekend * (_DAY // length))


def windows_between(start: datetime, end: datetime, period: Period) -> Iterator[Window]:
    """Yield the whole windows that touch `[start, end)`, oldest first, without gap or overlap.

    >>> day = datetime(2024, 5, 1, tzinfo=UTC)
    >>> [w.start.hour for w in windows_between(day, day + timedelta(days=1), parse_period("6h"))]
    [0, 6, 12, 18]
    """
    start, end = _utc(start), _utc(end)
    window = window_of(start, period)
    while start < end and window.start < end:
        yield window
        window = window_of(window.end, period)


def closed_windows(
    *,
    first_record: datetime | None,
    newest_record: datetime | None,
    drained_at: datetime | None,
    lateness: timedelta,
    period: Period,
    judged_until: datetime | None = None,
    held: Sequence[Window] = (),
) -> Iterator[Window]:
    """Yield the windows not judged yet whose end and lateness lie behind the data's clock, oldest first.

    All of them, though they hold no record, but for holes of more than 1,000 empty windows: of each no more windows are
    given than held records before it, at most 1,000. One row of 1971 leads to one empty window, and a log that fell
    silent for months is told so in its first thousand windows.

    first_record, newest_record: times of the records stored; None when there are none, and then no window is closed.
    drained_at: when the source was last read to its end; None if it was not.
    judged_until: end of the newest window already judged.
    held: the windows that hold records, oldest first.
    """
    if first_record is None or newest_record is None:
        return
    first_record = _utc(first_record)
    clock = data_clock(newest_record, drained_at, period)
    start = first_record if judged_until is None else max(first_record, _utc(judged_until))
    for begin, end in _without_holes(start, clock, held):
        yield from takewhile(lambda window: window.end + lateness <= clock, windows_between(begin, end, period))


def _without_holes(start: datetime, end: datetime, held: Sequence[Window]) -> Iterator[tuple[datetime, datetime]]:
    for count, (before, after) in enumerate(pairwise(held), start=1):
        length = before.end - before.start
        if (after.start - before.end) / length > LONGEST_SILENCE and after.start > start:
            yield start, before.end + min(count, LONGEST_SILENCE) * length
            start = after.start
    yield start, end


def data_clock(newest_record: datetime, drained_at: datetime | None, period: Period) -> datetime:
    """Give the time up to which the data are known: the newest record, or the drain if the data keep up with it.

    Data keep up when the newest record lies at most two windows before the drain. Otherwise the source is a
    history or has fallen silent, and windows beyond its last record would be empty without meaning anything.
    """
    newest_record = _utc(newest_record)
    if drained_at is None or _utc(drained_at) <= newest_record:
        return newest_record
    drained_at = _utc(drained_at)
    horizon = window_of(newest_record, period)
    for _ in range(2):
        horizon = window_of(horizon.end, period)
    return drained_at if drained_at < horizon.end else newest_record


def _utc(time: datetime) -> datetime:
    # Times of one zone compare by the clock on the wall, which runs backwards once a year; those in UTC never do.
    if time.utcoffset() is None:
        raise ValueError(f"{time} has no time zone; only aware times can be placed")
    return time.astimezone(UTC)


def _fixed(time: datetime, length: timedelta) -> Window:
    start = time - (time - _MONDAY) % length
    return Window(start, start + length)


def _months(time: datetime, count: int) -> Window:
    index = time.year * 12 + time.month - 1
    first = index - index % count
    return Window(_month(first), _month(first + count))


def _month(index: int) -> datetime:
    return datetime(index // 12, index % 12 + 1, 1, tzinfo=UTC)
