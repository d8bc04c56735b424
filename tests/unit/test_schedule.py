"""Windows partition time, in UTC, whatever the clocks on the wall do."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.schedule import LONGEST_SILENCE, Period, closed_windows, parse_period, window_of, windows_between
from monitor.types import Window

HOUR = timedelta(hours=1)
NOON = datetime(2024, 5, 1, 12, tzinfo=UTC)

times = st.datetimes(datetime(1990, 1, 1), datetime(2090, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
periods = st.builds(Period, count=st.integers(1, 24), unit=st.sampled_from(["h", "d", "w", "mo"]))


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@given(periods)
def test_a_period_reads_what_it_writes(period: Period) -> None:
    assert parse_period(str(period)) == period


@pytest.mark.parametrize(
    "text", ["", "h", "0h", "-1h", "1.5h", "1m", "1y", " 1h", "1h\n", "1H", "01h", "1000h", "\u0661h"]
)
def test_other_lengths_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match="no window length"):
        parse_period(text)


@pytest.mark.parametrize(
    ("time", "period", "start", "end"),
    [
        # an hour
        ("2024-05-01T12:34", "1h", "2024-05-01T12:00", "2024-05-01T13:00"),
        # a window holds its start and not its end
        ("2024-05-01T12:00", "1h", "2024-05-01T12:00", "2024-05-01T13:00"),
        # six hours begin at midnight
        ("2024-05-01T12:34", "6h", "2024-05-01T12:00", "2024-05-01T18:00"),
        # a day
        ("2024-05-01T12:34", "1d", "2024-05-01", "2024-05-02"),
        # a Wednesday's week begins on Monday
        ("2024-05-01T12:34", "1w", "2024-04-29", "2024-05-06"),
        # Sunday is the last day of the week
        ("2024-05-05T23:59", "1w", "2024-04-29", "2024-05-06"),
        # before 1970 too
        ("1969-12-31", "1w", "1969-12-29", "1970-01-05"),
        # a leap February
        ("2024-02-29T12:34", "1mo", "2024-02-01", "2024-03-01"),
        # December ends in the next year
        ("2024-12-31T12:34", "1mo", "2024-12-01", "2025-01-01"),
        # three months are a quarter
        ("2024-05-01", "3mo", "2024-04-01", "2024-07-01"),
    ],
)
def test_windows_are_aligned(time: str, period: str, start: str, end: str) -> None:
    window = window_of(at(time), parse_period(period))
    assert (window.start, window.end) == (at(start), at(end))


def test_a_naive_time_is_refused() -> None:
    with pytest.raises(ValueError, match="no time zone"):
        window_of(NOON.replace(tzinfo=None), Period(1, "h"))


@given(times, periods)
def test_a_time_lies_in_exactly_one_window(time: datetime, period: Period) -> None:
    window = window_of(time, period)
    assert window.start <= time < window.end
    assert window == window_of(window.start, period) == window_of(window.end - timedelta.resolution, period)


@given(times, st.timedeltas(timedelta.resolution, timedelta(days=10)), periods)
def test_windows_partition_time(start: datetime, length: timedelta, period: Period) -> None:
    windows = list(windows_between(start, start + length, period))
    assert windows[0].start <= start < windows[0].end
    assert windows[-1].start < start + length <= windows[-1].end
    assert all(a.end == b.start for a, b in pairwise(windows))


@given(times, periods)
def test_an_empty_stretch_has_no_windows(time: datetime, period: Period) -> None:
    assert not list(windows_between(time, time, period))
    assert not list(windows_between(time, time - HOUR, period))


@given(
    times,
    st.timedeltas(timedelta(0), timedelta(days=3)),
    st.sampled_from(["Europe/Berlin", "America/New_York", "Australia/Lord_Howe"]),
    periods,
)
def test_the_zone_of_a_time_is_irrelevant(start: datetime, length: timedelta, zone: str, period: Period) -> None:
    local_start, local_end = (t.astimezone(ZoneInfo(zone)) for t in (start, start + length))
    assert list(windows_between(local_start, local_end, period)) == list(windows_between(start, start + length, period))


@pytest.mark.parametrize(
    ("zone", "day"),
    [
        # one hour is skipped
        ("Europe/Berlin", "2024-03-31"),
        # one hour comes twice
        ("Europe/Berlin", "2024-10-27"),
        # at another time of day
        ("America/New_York", "2024-03-10"),
        # and back
        ("America/New_York", "2024-11-03"),
        # half an hour comes twice
        ("Australia/Lord_Howe", "2024-04-07"),
        # half an hour is skipped
        ("Australia/Lord_Howe", "2024-10-06"),
    ],
)
def test_a_day_on_which_clocks_change_has_24_hours(zone: str, day: str) -> None:
    start, end = (t.astimezone(ZoneInfo(zone)) for t in (at(day), at(day) + timedelta(days=1)))
    windows = list(windows_between(start, end, Period(1, "h")))
    assert len(windows) == 24
    assert {w.end - w.start for w in windows} == {HOUR}


def test_an_end_that_the_wall_clock_shows_before_the_start_is_after_it() -> None:
    berlin = ZoneInfo("Europe/Berlin")
    start, end = at("2024-10-27T00:50").astimezone(berlin), at("2024-10-27T01:10").astimezone(berlin)
    assert (start.hour, start.minute, end.hour, end.minute) == (2, 50, 2, 10)
    assert len(list(windows_between(start, end, Period(1, "h")))) == 2


@pytest.mark.parametrize(
    ("newest", "drained", "lateness", "judged", "closed"),
    [
        # without a drain the newest record is the clock
        (2.5, None, 0, None, [0, 1]),
        # a record at a window's end closes it
        (3.0, None, 0, None, [0, 1, 2]),
        # lateness keeps windows open
        (2.5, None, 1, None, [0]),
        # what is judged is not judged again
        (4.5, None, 0, 2, [2, 3]),
        # nothing new
        (2.5, None, 0, 2, []),
        # a drained source closes the newest record's window
        (2.5, 3.1, 0, None, [0, 1, 2]),
        # two windows behind still keeps up; the empty windows are closed too
        (2.5, 4.9, 0, None, [0, 1, 2, 3]),
        # three windows behind does not
        (2.5, 5.0, 0, None, [0, 1]),
        # a record from the future outruns the drain
        (3.5, 2.0, 0, None, [0, 1, 2]),
        # lateness holds against the drain as well
        (2.5, 3.5, 1, None, [0, 1]),
        # the clock has fallen back behind what was judged
        (2.5, 9.0, 0, 4, []),
    ],
)
def test_windows_close_behind_the_clock_of_the_data(
    newest: float, drained: float | None, lateness: float, judged: float | None, closed: list[int]
) -> None:
    windows = closed_windows(
        first_record=NOON + HOUR / 4,
        newest_record=NOON + newest * HOUR,
        drained_at=None if drained is None else NOON + drained * HOUR,
        lateness=lateness * HOUR,
        period=Period(1, "h"),
        judged_until=None if judged is None else NOON + judged * HOUR,
    )
    assert [(w.start - NOON) / HOUR for w in windows] == closed


def test_without_records_no_window_is_closed() -> None:
    windows = closed_windows(
        first_record=None, newest_record=None, drained_at=NOON, lateness=HOUR, period=Period(1, "h")
    )
    assert not list(windows)


@given(times, st.lists(st.timedeltas(timedelta(0), timedelta(days=2)), max_size=8))
def test_judging_in_pieces_is_judging_at_once(start: datetime, pauses: list[timedelta]) -> None:
    def closed(newest: datetime, judged: datetime | None) -> list[datetime]:
        windows = closed_windows(
            first_record=start,
            newest_record=newest,
            drained_at=None,
            lateness=HOUR,
            period=Period(6, "h"),
            judged_until=judged,
        )
        return [window.end for window in windows]

    newest, pieces = start, list[datetime]()
    for pause in pauses:
        newest += pause
        pieces += closed(newest, pieces[-1] if pieces else None)
    assert pieces == closed(newest, None)


HOURLY = Period(1, "h")


def hours_closed(*held: int, judged: int | None = None) -> list[int]:
    """Give the closed windows of a log whose records lie in these hours, the last of them open."""
    windows = [Window(NOON + hour * HOUR, NOON + (hour + 1) * HOUR) for hour in held]
    closed = closed_windows(
        first_record=windows[0].start + HOUR / 4,
        newest_record=windows[-1].start + HOUR / 4,
        drained_at=None,
        lateness=timedelta(0),
        period=HOURLY,
        judged_until=None if judged is None else NOON + judged * HOUR,
        held=windows,
    )
    return [int((window.start - NOON) / HOUR) for window in closed]


def test_a_silence_is_judged_window_by_window() -> None:
    assert hours_closed(0, LONGEST_SILENCE + 1, LONGEST_SILENCE + 2) == list(range(LONGEST_SILENCE + 2))


def test_one_old_record_leads_to_one_empty_window() -> None:
    years = 476_000
    assert hours_closed(0, years, years + 1, years + 3) == [0, 1, years, years + 1, years + 2]
    assert hours_closed(0, years, years + 1, years + 3, judged=2) == [years, years + 1, years + 2]


def test_a_log_that_is_silent_for_months_is_told_so() -> None:
    log, months = range(500), 5_000
    assert hours_closed(*log, months, months + 1) == [*range(1000), months]
    again = range(months, months + 800)
    assert hours_closed(*log, *again, 9_000, 9_001)[-1002:] == [
        months + 799,
        *range(months + 800, months + 1800),
        9_000,
    ]


@settings(max_examples=30)
@given(st.sets(st.integers(0, 6_000), min_size=2, max_size=12))
def test_holes_hide_no_window_that_holds_records_and_judging_in_pieces_is_judging_at_once(hours: set[int]) -> None:
    held = sorted(hours)
    closed = hours_closed(*held)
    assert {*held[:-1]} <= {*closed}
    assert closed == sorted({*closed})
    assert len(closed) <= len(held) * (LONGEST_SILENCE + 1)
    middle = closed[len(closed) // 2]
    assert [hour for hour in closed if hour >= middle] == hours_closed(*held, judged=middle)
