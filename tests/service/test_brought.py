"""Drift that one client brings is one message about that client, and not one of every column."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from monitor.alerts.causes import BROUGHT_BY
from monitor.config import load
from monitor.pipeline import once
from monitor.store.alerts import alert_rows
from monitor.wiring import opened

START, DAY, A_DAY, ONSET = datetime(2024, 3, 4, tzinfo=UTC), timedelta(days=1), 500, 8
CONFIG = """
database: sqlite:///monitor.db
models:
  m:
    source: {files: "logs/*"}
    reference: {files: reference.parquet}
    columns: {timestamp: at, client: key}
    window: 1d
    attacks: off
"""


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
    (folder / "logs").mkdir()
    pq.write_table(pa.table(days(-20, 20)), folder / "reference.parquet")
    pq.write_table(pa.table(log), folder / "logs" / "log.parquet")
    monitor = opened(load(CONFIG, place="monitor.yaml", environ={}, read=str), root=folder)
    once(monitor, clock=lambda: START + 90 * DAY, rng=Random(1))
    with monitor.database.read() as connection:
        found = [dict(one) for one in alert_rows(connection) if one["fired_at"] and one["kind"] == "drift.data"]
    monitor.database.close()
    return found


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
