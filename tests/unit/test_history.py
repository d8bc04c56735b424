"""What the next window needs of those before it."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from monitor.steps.history import History
from monitor.store.measurements import Judgement
from monitor.types import Window

START = datetime(2024, 1, 1, tzinfo=UTC)
HOUR, DAY, WEEK = timedelta(hours=1), timedelta(days=1), timedelta(weeks=1)


def judged(start: datetime, length: timedelta, *, rows: int, matured: bool = True) -> Judgement:
    return Judgement(Window(start, start + length), revision=1, rows=rows, labelled=rows, matured=matured)


def hours(count: int) -> History:
    """Every hour has as many rows as its number in the week."""
    return History(judged(START + n * HOUR, HOUR, rows=n % 168) for n in range(count))


def test_an_hour_is_like_the_same_hour_of_earlier_weeks_once_there_are_eight() -> None:
    window = Window(START + 9 * WEEK + 30 * HOUR, START + 9 * WEEK + 31 * HOUR)
    assert hours(9 * 168 + 30).rows_like(window) == [[30] * 9]


def test_before_that_it_is_like_the_same_hour_of_earlier_days() -> None:
    window = Window(START + 9 * DAY, START + 9 * DAY + HOUR)
    assert hours(9 * 24).rows_like(window) == [[0, 24, 48, 72, 96, 120, 144, 0, 24]]


def test_a_weekday_is_like_itself_beside_the_others_before_there_are_eight() -> None:
    window = Window(START + 20 * DAY, START + 20 * DAY + HOUR)
    own, *others = hours(20 * 24).rows_like(window)
    assert own == [144, 144]
    assert others == [[24 * day] * 3 for day in range(6)]
    early = Window(START + 13 * DAY, START + 14 * DAY)
    days = History(judged(START + n * DAY, DAY, rows=n % 7) for n in range(13))
    assert days.rows_like(early) == [[6], *([day] * 2 for day in range(6))]


def test_and_at_first_like_the_last_windows() -> None:
    window = Window(START + 20 * HOUR, START + 21 * HOUR)
    assert hours(20).rows_like(window) == [list(range(20))]


def test_a_day_is_never_like_itself_and_never_like_what_comes_later() -> None:
    history = History(judged(START + n * DAY, DAY, rows=n) for n in range(40))
    third = Window(START + 2 * DAY, START + 3 * DAY)
    assert history.rows_like(third) == [[0, 1]]


def test_labels_are_counted_in_the_windows_that_ended_in_a_span() -> None:
    history = History(replace(judged(START + n * DAY, DAY, rows=100), labelled=10 * n) for n in range(9))
    assert history.labelled_share(Window(START + 2 * DAY, START + 4 * DAY)) == 0.25
    assert history.labelled_share(Window(START + 20 * DAY, START + 40 * DAY)) is None


def test_a_window_waits_for_the_labels_of_those_before_it_only() -> None:
    history = History([judged(START, DAY, rows=5), judged(START + DAY, DAY, rows=5, matured=False)])
    second, third = Window(START + DAY, START + 2 * DAY), Window(START + 2 * DAY, START + 3 * DAY)
    assert not history.waits_before(second, since=START)
    assert history.waits_before(third, since=START)
    assert not history.waits_before(third, since=START + 2 * DAY)
    history.note(judged(START + DAY, DAY, rows=7))
    assert not history.waits_before(third, since=START)
    assert history.has_passed(Window(START, START + DAY))
    assert not history.has_passed(second)
    assert history.rows_like(third) == [[5, 7]]


def test_a_stretch_goes_on_behind_windows_that_were_left_undecided() -> None:
    small = judged(START, HOUR, rows=5)
    history = History([replace(small, decided=False)])
    second, third = Window(START + HOUR, START + 2 * HOUR), Window(START + 2 * HOUR, START + 3 * HOUR)
    assert history.begun_before(second) == START
    history.note(replace(judged(second.start, HOUR, rows=5), since=START, decided=True))
    assert history.begun_before(third) is None
    assert history.begun_before(small.window) is None


def test_a_baseline_is_of_the_last_windows_with_rows_or_of_the_same_hour_of_earlier_weeks() -> None:
    empty = judged(START + 3 * DAY, DAY, rows=0)
    days = History([*(judged(START + n * DAY, DAY, rows=9) for n in range(40) if n != 3), empty])
    fifth = Window(START + 5 * DAY, START + 6 * DAY)
    assert [w.start for w in days.before(fifth, 3, cycle=None)] == [START + n * DAY for n in (1, 2, 4)]
    last = Window(START + 39 * DAY, START + 40 * DAY)
    assert [w.start for w in days.before(last, 3, cycle=WEEK)] == [START + n * DAY for n in (18, 25, 32)]
    assert len(days.before(fifth, 3, cycle=WEEK)) == 0


def test_windows_are_accepted_when_they_were_the_first_or_nothing_was_firing() -> None:
    alarmed = {1, 4, 5}
    days = History(replace(judged(START + n * DAY, DAY, rows=9), alarmed=n in alarmed) for n in range(8))
    window = Window(START + 7 * DAY, START + 8 * DAY)
    assert [w.start for w in days.accepted_before(window, first=3)] == [START + n * DAY for n in (0, 1, 2, 3, 6)]
    # nor is the one before an alarm, whose breach led to it
    assert [w.start for w in days.accepted_before(window, first=3, leading=1)] == [
        START + n * DAY for n in (0, 1, 2, 6)
    ]


def test_hours_that_are_judged_together_lie_beside_the_same_hours_of_earlier_weeks() -> None:
    night = Window(START + 2 * WEEK + 2 * HOUR, START + 2 * WEEK + 6 * HOUR)
    assert hours(2 * 168 + 5).before(night, 2, cycle=WEEK) == [night.earlier(2 * WEEK), night.earlier(WEEK)]
    assert hours(2 * 168 + 5).before(night, 2, cycle=None)[-1].end == night.start


def test_before_a_weekday_is_known_earlier_days_count_as_this_one_does_elsewhere() -> None:
    days = History(judged(START + n * DAY, DAY, rows=100 if n % 7 > 4 else 200) for n in range(12))
    saturday, later = (Window(START + n * DAY, START + (n + 1) * DAY) for n in (12, 26))
    weekdays = {5: 50.0, 6: 50.0}
    assert days.rows_as_usual(saturday, lambda at: weekdays.get(at.start.weekday(), 100.0)) == [100] * 12
    assert days.rows_as_usual(saturday, lambda at: 0.0 if at.start.weekday() == 1 else 1.0) is None
    known = History(judged(START + n * DAY, DAY, rows=100) for n in range(26))
    assert known.rows_as_usual(later, lambda _: 1.0) is None
