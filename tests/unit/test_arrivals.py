"""Labels that stop or thin out are told apart from weekends, batches, growth and other ways in which they come."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from scipy import stats

from monitor.stats.arrivals import EDGES, REGULAR, Arrivals, silence_of, thinning_of
from monitor.stats.volume import silence_test
from monitor.steps.arrivals import History
from monitor.steps.turns import Standing, Turn, Unjudged, turns

MONDAY, DAY, ALPHA = datetime(2024, 1, 1, tzinfo=UTC), timedelta(days=1), 0.0033
DAYS, NOTHING = 200, Standing()
Delivered = Callable[[int], int]


def daily(day: int) -> int:
    return day


def on_weekdays(day: int) -> int:
    return day + {5: 2, 6: 1}.get(day % 7, 0)


def once_a_week(day: int) -> int:
    return day + -day % 7


def once_a_month(day: int) -> int:
    return day + -day % 30


def world(
    records: Callable[[int], float],
    delay: float,
    delivered: Delivered,
    *,
    days: int = DAYS,
    seed: int = 0,
    share: float = 0.9,
) -> Arrivals:
    """Make records, some labelled after a mean delay in days; a label known on a day comes on the day delivered."""
    rng = np.random.default_rng(seed)
    counts, ages = rng.poisson([records(day) for day in range(days)]), np.zeros((days, EDGES.size), np.int64)
    for day, count in enumerate(counts):
        for known in day + rng.exponential(delay, rng.binomial(count, share)).astype(int):
            if (at := delivered(int(known))) < days:
                ages[at, np.searchsorted(EDGES, at - day, "right") - 1] += 1
    return Arrivals(counts, ages, np.ones(days, bool))


def without(arrivals: Arrivals, first: int, last: int, *, kept: float = 0.0) -> Arrivals:
    ages = arrivals.ages.copy()
    ages[first:last] = np.random.default_rng(1).binomial(ages[first:last], kept)
    return Arrivals(arrivals.records, ages, arrivals.seen, arrivals.a_day)


def told(arrivals: Arrivals, *, standing: Standing = NOTHING, since: int = 0) -> list[Turn]:
    length = DAY / arrivals.a_day
    clock = MONDAY + arrivals.records.size * length
    found = Unjudged(History(arrivals, MONDAY, length), standing, since, clock)
    return [turn for turned in turns(found, alpha=ALPHA / arrivals.a_day) for turn in turned]


WORLDS = {
    "every day": (lambda _: 60, 5, daily),
    "a few": (lambda _: 1.5, 5, daily),
    "on weekdays": (lambda _: 40, 5, on_weekdays),
    "a few on weekdays": (lambda _: 2, 5, on_weekdays),
    "of records of weekdays": (lambda day: 40 if day % 7 < 5 else 4, 3, on_weekdays),
    "once a week": (lambda _: 20, 10, once_a_week),
    "once a month": (lambda _: 10, 20, once_a_month),
    "of growing traffic": (lambda day: 3 * 2 ** (day / 40), 10, daily),
    "of growing traffic once a week": (lambda day: 3 * 2 ** (day / 40), 10, once_a_week),
    "of shrinking traffic": (lambda day: 100 / 2 ** (day / 60), 10, daily),
    "of traffic that falls to a third": (lambda day: 60 if day < 120 else 20, 5, daily),
    "of traffic that ends": (lambda day: 60 if day < 120 else 0, 5, daily),
    "of a season": (lambda day: 40 * (1 + 0.8 * np.sin(day / 30)), 40, on_weekdays),
    "held back and handed in at once": (lambda _: 40, 5, lambda day: 130 if 100 < day < 130 and day % 3 == 0 else day),
}


@pytest.mark.parametrize("way", WORLDS)
def test_labels_that_come_as_they_did_are_told_of_no_more_often_than_their_budget_allows(way: str) -> None:
    months = [told(world(*WORLDS[way], seed=seed)) for seed in range(2)]
    # a tenth of one a month for each of the two, in thirteen months
    assert len([turn for turned in months for turn in turned if turn.measurement.note]) <= 2


@pytest.mark.parametrize(
    ("way", "days"),
    [("every day", 3), ("on weekdays", 5), ("once a week", 14), ("of growing traffic", 3), ("of a season", 12)],
)
def test_labels_that_stop_are_told_within_so_many_days(way: str, days: int) -> None:
    records, delay, delivered = WORLDS[way]
    stop = next(day for day in range(150, DAYS) if delivered(day) == day) + 1
    turn = told(without(world(records, delay, delivered), stop, DAYS))[0]
    assert (turn.measurement.detector, turn.began) == ("label_silence", MONDAY + stop * DAY)
    assert turn.at <= MONDAY + (stop + days) * DAY


@pytest.mark.parametrize(("way", "days"), [("every day", 1), ("on weekdays", 7), ("of growing traffic", 1)])
def test_labels_that_thin_out_are_told_within_so_many_days_and_until_they_come_as_before(way: str, days: int) -> None:
    begun, ended = told(without(world(*WORLDS[way]), 150, 175, kept=0.2))
    assert [turn.measurement.detector for turn in (begun, ended)] == ["label_thinning"] * 2
    assert begun.at <= MONDAY + (150 + days) * DAY
    assert "labels have come in" in begun.measurement.note
    assert MONDAY + 175 * DAY < ended.at <= MONDAY + (175 + days) * DAY
    assert ended.measurement.note == ""


def test_it_does_not_matter_after_which_slots_one_looks() -> None:
    whole = without(world(*WORLDS["on weekdays"]), 150, 163)
    fired, resolved = told(whole)
    assert [turn.at - MONDAY for turn in (fired, resolved)] == [155 * DAY, 164 * DAY]
    assert told(whole, since=155, standing=Standing(silent=True)) == [resolved]
    assert told(whole, since=164, standing=Standing(resumed=163)) == []


def test_one_long_silence_is_no_usual_one_and_two_are() -> None:
    once = without(world(*WORLDS["every day"]), 100, 110)
    fired = told(without(once, 150, 165))
    assert [turn.at - MONDAY for turn in fired if turn.measurement.note] == [102 * DAY, 152 * DAY]
    twice = without(without(world(*WORLDS["every day"], days=300), 100, 110), 150, 160)
    assert silence_of(without(twice, 250, 300), 258) is None


def test_slots_in_which_nobody_looked_are_neither_silence_nor_usual() -> None:
    away = without(world(*WORLDS["every day"]), 100, 110)
    away.seen[100:111] = False
    turn, *_ = told(without(away, 150, 165), since=111)
    assert turn.at == MONDAY + 152 * DAY


def test_nights_and_weekends_of_hours_are_no_silence_and_a_day_without_is() -> None:
    rng, hours = np.random.default_rng(0), np.arange(60 * 24)
    at_work = (hours % 24 >= 8) & (hours % 24 < 18) & (hours // 24 % 7 < 5)
    ages = np.zeros((hours.size, EDGES.size), np.int64)
    ages[at_work, 2] = rng.poisson(6, at_work.sum())
    arrivals = Arrivals(rng.poisson(3, hours.size), ages, np.ones(hours.size, bool), a_day=24)
    assert told(arrivals) == []
    fired, *_ = told(without(arrivals, 50 * 24, 60 * 24))
    assert 62 < (fired.at - MONDAY) / timedelta(hours=1) - 49 * 24 - 18 < 5 * 24


def test_too_little_is_known_of_labels_that_came_for_less_than_two_weeks_or_eight_times() -> None:
    arrivals = without(world(*WORLDS["every day"], days=30), 12, 30)
    assert silence_of(arrivals, 12) is None
    assert thinning_of(arrivals, 12) is None
    assert silence_of(without(world(*WORLDS["once a month"]), 180, DAYS), 199) is None


def test_the_chance_of_a_longer_gap_is_right_where_labels_come_by_chance_and_no_smaller_where_regularly() -> None:
    rng = np.random.default_rng(0)
    for gaps in (rng.exponential(3.0, (2000, 31)), rng.gamma(4.0, 1.0, (2000, 31))):
        p_values = np.array([silence_test(one[:-1], one[-1], least=REGULAR) for one in gaps])
        for level in (0.2, 0.05, 0.01):
            assert stats.binom.sf((p_values <= level).sum() - 1, 2000, level) > 0.001
