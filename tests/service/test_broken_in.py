"""Broken values are told with the value of another column whose rows hold them: one source, one country, one app."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from monitor.alerts.causes import BROKEN_IN
from monitor.steps.broken_in import where_broken
from tests.service.keyed import START, fired

A_DAY, ONSET = 500, 6
BOARDS = ("north", "south", "west", "agency", "own")


def applications(first: int, count: int, *, broken: str = "") -> dict[str, Any]:
    """Draw days of applications; from the sixth on one board's salaries are in thousands, or its ages are missing."""
    rng, n = np.random.default_rng(first + 40), count * A_DAY
    day = first + np.arange(n) // A_DAY
    board = rng.choice(BOARDS, n, p=[0.4, 0.3, 0.1, 0.1, 0.1])
    late = (day >= ONSET) & (board == "agency")
    salary = np.round(rng.normal(60_000, 9_000, n), -2) / np.where(late & (broken == "salary"), 1000, 1)
    age = np.where(late & (broken == "age"), np.nan, rng.integers(18, 70, n).astype(float))
    # of one board the office's distance is never known
    distance = np.where(board == "west", np.nan, rng.gamma(2, 5, n))
    times = [START + timedelta(days=int(d), seconds=160 * (i % A_DAY)) for i, d in enumerate(day.tolist())]
    columns = {"at": times, "key": rng.choice([f"k{i}" for i in range(30)], n), "board": board, "salary": salary}
    return columns | {"age": pa.array(age, from_pandas=True), "km": pa.array(distance, from_pandas=True)}


@pytest.mark.parametrize("column", ["salary", "age"])
def test_the_board_whose_rows_are_broken_is_named(tmp_path: Path, column: str) -> None:
    found = fired(tmp_path, applications(-20, 20), applications(0, 10, broken=column))
    told = next(one for one in found if one["kind"] == "quality" and one["column"] == column)
    place = told["evidence"][BROKEN_IN]
    assert (place["column"], place["value"]) == ("board", "agency")
    assert place["share"] > 0.95
    assert place["broken"] > 0.95
    assert place["traffic"] == pytest.approx(0.1, abs=0.04)
    if column == "salary":
        assert told["evidence"]["unit_in"] == "board=agency"
        assert told["evidence"]["unit"] == "as thousands are of ones"


def test_what_stood_there_in_the_reference_is_not_named(tmp_path: Path) -> None:
    log = applications(0, 10)
    more = np.random.default_rng(1).random(10 * A_DAY) < 0.15
    log["km"] = pa.array(np.where(more & (np.arange(10 * A_DAY) >= ONSET * A_DAY), np.nan, log["km"]), from_pandas=True)
    found = [one for one in fired(tmp_path, applications(-20, 20), log) if one["column"] == "km"]
    assert [one["detector"] for one in found] == ["missing_share"]
    assert BROKEN_IN not in found[0]["evidence"]


def test_no_value_is_named_where_the_broken_rows_are_anywhere_or_are_few() -> None:
    rng = np.random.default_rng(2)
    rows = pa.table({"board": rng.choice(BOARDS, 4000), "all": ["x"] * 4000})
    assert where_broken(rows, rng.random(4000) < 0.1) is None
    assert where_broken(rows, np.arange(4000) < 9) is None
    nearly = np.asarray(rows["board"].to_numpy(zero_copy_only=False) == "own") & (rng.random(4000) < 0.5)
    assert where_broken(rows, nearly).value == "own"  # type: ignore[union-attr]
