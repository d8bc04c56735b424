"""Vectors of another length than the reference's: a message names both."""

from datetime import timedelta
from pathlib import Path
from random import Random

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from monitor.config import load
from monitor.pipeline import once
from monitor.store.alerts import alert_rows
from monitor.wiring import opened
from tests.service.scene import START, times

A_DAY = 100
CONFIG = """
database: sqlite:///monitor.db
models:
  tickets:
    source: {files: "logs/*"}
    reference: {files: reference.parquet}
    columns: {timestamp: at, kinds: {place: vector}}
    window: 1d
"""


def rows(seed: int, first: int, days: int, *, shorter: int = 0) -> pa.Table:
    """Give days of vectors of eight numbers; one row in `shorter` has but five of them."""
    rng, size = np.random.default_rng(seed), days * A_DAY
    drawn = rng.normal(size=(size, 8)).tolist()
    place = [one[:5] if shorter and n % shorter == 0 else one for n, one in enumerate(drawn)]
    return pa.table({"at": times(first, days, a_day=A_DAY), "place": place, "x": rng.normal(size=size)})


@pytest.mark.parametrize("shorter", [1, 10])
def test_the_length_that_came_instead_is_named(tmp_path: Path, shorter: int) -> None:
    (tmp_path / "logs").mkdir()
    pq.write_table(rows(1, -30, 30), tmp_path / "reference.parquet")
    pq.write_table(rows(2, 0, 3, shorter=shorter), tmp_path / "logs" / "a.parquet")
    monitor = opened(load(CONFIG, place="monitor.yaml", environ={}, read=str), root=tmp_path)
    once(monitor, clock=lambda: START + timedelta(days=3, minutes=30), rng=Random(1))
    with monitor.database.read() as connection:
        (told,) = [row for row in alert_rows(connection) if row["detector"] == "invalid_share"]
    monitor.database.close()
    assert ", most often lists of 5 numbers, in the reference of 8, " in told["text"]
    assert (told["evidence"]["length"], told["evidence"]["usual_length"]) == (5, 8)
