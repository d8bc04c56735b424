"""Drift that one client brings is one message about that client, and not one of every column."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from monitor.alerts.causes import BROUGHT_BY
from tests.service.keyed import START, fired

A_DAY, ONSET = 500, 8


def days(first: int, count: int, *, client: bool = False, everybody: bool = False) -> dict[str, Any]:
    """Draw days of twenty clients; from the eighth on one of them, or all, send other numbers."""
    rng = np.random.default_rng(first + 50)
    n = count * A_DAY
    day = first + np.arange(n) // A_DAY
    keys = rng.choice([f"k{i}" for i in range(20)], n)
    values = {f"x{i}": rng.normal(size=n) for i in range(5)}
    moves = (day >= ONSET) & ((keys == "k7") if client else everybody)
    for name in ("x0", "x1", "x2"):
        values[name] = values[name] + moves * (3.0 if client else 0.5)
    times = [START + timedelta(days=int(d), seconds=160 * (i % A_DAY)) for i, d in enumerate(day.tolist())]
    return {"at": times, "key": keys, **values}


def alerts(folder: Path, log: dict[str, Any]) -> list[dict[str, Any]]:
    return [one for one in fired(folder, days(-20, 20), log) if one["kind"] == "drift.data"]


def test_one_message_tells_of_all_columns_that_one_client_moves(tmp_path: Path) -> None:
    found = alerts(tmp_path, days(0, 16, client=True))
    (about,) = [one for one in found if one["detector"] == "client_drift"]
    assert (about["segment"], about["evidence"]["told"]) == ("client=k7", True)
    of_columns = [one for one in found if one["evidence"].get(BROUGHT_BY)]
    assert {"x0", "x1", "x2"} <= {one["column"] for one in of_columns}
    assert {one["evidence"].get("inhibited_by") for one in of_columns} == {about["id"]}
    assert {one["evidence"][BROUGHT_BY]["client"] for one in of_columns} == {"k7"}


@pytest.mark.parametrize("everybody", [True, False])
def test_no_client_is_named_where_all_move_or_nobody_does(tmp_path: Path, *, everybody: bool) -> None:
    found = alerts(tmp_path, days(0, 16, everybody=everybody))
    assert "client_drift" not in {one["detector"] for one in found}
    assert bool({"x0", "x1", "x2"} & {one["column"] for one in found if one["evidence"]["told"]}) == everybody


@pytest.mark.parametrize("first", [0, 10])
def test_who_sends_a_batch_each_night_is_named_neither_in_the_first_one_nor_in_a_later_one(
    tmp_path: Path, first: int
) -> None:
    def nights(first: int, count: int, *, moved: bool) -> dict[str, Any]:
        rng, hours = np.random.default_rng(first + 70), 24 * count
        hour = np.repeat(np.arange(hours), 120)
        keys = rng.choice([f"k{i}" for i in range(20)], hour.size)
        nightly = (hour % 24 == 3) & (np.arange(hour.size) % 120 < 30)
        keys = np.where(nightly, "batch", keys)
        # the batch holds other numbers, in the reference too; in the log what all others send in that hour moves
        values = rng.normal(size=hour.size) + 2.0 * nightly + moved * (hour % 24 == 3)
        times = [START + timedelta(days=first, hours=int(h), seconds=30 * (i % 120)) for i, h in enumerate(hour)]
        return {"at": times, "key": keys, "x": values, "y": rng.normal(size=hour.size)}

    log = nights(0, 3, moved=True) if not first else nights(0, first + 2, moved=True)
    found = fired(tmp_path, nights(-21, 21, moved=False), log, window="1h")
    assert "client=batch" not in {one["segment"] for one in found}


def test_who_sends_a_clump_of_like_rows_each_day_is_not_named_for_what_all_moved(tmp_path: Path) -> None:
    def clumped(first: int, count: int) -> dict[str, Any]:
        rows, rng = days(first, count), np.random.default_rng(first + 90)
        day = first + np.arange(len(rows["key"])) // A_DAY
        clump = np.arange(len(day)) % A_DAY < 30
        rows["key"] = np.where(clump, "batch", rows["key"])
        of_day = np.round(rng.normal(0.9, 0.4, count), 2)[day - first]
        rows["x0"] = np.where(clump, of_day, rows["x0"] + 0.22 * (day >= ONSET))
        return rows

    found = fired(tmp_path, clumped(-20, 20), clumped(0, 16))
    assert "x0" in {one["column"] for one in found if one["evidence"]["told"]}
    assert "client=batch" not in {one["segment"] for one in found}


@pytest.mark.parametrize("always", [False, True])
def test_a_small_client_that_begins_to_send_half_of_the_rows_is_named_and_one_that_always_did_is_not(
    tmp_path: Path, *, always: bool
) -> None:
    def half(first: int, count: int) -> dict[str, Any]:
        rng, n = np.random.default_rng(first + 90), count * A_DAY
        day = first + np.arange(n) // A_DAY
        share = np.where((day >= ONSET) | always, 0.45, 0.01)
        keys = np.where(rng.random(n) < share, "rescan", rng.choice([f"k{i}" for i in range(20)], n))
        moves = 2.0 * ((day >= ONSET) & (keys == "rescan"))
        values = {f"x{i}": rng.normal(size=n) + moves * (i < 2) for i in range(4)}
        times = [START + timedelta(days=int(d), seconds=160 * (i % A_DAY)) for i, d in enumerate(day.tolist())]
        return {"at": times, "key": keys, **values}

    found = [one for one in fired(tmp_path, half(-20, 20), half(0, 16)) if one["kind"] == "drift.data"]
    named = {one["segment"] for one in found if one["detector"] == "client_drift"}
    assert named == (set() if always else {"client=rescan"})
    of_columns = [one for one in found if one["column"] in ("x0", "x1")]
    assert of_columns
    assert {bool(one["evidence"].get(BROUGHT_BY)) for one in of_columns} == {not always}
