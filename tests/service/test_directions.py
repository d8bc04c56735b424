"""Windows that breach in opposite directions, through the whole loop: nothing that began with the first of them."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from scipy.special import ndtri

from monitor.config import load
from monitor.pipeline import once
from monitor.store.alerts import alert_rows
from monitor.wiring import opened

START, DAY, A_DAY = datetime(2024, 1, 1, tzinfo=UTC), timedelta(days=1), 400
CONFIG = """
database: sqlite:///monitor.db
models:
  loans:
    source: {files: "logs.parquet"}
    reference: {files: reference.parquet}
    columns: {timestamp: at}
    window: 1d
    for: 2/3
"""
EVEN = ndtri((np.arange(A_DAY) + 0.5) / A_DAY)
"""As many normal numbers as a day has rows, without what chance would add to them."""


def ages(folder: Path, shifts: Sequence[float]) -> list[dict[str, Any]]:
    """Give the alerts about the age, which is off by so many deviations on each day."""
    rng = np.random.default_rng(1)
    before = 20 * A_DAY
    reference = {
        "at": [START + DAY * (n / A_DAY - 20) for n in range(before)],
        "age": rng.permutation(np.tile(EVEN, 20)),
    }
    rows = {
        "at": [START + DAY * (n / A_DAY) for n in range(len(shifts) * A_DAY)],
        "age": np.concatenate([rng.permutation(EVEN) + shift for shift in shifts]),
    }
    pq.write_table(pa.table(reference), folder / "reference.parquet")
    pq.write_table(pa.table(rows), folder / "logs.parquet")
    monitor = opened(load(CONFIG, place="monitor.yaml", environ={}, read=str), root=folder)
    once(monitor, clock=lambda: START + 40 * DAY, rng=Random(1))
    with monitor.database.read() as connection:
        found = [dict(row) for row in alert_rows(connection, model="loans") if row["column"] == "age"]
    monitor.database.close()
    return found


@pytest.mark.parametrize(
    ("shifts", "since"),
    [
        ([0, 0, 0, 0.19, 0, 0.19, 0], "2024-01-04T00:00:00Z"),
        ([0, 0, 0, 0.19, 0, -0.19, 0], None),
        ([0, 0, 0, 0.19, -0.19, -0.19, 0], "2024-01-05T00:00:00Z"),
        ([0, 0, 0, -0.19, 0.19, -0.19, 0.19, -0.19], None),
    ],
)
def test_an_alert_fires_by_windows_that_went_one_way(tmp_path: Path, shifts: list[float], since: str | None) -> None:
    found = ages(tmp_path, shifts)
    fired = [alert for alert in found if alert["fired_at"]]
    assert {alert["since"] for alert in fired} == ({since} if since else set())
    assert {alert["evidence"]["direction"] for alert in fired} <= {"lower" if -0.19 in shifts else "higher"}
