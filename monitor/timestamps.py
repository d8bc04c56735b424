"""Times as people write them, made alike: timestamps in microseconds and UTC."""

import re
from datetime import UTC, datetime, timedelta, tzinfo
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from monitor.profiles.reading import type_of
from monitor.types import Window

STAMP = pa.timestamp("us", "UTC")

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_DAY, _STEP, _MOST_BACK = timedelta(days=1), timedelta(minutes=15), timedelta(hours=3)
_LAST = 200 * 365 * 86_400_000_000
_NUMBER = re.compile(r"[+-]?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]+)?")
# A second count below 1e11 lies before the year 5138, a millisecond count above it after March 1973.
_SECONDS, _MILLISECONDS, _MICROSECONDS = 10**11, 10**14, 10**17


def times_of(column: pa.ChunkedArray, zone: str | None = None) -> pa.ChunkedArray:
    """Give timestamps in microseconds and UTC, null where a value is missing or no time.

    A time may be a timestamp of any unit and zone, a date, ISO 8601 text, or seconds, milli-, micro- or nanoseconds
    since 1970, told apart by size. zone: of times that name none, such as Europe/Berlin; None is UTC. The hour that
    comes twice when clocks are put back is its first; one that is left out is the first moment after it.
    """
    column = decoded(column)
    if pa.types.is_timestamp(column.type):
        times = _from_timestamps(column)
        return times if column.type.tz else _local(times, zone)
    if pa.types.is_date(column.type):
        return _local(_from_timestamps(column.cast(pa.timestamp("s" if column.type == pa.date32() else "ms"))), zone)
    if type_of(column.type) == "number":
        return _from_numbers(column)
    if type_of(column.type) == "text":
        return _from_texts(column, zone)
    return pa.chunked_array([pa.nulls(len(column), STAMP)])


def times_read(window: Window, zone: str | None) -> float:
    """Give how many times its own length local times that name no zone fill a window, as `times_of` reads them.

    That is 2 in the hour before clocks are put back, which comes twice, 0 in the one that follows, and 1 elsewhere; 1
    for windows longer than a day, in which it is lost.

    >>> first = datetime(2024, 10, 27, 0, tzinfo=UTC)
    >>> hours = [Window(first + i * timedelta(hours=1), first + (i + 1) * timedelta(hours=1)) for i in range(3)]
    >>> [times_read(hour, "Europe/Berlin") for hour in hours]
    [2.0, 0.0, 1.0]
    """
    length = window.end - window.start
    if zone is None or length > _DAY:
        return 1.0
    local, begin, end = ZoneInfo(zone), window.start - _MOST_BACK, window.end + _MOST_BACK
    if begin.astimezone(local).utcoffset() == end.astimezone(local).utcoffset():
        return 1.0
    moments = (begin + i * _STEP for i in range((end - begin) // _STEP))
    read = (moment.astimezone(local).replace(fold=0).astimezone(UTC) for moment in moments)
    return sum(window.start <= moment < window.end for moment in read) / (length // _STEP)


def _local(times: pa.ChunkedArray, zone: str | None) -> pa.ChunkedArray:
    """Give times that were taken for UTC as what they are in a zone; those beyond the years that it knows stay."""
    if zone is None or not len(times):
        return times
    import pandas as pd  # noqa: PLC0415  # slow to import, and few need it

    found = times.cast(pa.int64())
    within = flags(pc.and_(pc.greater(found, 0), pc.less(found, _LAST)))
    local = pd.DatetimeIndex(found.fill_null(0).to_numpy()[within].astype("datetime64[us]"))
    known = local.tz_localize(zone, ambiguous=np.ones(len(local), np.bool_), nonexistent="shift_forward")
    values = found.fill_null(0).to_numpy().copy()
    values[within] = known.tz_convert("UTC").tz_localize(None).to_numpy().astype("datetime64[us]").astype(np.int64)
    return pa.chunked_array([pa.array(values, mask=flags(found.is_null())).cast(STAMP)])


def _from_timestamps(column: pa.ChunkedArray) -> pa.ChunkedArray:
    unit = {"s": 1, "ms": 1000}.get(column.type.unit)
    if unit:
        # The year 10000 in seconds is 2.5e11; what lies beyond is turned away and must not overflow on its way.
        bound = 3 * 10**11 * unit
        below = pc.min_element_wise(column.cast(pa.int64()), bound, skip_nulls=False)
        whole = pc.max_element_wise(below, -bound, skip_nulls=False)
        column = whole.cast(pa.timestamp(column.type.unit, "UTC"))
    return column.cast(STAMP, safe=False)


def _from_numbers(column: pa.ChunkedArray) -> pa.ChunkedArray:
    whole = pa.types.is_signed_integer(column.type)
    values = column.cast(pa.int64() if whole else pa.float64(), safe=False).fill_null(0).to_numpy()
    unread = flags(column.is_null()) | ~np.isfinite(values)
    counts = _by_size(np.where(unread, 0, values))
    return pa.chunked_array([pa.array(counts, mask=unread).cast(STAMP)])


def _by_size(values: NDArray[np.float64] | NDArray[np.int64]) -> NDArray[np.int64]:
    """Give microseconds of finite counts since 1970; whatever is negative becomes -1."""
    sizes = [values < 0, values < _SECONDS, values < _MILLISECONDS, values < _MICROSECONDS]
    micro = np.clip(values, 0, _MICROSECONDS)
    counts = [np.full_like(values, -1), np.clip(values, 0, _SECONDS) * 1_000_000, micro * 1000, values]
    nano = np.clip(values, 0, 2.0**62).astype(np.int64) // 1000
    return np.where(values < _MICROSECONDS, np.rint(np.select(sizes, counts)), nano).astype(np.int64)


def _from_texts(column: pa.ChunkedArray, zone: str | None) -> pa.ChunkedArray:
    for kind in (STAMP, pa.timestamp("us")):
        try:
            times = column.cast(kind).cast(STAMP)
        except pa.ArrowInvalid:
            continue
        return times if kind == STAMP else _local(times, zone)
    within = ZoneInfo(zone) if zone else UTC
    values = column.cast(pa.large_binary()).to_pylist()
    counts = [None if value is None else _from_text(value, within) for value in values]
    return pa.chunked_array([pa.array(counts, pa.int64()).cast(STAMP)])


def _from_text(value: bytes, zone: tzinfo) -> int | None:
    try:
        text = value.decode().strip()
        if len(text) != len("20130101") and _NUMBER.fullmatch(text):
            count = float(text)
            return int(_by_size(np.array([count]))[0]) if np.isfinite(count) else None
        time = datetime.fromisoformat(text)
        return microseconds(time if time.tzinfo else time.replace(tzinfo=zone))
    except (ValueError, OverflowError):
        return None


def microseconds(time: datetime) -> int:
    """Give microseconds since 1970."""
    return (time - _EPOCH) // _MICROSECOND


def flags(array: pa.ChunkedArray) -> NDArray[np.bool_]:
    """Give a column of truth values as an array, false where there is none."""
    values: NDArray[np.bool_] = array.fill_null(fill_value=False).to_numpy()
    return values


def decoded(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Give a column's values without a dictionary."""
    return column.cast(column.type.value_type) if pa.types.is_dictionary(column.type) else column
