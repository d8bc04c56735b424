"""Which columns differ by the weekday, judged on many references, and what a window is laid beside."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

import numpy as np
import pyarrow as pa
import pytest

from monitor.profiles.arrow import layout_of, profile_table
from monitor.profiles.correlation import correlation_of
from monitor.profiles.profile import Profile, merge
from monitor.schedule import Period
from monitor.steps.of_a_time import as_of, at_some_time, times_told
from monitor.types import Roles, Window

MONDAY, DAY = datetime(2024, 1, 1, tzinfo=UTC), timedelta(days=1)
ROLES = Roles(timestamp="at")
LEVELS = np.array([0, 0, 0, 0, 0.2, 0.8, 1.0])


def days(rng: np.random.Generator, count: int, *, weekly: float, daily: float) -> dict[Window, pa.Table]:
    levels = weekly * LEVELS[np.arange(count) % 7] + daily * rng.normal(size=count)
    kinds = np.array([*"pqrs"])
    return {
        Window(MONDAY + i * DAY, MONDAY + (i + 1) * DAY): pa.table(
            {
                "x": rng.normal(level, size=300),
                "c": kinds[np.minimum((rng.random(300) * (2 + level)).astype(int), 3)],
                "y": rng.normal(size=300),
            }
        )
        for i, level in enumerate(levels.tolist())
    }


def told(tables: Mapping[Window, pa.Table]) -> dict[str, Profile]:
    layout = layout_of(pa.concat_tables(tables.values()), ROLES)
    windows = {window: profile_table(table, layout) for window, table in tables.items()}
    layout = correlation_of([*windows.values()], layout)
    first, *others = windows.values()
    whole = first
    for one in others:
        whole = merge(whole, one)
    whole = Profile(layout, whole.rows, whole.counts, whole.sums, whole.low, whole.high)
    return times_told({"": whole, "shop=a": whole}, {"": windows, "shop=a": windows}, 50)


@pytest.mark.parametrize("count", [28, 63])
@pytest.mark.parametrize("daily", [0.0, 0.2])
def test_columns_that_do_not_differ_by_the_weekday_are_hardly_ever_taken_to(count: int, daily: float) -> None:
    rng = np.random.default_rng(1)
    found = [told(days(rng, count, weekly=0.0, daily=daily))[""].layout for _ in range(40)]
    assert np.mean([column.timed for layout in found for column in layout.columns]) <= 0.02


def test_how_alike_the_days_of_one_weekday_are_is_told_as_it_is() -> None:
    rng = np.random.default_rng(2)
    for daily in (0.0, 0.1, 0.3):
        drawn = []
        for _ in range(30):
            found = told(days(rng, 63, weekly=4.0, daily=daily))
            assert found[""].layout.by_name["x"].timed
            drawn.append(found["time:0:"].layout.by_name["x"].steepest)
        true = daily**2 / (1 + daily**2)
        assert 0.9 * true <= np.mean(drawn) <= 1.4 * true + 0.004


def test_a_day_that_begins_a_reference_with_few_rows_hides_no_weekday_but_its_own() -> None:
    tables = days(np.random.default_rng(4), 28, weekly=1.0, daily=0.0)
    first, *_ = tables
    found = told({**tables, first: tables[first].slice(0, 20)})
    assert sorted(part for part in found if part) == [
        "shop=a",
        *(f"time:{i}:{part}" for i in range(1, 7) for part in ("", "shop=a")),
    ]
    assert found[""].layout.by_name["x"].timed
    monday = Window(first.start + 28 * DAY, first.end + 28 * DAY)
    beside = as_of(found, found, {"": monday}, Period(1, "d"))[""]
    assert beside.rows == found[""].rows
    assert beside.counts.tolist() == found[""].counts.tolist()
    assert not beside.layout.by_name["x"].timed


def test_a_window_is_laid_beside_its_own_weekdays() -> None:
    found = told(days(np.random.default_rng(3), 63, weekly=1.0, daily=0.0))
    whole, day = found[""].columns["x"].moments, Period(1, "d")
    assert whole
    for first, count in ((6, 1), (0, 1), (5, 2), (0, 7)):
        stretch = Window(MONDAY + (70 + first) * DAY, MONDAY + (70 + first + count) * DAY)
        then, of_shop = (as_of(found, found, {part: stretch}, day)[part] for part in ("", "shop=a"))
        assert then.counts.tolist() == of_shop.counts.tolist()
        assert then.layout.by_name["x"].timed
        held = then.columns["x"].moments
        assert held
        assert held[1] == pytest.approx(LEVELS[first : first + count].mean(), abs=0.08)
        assert held[0] == 9 * 300 * count
        assert then.columns["y"].n == found[""].columns["y"].n
        assert then.layout.by_name["x"].steepest < 0.1 * found[""].layout.by_name["x"].steepest
    week = Window(MONDAY, MONDAY + 7 * DAY)
    assert as_of(found, found, {"": week}, Period(1, "w"))[""].counts.tolist() == found[""].counts.tolist()
    assert at_some_time(found)[""].layout.by_name["x"].steepest < 0.1 * found[""].layout.by_name["x"].steepest
