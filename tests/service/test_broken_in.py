"""Broken values are told with the value of another column whose rows hold them: one source, one country, one app."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from monitor.alerts.causes import BROKEN_IN
from monitor.alerts.finding import Finding
from monitor.alerts.lifecycle import Alert
from monitor.detectors.quality import out_of_range_share
from monitor.steps.broken_in import where_broken
from monitor.steps.symptoms import _of_one_source
from monitor.types import Window
from tests.service.keyed import CONFIG, DAY, START, fired

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


@pytest.mark.parametrize(("broken", "segment", "told"), [(0.9, "", True), (0.2, "", False), (0.9, "board=own", False)])
def test_what_lies_beyond_the_range_in_one_source_is_broken_however_near(
    broken: float, segment: str, *, told: bool
) -> None:
    alert = Alert("a", "firing", episode=1)
    evidence = {BROKEN_IN: {"broken": broken}}
    found = Finding(alert, "m", "quality", out_of_range_share.NAME, Window(START, START + DAY), "salary", segment)
    found = replace(found, value=0.15, reference_value=0.01, evidence=evidence)
    assert _of_one_source([found]) == ({"salary": pytest.approx(0.14)} if told else {})


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


def test_the_board_whose_texts_hide_characters_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    words = ["seven", "years", "of", "care", "on", "two", "wards", "nights", "between", "them", "calm", "hand"]

    def letters(first: int, count: int, *, hide: bool) -> dict[str, Any]:
        rows, rng = applications(first, count), np.random.default_rng(first + 80)
        n = len(rows["key"])
        texts = [" ".join(rng.choice(words, 9)) for _ in range(n)]
        late = hide & (np.arange(n) >= ONSET * A_DAY) & (np.asarray(rows["board"]) == "agency")
        return rows | {"letter": [text.replace("e", "e\u200b") if late[i] else text for i, text in enumerate(texts)]}

    monkeypatch.setattr("tests.service.keyed.CONFIG", CONFIG.replace("key}", "key, kinds: {letter: text}}"))
    found = fired(tmp_path, letters(-20, 20, hide=False), letters(0, 10, hide=True))
    told = next(one for one in found if one["column"] == "invisible(letter)")
    assert (told["evidence"][BROKEN_IN]["column"], told["evidence"][BROKEN_IN]["value"]) == ("board", "agency")
    assert told["evidence"][BROKEN_IN]["broken"] > 0.95
