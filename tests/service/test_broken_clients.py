"""A client that breaks a column is told as that, and is looked at without it."""

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest

from tests.service.attackers import attack, home, loans, table
from tests.service.test_attacks import passed

Columns = dict[str, np.ndarray]
BROKEN = 999_999.0


def made_up(rng: np.random.Generator, rows: int) -> Columns:
    """Give applications drawn evenly over the range of each column."""
    usual = loans(rng, 2_000)
    even = {
        name: np.round(rng.uniform(values.min(), values.max(), rows), 2)
        for name, values in usual.items()
        if name != "home"
    }
    return even | {"age": np.round(even["age"]), "home": rng.choice(["rent", "own", "family"], rows)}


def of_client(folder: Path, columns: Columns) -> list[dict[str, Any]]:
    """Let one client ask for these within an hour among honest ones; give the alerts about it."""
    config, count = home(folder, queries=0), len(columns["age"])
    at = 3 + np.sort(np.random.default_rng(8).random(count))
    rows = table(columns, at, np.repeat("other", count), [f"o{i}" for i in range(count)])
    pq.write_table(rows, folder / "logs" / "second.parquet")
    return [one for one in passed(config) if one["segment"] == "client=other"]


@pytest.mark.parametrize(("make", "gravest"), [(loans, "info"), (made_up, "critical")])
def test_what_a_broken_column_does_not_explain_is_told(tmp_path: Path, make: Any, gravest: str) -> None:  # noqa: ANN401  # either
    columns = make(np.random.default_rng(3), 90) | {"debt": np.full(90, BROKEN)}
    found = of_client(tmp_path, columns)
    assert found
    assert {one["severity"] for one in found} <= ({"info"} if gravest == "info" else {"warning", "critical"})
    assert {one["origin"] for one in found} == {"data_quality" if gravest == "info" else "attack_like"}


def test_a_search_goes_on_being_one_where_it_holds_a_column_at_an_odd_value(tmp_path: Path) -> None:
    rng = np.random.default_rng(4)
    walked = attack(rng, begin=3, queries=90)
    columns = {name: np.array(walked[name].to_pylist()) for name in ("income", "amount", "age", "debt", "home")}
    found = of_client(tmp_path, columns | {"age": np.full(90, 999.0)})
    assert {one["origin"] for one in found} == {"attack_like"}


def test_one_new_category_in_some_of_a_clients_rows_is_no_probing(tmp_path: Path) -> None:
    columns = loans(np.random.default_rng(5), 90)
    columns["home"] = np.where(np.arange(90) % 5 == 0, "boat", columns["home"])
    assert {one["severity"] for one in of_client(tmp_path, columns)} == {"info"}


def test_means_that_are_filled_in_are_no_evasion(tmp_path: Path) -> None:
    columns = loans(np.random.default_rng(6), 90)
    columns["age"] = np.where(np.arange(90) % 2 == 0, 48.372914, columns["age"])
    assert {one["severity"] for one in of_client(tmp_path, columns)} == {"info"}


@pytest.mark.parametrize(
    ("column", "broken"),
    [
        ("debt", lambda values: np.where(np.arange(90) % 5 < 2, np.nan, values)),
        ("income", lambda values: np.round(values, -4)),
        ("amount", lambda values: values * 100),
    ],
)
def test_a_column_that_comes_in_part_rounded_or_in_another_unit_is_no_attack(
    tmp_path: Path,
    column: str,
    broken: Any,  # noqa: ANN401  # a function
) -> None:
    columns = loans(np.random.default_rng(7), 90)
    columns[column] = broken(columns[column])
    assert {one["severity"] for one in of_client(tmp_path, columns)} <= {"info"}
