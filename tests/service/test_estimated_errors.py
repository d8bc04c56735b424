"""A regression's errors before labels come: the loop on files, as a user runs it."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from tests.commanding import monitor

START, DAY, A_DAY = datetime(2024, 1, 1, tzinfo=UTC), timedelta(days=1), 200
CONFIG = """
database: sqlite:///monitor.db
models:
  fares:
    source: {files: "logs/*"}
    labels: {files: "labels/*", max_delay: 1d}
    reference: {files: reference.parquet}
    columns: {timestamp: at, id: id, prediction: said, label: fare}
    window: 1d
"""


def made(seed: int, days: int, *, start: datetime, far: int = 999) -> pa.Table:
    """Give rides whose fares are the harder to tell the further they go; from day `far` on all go far."""
    rng, size = np.random.default_rng(seed), days * A_DAY
    day = np.repeat(np.arange(days), A_DAY)
    miles = rng.uniform(np.where(day < far, 1, 8), 10)
    said = 3 * miles + rng.normal(size=size)
    at = [start + int(d) * DAY + timedelta(minutes=i % A_DAY) for i, d in enumerate(day)]
    fare = said + 0.5 * miles * rng.normal(size=size)
    ids = [f"{seed}-{number}" for number in range(size)]
    return pa.table({"at": pa.array(at), "id": ids, "miles": miles, "said": said, "fare": fare})


def said(home: Path, *command: str) -> str:
    done = monitor(home, *command)
    assert done.returncode in (0, 1), done.stderr
    return done.stdout


def test_an_error_is_estimated_before_labels_and_stands_beside_the_one_that_comes(tmp_path: Path) -> None:
    (tmp_path / "logs").mkdir()
    (tmp_path / "labels").mkdir()
    (tmp_path / "monitor.yaml").write_text(CONFIG)
    pq.write_table(made(1, 40, start=START - 60 * DAY), tmp_path / "reference.parquet")
    window = made(2, 6, start=START, far=3)
    pq.write_table(window.drop_columns("fare"), tmp_path / "logs" / "a.parquet")
    pq.write_table(window.select(["id", "fare"]).slice(0, 5 * A_DAY), tmp_path / "labels" / "a.parquet")
    said(tmp_path, "once", "monitor.yaml")
    lines = said(tmp_path, "measurements", "monitor.yaml", "--detector", "estimated_mean_absolute_error", "--json")
    found = [json.loads(line) for line in lines.splitlines()]
    usual, far = found[0], found[4]
    assert far["value"] > 1.4 * usual["value"]
    assert far["p_value"] < 1e-6
    (alert,) = [
        one
        for one in map(json.loads, said(tmp_path, "alerts", "monitor.yaml", "--json").splitlines())
        if one["kind"] == "performance.estimated"
    ]
    assert (alert["detector"], alert["since"][:10]) == ("estimated_mean_absolute_error", "2024-01-04")
    real = np.abs(np.asarray(window["said"]) - np.asarray(window["fare"])).reshape(6, A_DAY).mean(axis=1)
    assert abs(far["value"] / real[4] - 1) < 0.15
    assert usual["low"] < real[0] < usual["high"]
    said(tmp_path, "dashboard", "monitor.yaml", "-o", "pages")
    page = next(p.read_text() for p in (tmp_path / "pages").rglob("*fares*.html"))
    assert "mean absolute error: estimates were off by" in page
    assert "root mean squared error: estimates were off by" in page
