"""A peak in windows of fifty rows is found and told: the budget is worth something there, too."""

from datetime import timedelta
from pathlib import Path
from random import Random

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from sqlalchemy import select

from monitor.config import load
from monitor.pipeline import once
from monitor.store.schema import alert
from monitor.wiring import opened
from tests.service.scene import START, times

A_DAY, PEAKED = 50, 4
CONFIG = """
database: sqlite:///monitor.db
models:
  fares:
    source: {files: "logs/*"}
    reference: {files: reference.parquet}
    columns: {timestamp: at}
    window: 1d
"""


def rows(seed: int, first: int, days: int, *, peaked: int = 0) -> pa.Table:
    """Give days of so many rows of twelve columns; `peaked` of a day's rows have one usual value in one of them."""
    rng = np.random.default_rng(seed)
    columns = {f"c{i:02}": rng.lognormal(size=days * A_DAY) for i in range(12)}
    columns["c07"][np.arange(days * A_DAY) % A_DAY < peaked] = 1.0
    return pa.table({"at": times(first, days, a_day=A_DAY), **columns})


def test_four_rows_of_fifty_at_one_usual_value_are_told(tmp_path: Path) -> None:
    (tmp_path / "logs").mkdir()
    pq.write_table(rows(1, -100, 100), tmp_path / "reference.parquet")
    pq.write_table(rows(2, 0, 20), tmp_path / "logs" / "usual.parquet")
    pq.write_table(rows(3, 20, 4, peaked=PEAKED), tmp_path / "logs" / "peaked.parquet")
    monitor = opened(load(CONFIG, place="monitor.yaml", environ={}, read=str), root=tmp_path)
    try:
        once(monitor, clock=lambda: START + timedelta(days=24, minutes=30), rng=Random(1))
        with monitor.database.read() as connection:
            stand = connection.execute(select(alert.c.detector, alert.c.column, alert.c.state)).all()
    finally:
        monitor.database.close()
    assert [(one.detector, one.column) for one in stand if one.state == "firing"] == [("scan_test", "c07")]
