"""A column that is broken for everybody is known as such, and by no few clients' doing."""

from collections.abc import Mapping
from functools import cache
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from monitor.detectors.attack import Baseline, baseline_of
from monitor.detectors.attack.broken import WITHIN, broken_values, empty_broken
from monitor.profiles.arrow import layout_of
from monitor.types import Roles

ROLES = Roles(timestamp="at", prediction="answer")
COLUMNS = 8


def made(rows: int, seed: int) -> dict[str, Any]:
    rng = np.random.default_rng(seed)
    numbers = {f"x{i}": np.round(rng.normal(50, 10, rows), 1) for i in range(COLUMNS - 2)}
    return numbers | {"shop": rng.choice(list("abcd"), rows), "rare": rng.choice(["yes", "no"], rows, p=[0.02, 0.98])}


@cache
def fitted() -> Baseline:
    columns = made(3000, 1)
    reference = pa.table(columns | {"answer": (columns["x0"] > 50).astype(int)})
    found = baseline_of(reference, ROLES, layout_of(reference, ROLES), rng=np.random.default_rng(7))
    assert found
    return found


def told(columns: Mapping[str, Any], client: np.ndarray) -> np.ndarray:
    """Give the values that are said to be broken, of rows that stand behind each other in the stream."""
    baseline = fitted()
    rows = baseline.space.rows(pa.table(dict(columns)))
    faults, at = baseline.contract.faults(rows), np.arange(len(rows))
    memory = empty_broken(rows.width)
    found = broken_values(memory, baseline, rows, faults, client=client.astype(np.uint32), at=at)
    names = baseline.space.names
    order = [names.index(name) for name in columns]
    return found[:, order]


def clients(rows: int, count: int, seed: int = 3) -> np.ndarray:
    return np.random.default_rng(seed).integers(1, count + 1, rows)


@pytest.mark.parametrize("count", [3, 40, 400])
@pytest.mark.parametrize(
    ("column", "value"),
    [("x1", 50.0), ("x1", None), ("x1", 5000.0), ("shop", "?"), ("shop", "a")],
    ids=["one value", "no value", "beyond the range", "unheard of", "one category"],
)
def test_what_breaks_for_everybody_is_not_looked_at_after_512_rows(
    column: str, value: float | str | None, count: int
) -> None:
    columns = made(3 * WITHIN, 2)
    columns[column] = [value] * (3 * WITHIN)
    found = told(columns, clients(3 * WITHIN, count))
    assert not found[:WITHIN].any()
    assert found[WITHIN:, list(columns).index(column)].all()
    assert found[WITHIN:].sum() == 2 * WITHIN


@pytest.mark.parametrize("count", [0, 1, 3, 40, 400])
def test_where_nothing_is_broken_all_is_looked_at(count: int) -> None:
    assert not told(made(6 * WITHIN, 4), clients(6 * WITHIN, count) if count else np.zeros(6 * WITHIN)).any()


def test_a_value_that_the_reference_holds_as_often_is_not_broken() -> None:
    columns = made(3 * WITHIN, 5)
    columns["rare"] = ["no"] * (3 * WITHIN)
    assert not told(columns, clients(3 * WITHIN, 100)).any()


def test_right_values_of_a_broken_column_are_looked_at() -> None:
    columns = made(3 * WITHIN, 6)
    lost = np.random.default_rng(7).random(3 * WITHIN) < 0.3
    columns["x2"] = np.where(lost, np.nan, columns["x2"])
    found = told(columns, clients(3 * WITHIN, 100))[WITHIN:, 2]
    assert (found == lost[WITHIN:]).all()


def test_few_clients_break_no_column_however_much_they_send() -> None:
    columns, who = made(4 * WITHIN, 8), clients(4 * WITHIN, 100)
    loud = np.random.default_rng(9).random(4 * WITHIN) < 0.7
    columns["x3"] = np.where(loud, 9999.0, columns["x3"])
    assert not told(columns, np.where(loud, 1 + who % 7, who)).any()


def test_rows_that_are_made_up_are_not_taken_for_broken() -> None:
    columns = made(3 * WITHIN, 10) | {"x1": np.full(3 * WITHIN, 50.0), "x4": np.full(3 * WITHIN, 9999.0)}
    assert not told(columns, clients(3 * WITHIN, 100)).any()


def test_a_column_that_is_mended_is_looked_at_again() -> None:
    columns = made(5 * WITHIN, 11)
    columns["x5"] = np.where(np.arange(5 * WITHIN) < 2 * WITHIN, 0.0, columns["x5"])
    found = told(columns, clients(5 * WITHIN, 100))
    assert found[WITHIN : 2 * WITHIN, 5].all()
    assert not found[3 * WITHIN :].any()


PARTLY = [("x1", 50.0), ("x1", None), ("x1", 5000.0)]


@pytest.mark.parametrize(("column", "value"), PARTLY, ids=["one value", "no value", "beyond the range"])
def test_what_breaks_in_one_shop_is_not_looked_at_there(column: str, value: float | None) -> None:
    columns = made(3 * WITHIN, 12)
    there = columns["shop"] == "b"
    columns[column] = np.where(there, np.nan if value is None else value, columns[column])
    found = told(columns, clients(3 * WITHIN, 100))
    assert not found[:WITHIN].any()
    assert (found[WITHIN:, 1] == there[WITHIN:]).all()
    assert found[WITHIN:].sum() == there[WITHIN:].sum()


def test_what_breaks_in_two_shops_is_not_looked_at_in_both() -> None:
    columns = made(3 * WITHIN, 13)
    there = np.isin(columns["shop"], ["a", "d"])
    columns["x4"] = np.where(there, 0.0, columns["x4"])
    found = told(columns, clients(3 * WITHIN, 100))[WITHIN:]
    assert (found[:, 4] == there[WITHIN:]).all()


@pytest.mark.parametrize("count", [1, 2])
def test_fewer_than_three_clients_break_nothing_in_a_shop_of_their_own(count: int) -> None:
    columns, who = made(4 * WITHIN, 14), clients(4 * WITHIN, 100)
    loud = np.random.default_rng(15).random(4 * WITHIN) < 0.2
    columns["shop"] = np.where(loud, "d", np.where(columns["shop"] == "d", "a", columns["shop"]))
    columns["x3"] = np.where(loud, 0.0, columns["x3"])
    assert not told(columns, np.where(loud, 1 + who % count, np.maximum(who, count + 1))).any()


def test_three_clients_break_nothing_where_others_send_right_values() -> None:
    columns, who = made(4 * WITHIN, 16), clients(4 * WITHIN, 100)
    theirs = who <= 3
    columns["shop"] = np.where(theirs, "d", columns["shop"])
    columns["x3"] = np.where(theirs, 0.0, columns["x3"])
    assert not told(columns, who).any()


def test_rows_that_name_no_client_break_nothing_in_a_part() -> None:
    columns = made(3 * WITHIN, 17)
    columns["x1"] = np.where(columns["shop"] == "b", 50.0, columns["x1"])
    assert not told(columns, np.zeros(3 * WITHIN)).any()


def test_a_shop_whose_rows_are_mended_is_looked_at_again() -> None:
    columns = made(5 * WITHIN, 18)
    early = (columns["shop"] == "c") & (np.arange(5 * WITHIN) < 2 * WITHIN)
    columns["x5"] = np.where(early, np.nan, columns["x5"])
    found = told(columns, clients(5 * WITHIN, 100))
    assert found[WITHIN : 2 * WITHIN, 5].any()
    assert not found[3 * WITHIN :].any()
