"""Rare and new values of a column are laid beside what a reference of so few rows lets one expect."""

import numpy as np
import pyarrow as pa
import pytest

from monitor.detectors.drift import chi_square
from monitor.detectors.quality.unseen_share import compare
from monitor.profiles.arrow import layout_of, profile_table
from monitor.profiles.bins import CategoryBins
from monitor.profiles.profile import Profile
from monitor.profiles.rarity import expected_counts
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


@pytest.mark.parametrize(("steepness", "rows", "window"), [(1.2, 1000, 300), (0.8, 1000, 300), (0.8, 4000, 700)])
def test_shapes_of_columns_with_a_long_tail_alarm_hardly_more_often_than_they_should(
    steepness: float, rows: int, window: int
) -> None:
    """The values of the last two are more than are counted apart: the rarer ones were chosen for their few rows."""
    rng = np.random.default_rng(4)
    shares = 1 / np.arange(1, 401) ** steepness
    names = np.array([f"mail {i}" for i in range(400)])
    found = []
    for _ in range(200):
        both = (names[rng.choice(400, n, p=shares / shares.sum())].tolist() for n in (rows, window))
        (one,) = chi_square.compare(*sides(*both))
        found.append(one.p_value)
    assert np.mean(np.array(found) <= 0.05) <= 0.15
    assert np.mean(np.array(found) <= 0.005) <= 0.02


def test_what_one_row_holds_is_expected_to_be_new_in_all_and_in_a_segment() -> None:
    reference, _ = sides(["a"] * 6 + ["b"] * 4 + ["c", "d"], ["a"])
    column = reference.columns["c"]
    assert isinstance(column.bins, CategoryBins)
    assert column.bins.once == 2
    assert column.expected.sum() == column.n
    assert column.expected[column.bins.unseen] == 2
    segment = expected_counts(column.bins, np.array([3, 0, 1, 0, 0, 0]))
    assert segment[column.bins.unseen] == 1
    assert segment.sum() == 4


def test_of_rarer_values_that_are_not_counted_apart_as_many_are_new_as_follow_from_their_rows() -> None:
    values = [f"v{i}" for i in range(600)]
    column = sides(values + values[:300], ["a"])[0].columns["c"]
    assert isinstance(column.bins, CategoryBins)
    assert column.bins.once == 300
    assert column.expected[column.bins.unseen] == pytest.approx(300, rel=0.15)


def test_counts_of_rows_that_fixed_no_values_stay_as_they_are() -> None:
    reference, window = sides(["a"] * 6 + ["b"] * 4 + ["c"], ["a", "a", "c", "c", "zebra"])
    for column in (window.columns["c"], sides(["a"] * 6 + ["b"] * 4, ["a"])[0].columns["c"]):
        assert (column.expected == column.counts).all()
    assert (reference.columns["c"].expected != reference.columns["c"].counts).any()
