"""Other rows than the reference's, before their labels come: the loop on files, as a user runs it."""

import json
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

START, A_DAY = datetime(2024, 3, 1, tzinfo=UTC), 600
CONFIG = """
database: sqlite:///monitor.db
models:
  loans:
    source: {files: "logs/*"}
    labels: {files: "labels/*", max_delay: 3d}
    reference: {files: reference.parquet}
    columns: {timestamp: at, id: id, scores: p, label: paid}
    window: 1d
receivers:
  file: {log: alerts.jsonl}
"""


def made(days: int, *, first: int, shift: float = 0.0) -> pa.Table:
    """Give scores that know nothing of age, by which people pay less often."""
    rng, n = np.random.default_rng(100 + first), days * A_DAY
    age, z = rng.normal(shift, 1, n), rng.normal(0.2, 1.5, n)
    paid = rng.random(n) < 1 / (1 + np.exp(age - z))
    at = [START + timedelta(days=first, seconds=int(s)) for s in np.linspace(1, days * 86_400 - 1, n)]
    columns = {"at": at, "id": [f"{first}-{i}" for i in range(n)], "age": age, "p": 1 / (1 + np.exp(-z))}
    return pa.table({**columns, "paid": paid.astype(int)})


def test_a_fall_that_only_the_rows_explain_is_estimated_before_labels_come(tmp_path: Path) -> None:
    (tmp_path / "monitor.yaml").write_text(CONFIG)
    pq.write_table(made(20, first=-30), tmp_path / "reference.parquet")
    for folder in ("logs", "labels"):
        (tmp_path / folder).mkdir()
    rows = pa.concat_tables([made(2, first=0), made(2, first=2, shift=1.3)])
    pq.write_table(rows.drop_columns(["paid"]), tmp_path / "logs" / "rows.parquet")
    command = [sys.executable, "-m", "monitor"]
    subprocess.run([*command, "once", "monitor.yaml"], cwd=tmp_path, capture_output=True, check=False)  # noqa: S603  # ours
    said = subprocess.run(  # noqa: S603  # ours
        [*command, "measurements", "monitor.yaml", "--detector", "estimated_precision", "--json"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    ).stdout
    # the last day is not over yet
    values = [row["value"] for row in map(json.loads, said.splitlines()) if not row["segment"]]
    decided = rows["p"].to_numpy() >= 0.5
    real = [rows["paid"].to_numpy()[i : i + A_DAY][decided[i : i + A_DAY]].mean() for i in range(0, 3 * A_DAY, A_DAY)]
    assert real[0] - real[2] > 0.15
    assert np.allclose(sorted(values), sorted(real), atol=0.08)
