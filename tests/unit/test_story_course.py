"""How a change is told to go on: since when, how fast and until when; steps, slow falls, and flat months before."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import stats

from monitor.config import Setting
from monitor.detectors.temporal.lasting import ageing
from monitor.detectors.temporal.series import Series
from monitor.detectors.temporal.story import story_of
from monitor.steps.temporal import limits_of
from monitor.types import Measurement, Window

Floats = NDArray[np.float64]

START, DAY = datetime(2024, 1, 1, tzinfo=UTC), timedelta(days=1)
USUAL, SD = 8.0, 0.1
REFERENCE_DAYS, A_DAY = 60, 100


def errors_of(course: Floats, seed: int) -> Series:
    """Give the mean absolute error of days; the course is in standard deviations of a day."""
    rng = np.random.default_rng(seed)
    off = course + rng.normal(size=course.size) - rng.normal() / np.sqrt(REFERENCE_DAYS)
    p = stats.norm.sf(off / np.sqrt(1 + 1 / REFERENCE_DAYS))
    found = tuple(
        Measurement("mean_absolute_error", USUAL + SD * v, n=A_DAY, p_value=float(q), effect=SD * v, reference=USUAL)
        for v, q in zip(off, p, strict=True)
    )
    at = tuple(Window(START + i * DAY, START + (i + 1) * DAY) for i in range(course.size))
    return Series("mean_absolute_error", "", at, found, rows=A_DAY * REFERENCE_DAYS, windows=REFERENCE_DAYS)


def told_of(course: Floats, *, limit: float | None = None, runs: int = 30) -> list[dict[str, Any]]:
    limits = {} if limit is None else {"mean_absolute_error": limit}
    return [story_of([errors_of(course, seed)], limits=limits) for seed in range(runs)]


def day_of(told: dict[str, Any]) -> float:
    return (datetime.fromisoformat(told["since"]) - START) / DAY


STEP = np.repeat([0.0, 2.5], [40, 30])
FLAT_THEN_SLOW = np.append(np.zeros(90), np.linspace(0.1, 4.0, 40))
SLOPE = 3.9 / 39 * 30 * SD


@pytest.mark.parametrize(
    "course",
    [
        STEP,
        np.repeat([0.0, 4.0], [60, 10]),  # of which the windows since are few
        np.repeat([0.0, 3.0, 6.0], [40, 20, 20]),  # half of the rows first, all of them later
    ],
)
def test_a_step_has_no_speed_and_leads_nowhere(course: Floats) -> None:
    told = told_of(course, limit=USUAL + 10 * SD)
    # one in twenty by chance; nearly all, where a line through the windows before it is told as well
    assert sum(one["per_30_days"] is not None for one in told) <= 4
    assert all(one["reaches"] is None for one in told if one["per_30_days"] is None)


def test_a_slow_fall_after_flat_months_is_as_fast_as_it_is() -> None:
    lines = [one["per_30_days"] for one in told_of(FLAT_THEN_SLOW)]
    slopes = [line["slope"] for line in lines if line is not None]
    assert len(slopes) >= 24
    # a quarter of it, where the line goes through the flat months
    assert np.median(slopes) == pytest.approx(SLOPE, rel=0.15)


def test_the_day_on_which_a_slow_fall_reaches_the_limit_lies_in_its_interval() -> None:
    held = []
    for told in told_of(FLAT_THEN_SLOW, limit=USUAL + 6 * SD):
        if told["per_30_days"] is not None:
            reaches = told["reaches"]
            truth = (START + 150 * DAY).isoformat()
            held.append(reaches["earliest"] <= truth <= (reaches["latest"] or "9"))
    assert np.mean(held) >= 0.85


def test_a_slow_fall_is_dated_from_its_beginning_and_a_step_from_its_own() -> None:
    assert np.median([day_of(one) for one in told_of(STEP)]) == 40
    assert abs(np.median([day_of(one) for one in told_of(FLAT_THEN_SLOW)]) - 90) <= 4


def test_days_before_a_step_that_are_a_little_off_the_reference_do_not_date_it_earlier() -> None:
    days = [day_of(one) for one in told_of(np.repeat([0.5, 2.0], [40, 30]))]
    assert np.percentile(days, [25, 75]) == pytest.approx([40, 40], abs=2)


def test_the_detector_means_the_later_half_of_the_windows_that_the_story_does() -> None:
    series = errors_of(FLAT_THEN_SLOW, 1)
    (found,) = ageing([series])
    told = story_of([series], limits={})
    later = [one.effect or 0.0 for one in series.found[-((told["windows"] + 1) // 2) :]]
    assert found.value == pytest.approx(np.mean(later))
    assert (found.value or 0) > told["moved"][0]["effect"]


def test_a_fall_that_goes_on_is_measured_as_large_as_it_has_become() -> None:
    course = np.append(np.zeros(60), np.linspace(0.0, 2.0, 140))  # surer with every window, and dated further back
    found = [[next(ageing([errors_of(course[:days], seed)])).value or 0.0 for days in (150, 200)] for seed in range(8)]
    half_way, end = np.median(found, axis=0)
    assert end == pytest.approx(1.5 * SD, rel=0.1)  # the mean since its beginning is about 1
    assert end > half_way


@pytest.mark.parametrize("beyond", [0.0, 0.5], ids=["at the limit, in three digits", "beyond it"])
def test_what_is_at_the_limit_already_is_not_said_to_come_there(beyond: float) -> None:
    series = errors_of(FLAT_THEN_SLOW, 1)
    line = story_of([series], limits={})["per_30_days"]
    limit = line["level"] + 1e-4 - beyond
    assert story_of([series], limits={"mean_absolute_error": limit})["reaches"] is None
    assert story_of([series], limits={"mean_absolute_error": limit + 1})["reaches"] is not None


def test_only_a_limit_that_the_user_set_is_one() -> None:
    series = [errors_of(STEP, 1)]
    assert limits_of(series, {}) == {}
    assert limits_of(series, {"mean_absolute_error": Setting(value="auto")}) == {}
    assert limits_of(series, {"mean_absolute_error": Setting(value=9.0)}) == {"mean_absolute_error": 9.0}


def test_the_metric_that_is_furthest_off_is_told_though_another_is_surer() -> None:
    surer, further = errors_of(STEP, 1), errors_of(0.8 * STEP, 2)
    tripled = replace(further, found=tuple(replace(one, effect=3 * (one.effect or 0.0)) for one in further.found))
    (found,) = ageing([surer, tripled])
    assert surer.shift.evidence > tripled.shift.evidence
    assert found.value == pytest.approx(3 * 0.8 * 2.5 * SD, rel=0.2)
    assert story_of([surer, tripled], limits={})["moved"][0]["effect"] == pytest.approx(found.value, rel=0.1)
