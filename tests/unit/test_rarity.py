"""Rare and new values of a column differ from a reference of few rows no more often than chance lets them."""

import numpy as np
import pyarrow as pa
import pytest

from monitor.detectors.drift import chi_square
from monitor.detectors.quality.unseen_share import compare
from monitor.profiles.arrow import layout_of, profile_table
from monitor.profiles.bins import CategoryBins
from monitor.profiles.categories import side_by_side
from monitor.profiles.profile import Profile
from monitor.profiles.rarity import rows_to_be_new
from monitor.types import Measurement, Roles

ROLES = Roles(timestamp="at", kinds={"c": "categorical"})


def sides(reference: list[str], window: list[str]) -> tuple[Profile, Profile]:
    tables = [pa.table({"c": pa.array(values, pa.string())}) for values in (reference, window)]
    layout = layout_of(tables[0], ROLES)
    before, after = (profile_table(table, layout) for table in tables)
    return before, after


def measured(reference: list[str], window: list[str]) -> Measurement:
    (one,) = compare(*sides(reference, window))
    return one


def test_new_values_of_a_column_with_a_long_tail_alarm_no_more_often_than_they_should() -> None:
    rng = np.random.default_rng(3)
    shares = 1 / np.arange(1, 401) ** 1.2
    names = np.array([f"mail {i}" for i in range(400)])
    found = []
    for _ in range(300):
        reference, window = (names[rng.choice(400, n, p=shares / shares.sum())].tolist() for n in (300, 100))
        found.append(measured(reference, window).p_value)
    assert np.mean(np.array(found) <= 0.05) <= 0.08
    assert np.mean(np.array(found) <= 0.005) <= 0.015


def test_a_value_that_nobody_expects_is_told_at_once() -> None:
    one = measured(["a"] * 200 + ["b"] * 99 + ["c"], ["a"] * 90 + ["zebra"] * 10)
    assert one.p_value is not None
    assert one.p_value < 1e-4
    assert (one.value, one.effect, one.reference) == (0.1, 0.1, 0)


@pytest.mark.parametrize(("rows", "window"), [(300, 300), (300, 3_000), (1_000, 1_000)])
def test_new_values_alarm_no_more_often_where_windows_are_as_large_as_the_reference(rows: int, window: int) -> None:
    """Of values that two rows hold chance leaves one row or none as often, and so more or fewer are new."""
    rng = np.random.default_rng(rows)
    shares = 1 / np.arange(1, 151)
    found = []
    for _ in range(200):
        reference, current = drawn(rng, shares, rows, window)
        found.append(measured(reference, current).p_value)
    assert np.mean(np.array(found) <= 0.05) <= 0.06
    assert np.mean(np.array(found) <= 0.01) <= 0.02


@pytest.mark.parametrize("steepness", [1.2, 0.8])
@pytest.mark.parametrize(("rows", "window"), [(1_000, 300), (1_000, 2_000), (4_000, 4_000)])
def test_shapes_of_columns_with_a_long_tail_alarm_no_more_often_than_they_should(
    steepness: float, rows: int, window: int
) -> None:
    """Those of 4,000 rows hold more values than are counted apart: the rarer ones were chosen for their few rows."""
    rng = np.random.default_rng(4)
    shares = 1 / np.arange(1, 401) ** steepness
    found = []
    for _ in range(200):
        (one,) = chi_square.compare(*sides(*drawn(rng, shares, rows, window)))
        found.append(one.p_value)
    assert np.mean(np.array(found) <= 0.05) <= 0.1
    assert np.mean(np.array(found) <= 0.005) <= 0.02
    assert np.mean(np.array(found) <= 0.5) >= 0.35


def test_a_small_reference_of_many_values_alarms_no_more_often_beside_large_windows() -> None:
    rng = np.random.default_rng(6)
    found = []
    for _ in range(200):
        (one,) = chi_square.compare(*sides(*drawn(rng, 1 / np.arange(1, 401), 300, 10_000)))
        found.append(one.p_value)
    assert np.mean(np.array(found) <= 0.05) <= 0.1


def drawn(rng: np.random.Generator, shares: np.ndarray, *rows: int) -> list[list[str]]:
    names = np.array([f"mail {i}" for i in range(shares.size)])
    return [names[rng.choice(shares.size, n, p=shares / shares.sum())].tolist() for n in rows]


def test_what_one_row_holds_is_expected_to_be_new_in_all_and_in_a_segment() -> None:
    column = sides(["a"] * 6 + ["b"] * 4 + ["c", "d", "e", "e"], ["a"])[0].columns["c"]
    assert isinstance(column.bins, CategoryBins)
    assert rows_to_be_new(column.bins, column.counts) == (2, 1)
    assert rows_to_be_new(column.bins, np.array([3, 0, 1, 0, 1, 0, 0])) == (1, 0)


def test_of_rarer_values_that_are_not_counted_apart_as_many_are_new_as_one_row_holds() -> None:
    values = [f"v{i}" for i in range(600)]
    column = sides(values + values[:300] + values[:100], ["a"])[0].columns["c"]
    assert isinstance(column.bins, CategoryBins)
    assert rows_to_be_new(column.bins, column.counts) == (300, 200)


def test_counts_of_rows_that_fixed_no_values_say_themselves_what_is_new() -> None:
    reference, window = sides(["a"] * 6 + ["b"] * 4 + ["c"], ["a", "a", "c", "c", "zebra"])
    bins = reference.columns["c"].bins
    assert isinstance(bins, CategoryBins)
    assert rows_to_be_new(bins, window.columns["c"].counts) == (1, 0)
    assert rows_to_be_new(bins, np.array([3, 3, 2, 0, 0])) == (0, 0)


def test_a_category_is_told_apart_by_the_rows_of_both_sides_and_new_ones_by_name() -> None:
    before, after = (one.columns["c"] for one in sides(["a"] * 90 + ["b"] * 8 + ["c"] * 2, ["a"] * 80 + ["z"] * 20))
    assert [side.tolist() for side in side_by_side(before, after)] == [[10, 90, 0], [0, 80, 20]]


def test_categories_that_are_all_rare_are_said_to_be() -> None:
    (one,) = chi_square.compare(*sides(["a", "b", "c", "d"], ["a", "b", "c", "d"]))
    assert (one.value, one.note) == (None, "too few rows of any one category")
