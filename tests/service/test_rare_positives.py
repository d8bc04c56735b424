"""A model whose days hold fewer than ten positives each: its ROC AUC is judged on several days together."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from monitor.commands.weak import weaknesses
from monitor.config import load
from monitor.pipeline import once
from monitor.store.alerts import alert_rows
from monitor.store.measurements import read_measurements
from monitor.watch import Monitor
from monitor.wiring import opened

START, DAY, A_DAY, POSITIVES = datetime(2024, 1, 1, tzinfo=UTC), timedelta(days=1), 120, 6
CONFIG = """
database: sqlite:///monitor.db
models:
  frauds:
    source: {files: "logs.parquet"}
    reference: {files: reference.parquet}
    columns: {timestamp: at, scores: p, label: fraud}
    window: 1d
"""


def days(seed: int, count: int, *, start: datetime, blind: int | None = None) -> pa.Table:
    """Give scores that tell six positives of 120 rows a day, until from one day on they do not."""
    rng = np.random.default_rng(seed)
    label = np.tile(np.arange(A_DAY) < POSITIVES, count)
    known = np.arange(label.size) < A_DAY * (count if blind is None else blind)
    score = 1 / (1 + np.exp(3.5 - 2.5 * (label & known) - rng.normal(size=label.size)))
    at = [start + n // A_DAY * DAY + n % A_DAY * timedelta(minutes=11) for n in range(label.size)]
    return pa.table({"at": at, "p": score, "fraud": label.astype(int)})


def watched(folder: Path, rows: Sequence[pa.Table]) -> Monitor:
    pq.write_table(days(1, 60, start=START - 90 * DAY), folder / "reference.parquet")
    pq.write_table(pa.concat_tables(rows), folder / "logs.parquet")
    monitor = opened(load(CONFIG, place="monitor.yaml", environ={}, read=str), root=folder)
    once(monitor, clock=lambda: START + 400 * DAY, rng=Random(1))
    return monitor


def test_days_of_few_positives_are_judged_together_so_that_a_fall_is_told(tmp_path: Path) -> None:
    monitor = watched(tmp_path, [days(2, 24, start=START, blind=12)])
    config = load(CONFIG, place="monitor.yaml", environ={}, read=str).models["frauds"]
    with monitor.database.read() as connection:
        found = [m for m in read_measurements(connection, detector="roc_auc") if not m["segment"]]
        (told,) = [a for a in alert_rows(connection, model="frauds") if a["detector"] == "roc_auc" and a["fired_at"]]
        doctor = [why for what, why in weaknesses(connection, "frauds", config) if what == "blind"]
    judged = [(m["window_end"] - START) / DAY for m in found if m["p_value"] is not None]
    assert judged == [2.0 * k for k in range(1, 12)]
    assert {m["n"] for m in found if m["p_value"] is not None} == {2 * A_DAY}
    assert {m["outcome"] for m in found if m["p_value"] is None} == {"insufficient"}
    assert START + 12 * DAY < datetime.fromisoformat(told["fired_at"]) <= START + 16 * DAY
    assert any(
        why.startswith("judged in few windows only, roc_auc in 11 of 23: the others hold fewer") for why in doctor
    )
    monitor.database.close()
