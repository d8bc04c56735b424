"""What is told of a lasting change: since when, until when, and whether it comes and goes with the calendar."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from scipy.special import ndtr

from monitor.detectors.temporal.cycles import cycle_of
from monitor.detectors.temporal.lasting import ageing, lasting_drift
from monitor.detectors.temporal.series import Series
from monitor.detectors.temporal.story import story_of, trended
from monitor.stats.onset import Onset
from monitor.types import Measurement, Window

START, DAY, HOUR = datetime(2024, 1, 1, tzinfo=UTC), timedelta(days=1), timedelta(hours=1)


def daily(p_values: list[float], *, windows: int = 30, either: bool = False) -> Series:
    at = tuple(Window(START + i * DAY, START + (i + 1) * DAY) for i in range(len(p_values)))
    found = tuple(
        Measurement("accuracy", 0.9 - 0.1 * (p < 0.1), n=500, p_value=p, effect=0.1 * (p < 0.1), reference=0.9)
        for p in p_values
    )
    return Series("accuracy", "", at, found, rows=20_000, windows=windows, either=either)


CALM, LOW = [0.5, 0.3, 0.7, 0.6, 0.4], [0.01]


def test_the_story_names_the_day_the_levels_and_what_moved() -> None:
    told = story_of([daily(CALM * 4 + LOW * 9), daily(CALM * 5 + [0.5] * 4)], limits={})
    assert (told["since"], told["retrain_from"], told["windows"]) == ("2024-01-21T00:00:00Z",) * 2 + (9,)
    assert (told["before"], told["after"]) == pytest.approx((0.9, 0.8))
    assert told["recurring"] is None
    assert [one["metric"] for one in told["moved"]] == ["accuracy"]


def test_the_story_says_whether_it_was_measured_in_every_window() -> None:
    whole = daily(CALM * 4 + LOW * 9)
    holed = replace(whole, at=(*whole.at[:24], *whole.at[25:]), found=(*whole.found[:24], *whole.found[25:]))
    assert [(story_of([one], limits={})["windows"], story_of([one], limits={})["gaps"]) for one in (whole, holed)] == [
        (9, False),
        (8, True),
    ]


def test_what_moved_by_no_more_than_chance_is_not_named_beside_what_moved() -> None:
    faint = [daily(CALM * 5 + [0.2, 0.1, 0.3]) for _ in range(10)]
    assert all(one.shift.evidence > 1 for one in faint)
    told = story_of([*faint, daily(CALM * 4 + [1e-9] * 9)], limits={})
    assert len(told["moved"]) == 1


def column(name: str, means: list[float], *, sensitivity: float | None = None, day: int = 500) -> Series:
    """Give a column's daily means in standard deviations of a row."""
    at = tuple(Window(START + i * DAY, START + (i + 1) * DAY) for i in range(len(means)))
    found = tuple(
        Measurement("mean_shift", abs(mean), n=day, p_value=2 * ndtr(-abs(mean) * day**0.5), effect=mean)
        for mean in means
    )
    rows, windows = 40 * day, 40
    return Series("mean_shift", name, at, found, rows=rows, windows=windows, either=True, sensitivity=sensitivity)


def test_a_column_that_is_off_by_chance_for_a_day_is_not_named_beside_one_that_moved() -> None:
    told = story_of([column("emb", [0.9, 1.0]), column("num", [0.07, 0.14])], limits={})
    assert [one["column"] for one in told["moved"]] == ["emb"]


def test_noise_is_named_beside_what_moved_no_oftener_than_one_time_in_twenty() -> None:
    rng = np.random.default_rng(8)
    noise = [
        [column(f"c{i}", list(rng.normal(0, 500**-0.5, windows))) for i in range(4)]
        for windows in [2, 3, 5, 12, 30] * 24
    ]
    told = [story_of([*cs, column("emb", [0.0] * (len(cs[0].at) - 2) + [1.0] * 2)], limits={}) for cs in noise]
    named = [len(one["moved"]) - 1 for one in told]
    assert sum(count / (count + 1) for count in named) <= 0.05 * len(told)


CALM_DAYS = [0.01, -0.02, 0.0, 0.02] * 5


@pytest.mark.parametrize(
    ("of_sure", "of_other", "first"),
    [
        (0.0, 0.3, "other"),  # the model does not look at the surest one
        (0.3, 0.1, "sure"),
        (None, 0.3, "sure"),  # not known of all: the surest first
    ],
)
def test_the_story_is_of_the_column_that_moves_the_model_most(
    of_sure: float | None, of_other: float, first: str
) -> None:
    sure = column("sure", [*CALM_DAYS, *[1.0] * 8], sensitivity=of_sure)
    other = column("other", [*CALM_DAYS, 0.0, 0.0, *[0.5] * 6], sensitivity=of_other)
    told = story_of([sure, other], limits={})
    second = {"sure": "other", "other": "sure"}[first]
    assert [one["column"] for one in told["moved"]] == [first, second]
    assert told["column"] == first
    assert told["windows"] == {"sure": 8, "other": 6}[first]


def test_nothing_is_told_of_what_is_calm() -> None:
    assert story_of([daily([0.9, 0.8, 0.7, 0.9])], limits={}) == {}


def test_a_weekend_is_recurring_and_a_fortnight_is_lasting() -> None:
    weeks = ([0.5] * 5 + [0.001] * 2) * 4
    assert cycle_of(daily(weeks), first=26) == "week"
    assert cycle_of(daily([0.5] * 20 + [0.001] * 14), first=20) is None
    assert cycle_of(daily([0.5] * 20 + [0.001] * 3), first=20) is None


def test_a_bad_day_a_week_after_another_is_no_week_that_recurs() -> None:
    calm, bad = [0.5] * 7, [0.5] * 5 + [0.001] * 2
    assert cycle_of(daily([*calm, *bad, *bad]), first=19) is None, "a week earlier it was calm"
    assert cycle_of(daily([*bad, *bad, *bad]), first=19) == "week"
    assert cycle_of(daily([*bad, *[0.001] * 5, 0.5, 0.001]), first=13) is None, "it was off in between"


def test_a_fall_that_goes_on_reaches_its_limit_on_a_day() -> None:
    at = tuple(Window(START + i * DAY, START + (i + 1) * DAY) for i in range(40))
    found = tuple(
        Measurement("accuracy", 0.9 - 0.001 * i, n=900, p_value=max(0.5 - 0.02 * i, 1e-4), effect=0.001 * i)
        for i in range(40)
    )
    told = story_of([Series("accuracy", "", at, found, rows=20_000, windows=30)], limits={"accuracy": 0.85})
    assert told["per_30_days"]["slope"] == pytest.approx(-0.03)
    assert told["reaches"]["at"][:10] in ("2024-02-20", "2024-02-21")


def test_without_times_in_the_reference_windows_must_first_be_known() -> None:
    (few,) = ageing([daily([0.5] * 10, windows=0)])
    (many,) = ageing([daily([0.5] * 16, windows=0)])
    assert (few.value, few.note) == (None, "10 of 16 windows needed, as the reference has no times")
    assert many.value == 0.0


def test_windows_that_differ_widely_are_taken_as_such_where_the_reference_says_nothing() -> None:
    wild = [0.001, 0.999, 0.01, 0.99, 0.0001, 0.9999] * 5
    (known,) = ageing([daily([*wild, 0.001, 0.001], windows=30)])
    (unknown,) = ageing([daily([*wild, 0.001, 0.001], windows=0)])
    assert known.p_value is not None
    assert unknown.p_value is not None
    assert unknown.p_value > known.p_value


def test_nothing_to_compare_is_undefined() -> None:
    assert [m.value for detect in (ageing, lasting_drift) for m in detect([])] == [None, None]


def hourly(means: list[float]) -> Series:
    at = tuple(Window(START + i * HOUR, START + (i + 1) * HOUR) for i in range(len(means)))
    found = tuple(
        Measurement("mean_shift", abs(mean), n=60, p_value=2 * ndtr(-abs(mean) * 60**0.5), effect=mean)
        for mean in means
    )
    return Series("mean_shift", "a", at, found, rows=20_000, windows=500, either=True)


@pytest.mark.parametrize(("hours", "told"), [(14, False), (24 * 9, True)])
def test_hours_of_less_than_a_week_have_no_trend(hours: int, told: bool) -> None:  # noqa: FBT001
    climbing = hourly([0.0] * 40 + [0.4 + 0.02 * turn for turn in range(hours)])
    found = trended(climbing, Onset(40, "slope"), None)["per_30_days"]
    assert (found is not None) == told


def test_a_weekends_hours_recur_though_some_of_the_last_one_were_not_judged() -> None:
    means = [0.6 if at // 24 % 7 > 4 else 0.0 for at in range(24 * 12 + 12)]
    whole = hourly(means)
    kept = [place for place in range(len(means)) if not 120 <= place < 180 or place % 3]
    some = replace(whole, at=tuple(whole.at[p] for p in kept), found=tuple(whole.found[p] for p in kept))
    assert cycle_of(some, first=len(kept) - 12) == "week"
