"""New values are told where more of them come than a reference of so few rows lets one expect."""

import numpy as np
import pyarrow as pa
import pytest

from monitor.detectors.quality.unseen_share import compare, held_once
from monitor.profiles.arrow import layout_of, profile_table
from monitor.profiles.bins import CategoryBins
from monitor.profiles.profile import Profile
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


def test_values_held_once_are_counted_or_follow_from_how_many_rows_the_rare_ones_have() -> None:
    before, _ = sides(["a", "a", "b", "c"], ["a"])
    column = before.columns["c"]
    assert held_once(column, column.bins) == 2
    rare = [f"v{i}" for i in range(CategoryBins.of([], []).size + 400)]
    before, _ = sides(rare + rare[:300], ["a"])
    column = before.columns["c"]
    once = len(rare) - 300
    assert held_once(column, column.bins) == pytest.approx(once, rel=0.15)
    _, after = sides(["a", "b", "c"], ["a", "b"])
    assert held_once(after.columns["c"], after.columns["c"].bins) == 0
