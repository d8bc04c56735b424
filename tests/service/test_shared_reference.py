"""All windows share one reference: where it holds few rows of a column, the breaches of windows go together."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from tests.commanding import monitor

START = datetime(2024, 1, 1, tzinfo=UTC)
CONFIG = """
database: sqlite:///monitor.db
models:
  orders:
    source: {files: "logs/*.parquet"}
    reference: {files: reference.parquet}
    columns: {timestamp: at}
    window: 1d
    attacks: off
"""
ROWS = 1_000


def rows(seed: int, days: int, *, start: datetime, lacking: float = 0.0) -> pa.Table:
    rng = np.random.default_rng(seed)
    at = [start + timedelta(days=i / ROWS) for i in range(days * ROWS)]
    weight, spent, age = rng.normal(size=(3, len(at)))
    held = [None if absent else value for absent, value in zip(rng.random(len(at)) < lacking, weight, strict=True)]
    return pa.table({"at": at, "weight": pa.array(held, pa.float64()), "spent": np.exp(spent), "age": age - spent})


def test_a_column_of_which_the_reference_holds_fewer_rows_must_be_surer(tmp_path: Path) -> None:
    (tmp_path / "logs").mkdir()
    (tmp_path / "monitor.yaml").write_text(CONFIG)
    pq.write_table(rows(1, 4, start=START - timedelta(days=10), lacking=0.6), tmp_path / "reference.parquet")
    pq.write_table(rows(2, 2, start=START), tmp_path / "logs" / "a.parquet")
    said(tmp_path, "once", "monitor.yaml")
    listed = said(tmp_path, "measurements", "monitor.yaml", "--detector", "smooth_test", "--json")
    found = [json.loads(line) for line in listed.splitlines()]
    alphas = {one["column"]: one["alpha"] for one in found}
    # half of the reference's rows are learned from to tell what is strange
    assert alphas["weight"] < alphas["spent"]
    assert alphas["anomaly(features)"] < alphas["spent"]


def said(folder: Path, *words: str) -> str:
    done = monitor(folder, *words)
    assert done.returncode == 0, done.stderr
    return done.stdout
