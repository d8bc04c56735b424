"""Labels that stay out because they mean something: only frauds are reported, and all others are none."""

from datetime import timedelta
from pathlib import Path
from random import Random

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from monitor.config import load
from monitor.pipeline import once
from monitor.store.measurements import read_measurements
from monitor.watch import Monitor
from monitor.wiring import opened
from tests.service.scene import DAY, START, times

A_DAY, DELAY = 300, 5
CONFIG = """
database: sqlite:///monitor.db
models:
  pay:
    source: {files: "logs/*"}
    labels: {files: "labels/*", max_delay: 5d, absent: 0}
    reference: {files: reference.parquet}
    columns: {timestamp: at, id: id, prediction: y, scores: p, label: fraud}
    window: 1d
"""


def payments(seed: int, first: int, days: int) -> pa.Table:
    draw, size = np.random.default_rng(seed), days * A_DAY
    p = draw.beta(1, 6, size)
    at, ids = times(first, days, a_day=A_DAY), [f"{first}-{n}" for n in range(size)]
    return pa.table({"at": at, "id": ids, "p": p, "y": (p > 0.5) * 1, "fraud": (draw.random(size) < p) * 1})


def world(folder: Path) -> pa.Table:
    """Write a reference, and give the payments of twenty days."""
    for name in ("logs", "labels"):
        (folder / name).mkdir()
    pq.write_table(payments(1, -30, 30), folder / "reference.parquet")
    return payments(2, 0, 20)


def until(folder: Path, rows: pa.Table, day: int, *, last: int = 99) -> None:
    """Write what is known when a day begins: its payments, and frauds of up to four days before; none after `last`."""
    at = np.array([(one - START) // DAY for one in rows["at"].to_pylist()])
    fraud, late = np.array(rows["fraud"].to_pylist()) == 1, np.arange(rows.num_rows) % DELAY
    pq.write_table(rows.filter(pa.array(at == day)).drop_columns(["fraud"]), folder / f"logs/{day:03}.parquet")
    came = fraud & (at + late == day) & (day <= last)
    pq.write_table(rows.filter(pa.array(came)).select(["id", "fraud"]), folder / f"labels/{day:03}.parquet")


def passed(monitor: Monitor, day: int) -> None:
    once(monitor, clock=lambda: START + (day + 1) * DAY + timedelta(minutes=30), rng=Random(1))


def measured(monitor: Monitor, detector: str = "roc_auc") -> dict[int, tuple[float | None, int]]:
    with monitor.database.read() as connection:
        rows = read_measurements(connection, model="pay", detector=detector)
        return {(row["window_start"] - START) // DAY: (row["value"], row["n"]) for row in rows}


def started(folder: Path, config: str = CONFIG) -> Monitor:
    return opened(load(config, place="monitor.yaml", environ={}, read=str), root=folder)


def test_a_list_of_frauds_says_as_much_as_a_column_of_ones(tmp_path: Path) -> None:
    found = []
    for name, config in (("column", CONFIG), ("list", CONFIG.replace("absent: 0}", "absent: 0, present: 1}"))):
        folder = tmp_path / name
        folder.mkdir()
        rows, monitor = world(folder), started(folder, config)
        for day in range(20):
            until(folder, rows, day)
            if name == "list":
                listed = pq.read_table(folder / f"labels/{day:03}.parquet").select(["id"])
                reasons = pa.array(["stolen"] * listed.num_rows, pa.string())
                pq.write_table(listed.append_column("reason", reasons), folder / f"labels/{day:03}.parquet")
        passed(monitor, 19)
        found.append(measured(monitor))
        monitor.database.close()
    assert found[0] == found[1]
    assert any(value is not None for value, _ in found[0].values())


def test_performance_is_that_of_all_rows_once_no_more_labels_will_come(tmp_path: Path) -> None:
    rows, found = world(tmp_path), []
    monitor = started(tmp_path)
    for day in range(20):
        until(tmp_path, rows, day)
        passed(monitor, day)
    found.append(measured(monitor))
    passed(monitor, 19)
    monitor.database.close()
    # who catches up knows the same
    monitor = started(tmp_path, CONFIG.replace("monitor.db", "again.db"))
    passed(monitor, 19)
    found.append(measured(monitor))
    monitor.database.close()
    assert found[0] == found[1]
    told = found[0]
    assert [day for day, (value, n) in told.items() if n == A_DAY] == list(range(20 - DELAY))
    assert all(value is None for day, (value, _) in told.items() if day >= 20 - DELAY)
    whole = {day: np.array(rows["fraud"].to_pylist())[day * A_DAY : (day + 1) * A_DAY] for day in range(15)}
    scores = np.array(rows["p"].to_pylist())
    for day, labels in whole.items():
        p = scores[day * A_DAY : (day + 1) * A_DAY]
        pairs = p[labels == 1][:, None] - p[labels == 0][None, :]
        assert told[day][0] == pytest.approx(np.mean((pairs > 0) + 0.5 * (pairs == 0)), abs=0.01)


def test_once_labels_come_no_more_none_stands_for_anything(tmp_path: Path) -> None:
    rows = world(tmp_path)
    monitor = started(tmp_path)
    for day in range(20):
        until(tmp_path, rows, day, last=9)
        passed(monitor, day)
    told = measured(monitor)
    monitor.database.close()
    # labels came until the tenth day ended: what was reported by then is known of the days five before it
    assert [day for day, (_, n) in told.items() if n == A_DAY] == list(range(10 - DELAY))


def test_a_label_that_comes_later_still_is_kept_with_its_reason(tmp_path: Path) -> None:
    rows = world(tmp_path)
    monitor = started(tmp_path)
    for day in range(12):
        until(tmp_path, rows, day)
        passed(monitor, day)
    before = measured(monitor)
    honest = [one for one, fraud in zip(rows["id"].to_pylist(), rows["fraud"].to_pylist(), strict=True) if not fraud]
    pq.write_table(pa.table({"id": honest[:1], "fraud": [1]}), tmp_path / "labels/late.parquet")
    passed(monitor, 11)
    assert measured(monitor) == before
    with monitor.database.read() as connection:
        reasons = [row.reason for row in connection.exec_driver_sql("select reason from quarantine")]
    monitor.database.close()
    assert reasons == [
        "the label was 0, as of a record whose label is absent after max_delay, before; the first one counts"
    ]


def test_behind_the_last_label_that_was_found_after_a_stop_none_stands_for_anything(tmp_path: Path) -> None:
    rows = world(tmp_path)
    for day in range(20):
        until(tmp_path, rows, day, last=7)
    monitor = started(tmp_path)
    passed(monitor, 19)
    told = measured(monitor)
    monitor.database.close()
    # of the days before the last report it is not known that some are missing
    assert max(day for day, (_, n) in told.items() if n == A_DAY) == 7


def test_a_label_with_a_time_in_nanoseconds_goes_into_quarantine_and_stops_nothing(tmp_path: Path) -> None:
    rows = world(tmp_path)
    for day in range(12):
        until(tmp_path, rows, day)
    came = pa.array([1_704_326_400_000_000_001], pa.timestamp("ns", "UTC"))
    odd = pa.table({"id": ["0-1"], "fraud": pa.nulls(1, pa.int64()), "came": came})
    pq.write_table(odd, tmp_path / "labels/odd.parquet")
    monitor = started(tmp_path)
    passed(monitor, 11)
    assert len(measured(monitor)) == 12
    with monitor.database.read() as connection:
        kept = [row.reason for row in connection.exec_driver_sql("select reason from quarantine")]
    monitor.database.close()
    assert kept == ["no label"]
