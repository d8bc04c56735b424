"""Labels in the records that stop are told of, and told to have come back."""

from datetime import timedelta
from pathlib import Path
from random import Random

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from monitor.config import load
from monitor.pipeline import once
from monitor.store.alerts import alert_rows
from monitor.store.measurements import read_measurements
from monitor.watch import Monitor
from monitor.wiring import opened
from tests.service.scene import DAY, START, Told, times

A_DAY, STOPPED, BACK = 60, 10, 14
CONFIG = """
database: sqlite:///monitor.db
models:
  loans:
    source: {files: "log.parquet"}
    reference: {files: reference.parquet}
    columns: {timestamp: at, scores: p, label: paid}
    window: 1d
"""


def rows(first: int, days: int) -> pa.Table:
    """Give scores that half of the labels follow."""
    p = pa.array([(n * 37 % 100) / 100 for n in range(days * A_DAY)])
    paid = pa.array([float((n * 61 % 100) / 100 < (n * 37 % 100) / 100) for n in range(days * A_DAY)])
    return pa.table({"at": times(first, days, a_day=A_DAY), "p": p, "paid": paid})


def test_labels_in_the_records_that_stop_are_told_once_and_told_to_be_back(tmp_path: Path) -> None:
    log = rows(0, 18)
    gone = pc.and_(pc.greater_equal(log["at"], START + STOPPED * DAY), pc.less(log["at"], START + BACK * DAY))
    log = log.set_column(2, "paid", pc.if_else(gone, pa.scalar(None, pa.float64()), log["paid"]))
    pq.write_table(rows(-30, 30), tmp_path / "reference.parquet")
    pq.write_table(log, tmp_path / "log.parquet")
    opened_one, told = opened(load(CONFIG, place="monitor.yaml", environ={}, read=str), root=tmp_path), Told()
    monitor = Monitor(opened_one.database, opened_one.watches, {"team": told})
    once(monitor, clock=lambda: START + 18 * DAY + timedelta(hours=1), rng=Random(1))
    with monitor.database.read() as connection:
        shares = [m["value"] for m in read_measurements(connection, detector="unlabelled_share")]
        (alert,) = [a for a in alert_rows(connection, model="loans") if a["detector"] == "unlabelled_share"]
    assert shares == [float(STOPPED <= day < BACK) for day in range(18)]
    assert [(n.kind, n.transition) for n in told] == [("quality", "fired"), ("quality", "resolved")]
    assert (alert["since"], alert["fired_at"]) == ("2024-01-11T00:00:00Z", "2024-01-12T00:00:00Z")
    first = told[0].alerts[0]["text"]
    assert "paid: share of rows without a label rose to 100 % (the windows before 0 %), 60 rows" in first
    monitor.database.close()
