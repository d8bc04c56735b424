"""What the reference's own rows of an hour of the week show is known of that hour, and of no other."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pyarrow as pa
import pytest

from monitor.profiles.arrow import layout_of
from monitor.profiles.groups import profile_table
from monitor.profiles.layout import Layout
from monitor.profiles.profile import Profile
from monitor.profiles.week import Week, is_explained, week_hours
from monitor.steps.usual import AS_USUAL, told_by_the_week, without_the_usual
from monitor.store.measurements import Judged
from monitor.types import Measurement, Roles, Window

MONDAY, HOUR, DAY = datetime(2025, 1, 6, tzinfo=UTC), timedelta(hours=1), timedelta(days=1)
DRAW = np.random.default_rng(1)


def rows(n: int, *, mean: float = 0.0, share: float = 0.3, spread: float = 1.0) -> pa.Table:
    return pa.table({"x": DRAW.normal(mean, spread, n), "c": np.where(DRAW.random(n) < share, "a", "b")})


def hours(weeks: int, night: float) -> dict[Window, pa.Table]:
    """Give an hour's rows by window; before 06:00 `x` lies higher by so much, and `c` is "a" more often."""
    starts = [MONDAY + place * HOUR for place in range(168 * weeks)]
    early = {at: night if at.hour < 6 else 0.0 for at in starts}
    return {Window(at, at + HOUR): rows(40, mean=far, share=0.3 + far / 3) for at, far in early.items()}


def reference(weeks: int = 3, night: float = 1.2) -> Profile:
    held = hours(weeks, night)
    whole = pa.concat_tables(held.values())
    layout = layout_of(whole, Roles(timestamp="at"))
    layout = told_by_the_week(layout, {at: profile_table(one, layout) for at, one in held.items()})
    return profile_table(whole, layout, reference=True)


LEARNED = reference()


def outcome(column: str, table: pa.Table, *, hour: int, before: Profile = LEARNED, alpha: float | None = 0.001) -> str:
    at = MONDAY + timedelta(days=60) + hour * HOUR
    breach = Judged(Measurement("smooth", 0.5, column, n=60), "drift.data", alpha, 0.03, "breach")
    after = profile_table(table, before.layout)
    (judged,) = without_the_usual([breach], {"": (before, after)}, Window(at, at + 3 * HOUR))
    assert (judged.measurement.note == AS_USUAL) == (judged.outcome == "insufficient")
    return judged.outcome


@pytest.mark.parametrize("column", ["x", "c"])
@pytest.mark.parametrize(
    ("hour", "far", "said"),
    [
        (1, 1.2, "insufficient"),  # as every night
        (1, -0.9, "breach"),  # the other way
        (12, 1.2, "breach"),  # by day
    ],
)
def test_a_difference_that_the_reference_has_at_these_hours_changes_no_alert(
    column: str, hour: int, far: float, said: str
) -> None:
    assert outcome(column, rows(200, mean=far, share=0.3 + far / 3), hour=hour) == said


def test_what_is_over_twice_as_far_off_as_every_night_is_told() -> None:
    assert outcome("x", rows(200, mean=1.2), hour=1) == "insufficient"
    assert outcome("x", rows(200, mean=6.0, share=0.0), hour=1, before=reference(night=0.6)) == "breach"


def test_another_category_than_the_one_of_every_night_is_told() -> None:
    assert outcome("c", pa.table({"x": np.zeros(200), "c": ["b"] * 200}), hour=1) == "breach"


def test_a_limit_of_the_users_own_holds_at_every_hour() -> None:
    assert outcome("x", rows(200, mean=1.2), hour=1, alpha=None) == "breach"


def test_one_week_is_no_rule() -> None:
    assert all(column.week is None for column in reference(weeks=1).layout.columns)


def test_what_chance_made_of_hours_that_are_alike_hardly_ever_holds_a_drift_back() -> None:
    week = reference(night=0.0).layout.by_name["x"].week
    assert week is not None
    every = [Window(MONDAY + place * HOUR, MONDAY + (place + 1) * HOUR) for place in range(168)]
    assert np.mean([week.explains(np.array([0.4, 0.0]), at) for at in every]) < 0.05


def test_days_that_differ_by_chance_are_no_rule_of_their_weekdays() -> None:
    levels, told = np.random.default_rng(3).normal(0, 0.4, (20, 21)), []
    for turn in levels:
        held = {Window(MONDAY + k * DAY, MONDAY + (k + 1) * DAY): rows(300, mean=far) for k, far in enumerate(turn)}
        layout = layout_of(pa.concat_tables(held.values()), Roles(timestamp="at"))
        layout = told_by_the_week(layout, {at: profile_table(one, layout) for at, one in held.items()})
        week = layout.by_name["x"].week
        assert week is not None
        told += [
            week.explains(np.array([0.4, 0.0]), Window(MONDAY + k * DAY, MONDAY + (k + 1) * DAY)) for k in range(7)
        ]
    assert np.mean(told) < 0.1


def test_a_layout_that_is_packed_keeps_the_week() -> None:
    back = Layout.unpacked(LEARNED.layout.packed())
    for column in LEARNED.layout.columns:
        mine, its = column.week, back.by_name[column.name].week
        assert mine is not None
        assert its is not None
        np.testing.assert_array_equal(mine.shifts, its.shifts)
        np.testing.assert_array_equal(mine.rows, its.rows)


def test_of_days_the_weekday_counts() -> None:
    week = Week(np.array([[0.1]] * 5 + [[1.0]] * 2), np.array([100.0] * 7))
    saturday = Window(MONDAY + timedelta(days=5), MONDAY + timedelta(days=6))
    assert week.explains(np.array([1.2]), saturday)
    assert not week.explains(np.array([1.2]), Window(MONDAY, MONDAY + timedelta(days=1)))
    assert week.at(Window(MONDAY, MONDAY + timedelta(days=60)))[1] == 700


@pytest.mark.parametrize("size", [7, 168])
def test_many_stretches_are_known_as_each_of_them(size: int) -> None:
    rng = np.random.default_rng(4)
    week = Week(rng.normal(size=(size, 2)), np.where(rng.random(size) < 0.2, 0.0, 50.0))
    starts = MONDAY + np.array([*range(200)]) * timedelta(hours=5, minutes=15)
    lengths = [timedelta(minutes=15), HOUR, timedelta(hours=7), DAY, timedelta(days=2), timedelta(days=9)]
    stretches = [Window(start, start + lengths[k % 6]) for k, start in enumerate(starts)]
    shifts, rows = week.at_each(week_hours(stretches))
    for k, stretch in enumerate(stretches):
        shift, held = week.at(stretch)
        np.testing.assert_allclose(shifts[k], shift)
        assert rows[k] == held
    moved = rng.normal(size=(200, 2))
    each = [week.explains(one, stretch) for one, stretch in zip(moved, stretches, strict=True)]
    assert is_explained(moved, shifts, rows).tolist() == each
    assert 0 < sum(each) < 200
