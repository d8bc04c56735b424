"""Other rows than the reference's, before their labels come: the loop on files, as a user runs it."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from tests.commanding import monitor

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
CLASSES = np.array(["cat", "dog", "hen"])
SEVERAL = """
database: sqlite:///monitor.db
models:
  pets:
    source: {files: "logs/*"}
    labels: {files: "labels/*", max_delay: 3d}
    reference: {files: reference.parquet}
    columns: {timestamp: at, id: id, prediction: said, scores: {cat: cat, dog: dog, hen: hen}, label: pet}
    window: 1d
"""


def made(days: int, *, first: int, shift: float = 0.0) -> pa.Table:
    """Give scores that know nothing of age, by which people pay less often."""
    rng, n = np.random.default_rng(100 + first), days * A_DAY
    age, z = rng.normal(shift, 1, n), rng.normal(0.2, 1.5, n)
    paid = rng.random(n) < 1 / (1 + np.exp(age - z))
    at = [START + timedelta(days=first, seconds=int(s)) for s in np.linspace(1, days * 86_400 - 1, n)]
    columns = {"at": at, "id": [f"{first}-{i}" for i in range(n)], "age": age, "p": 1 / (1 + np.exp(-z))}
    return pa.table({**columns, "paid": paid.astype(int)})


def pets(days: int, *, first: int, dark: float = 0.0) -> pa.Table:
    """Give scores that are too sure of pets in the dark."""
    rng, n = np.random.default_rng(200 + first), days * A_DAY
    light, z = rng.normal(-dark, 1, n), rng.normal(0, 1.5, (n, 3))
    true = np.exp(z * np.exp(0.6 * light)[:, None])
    was = (rng.random((n, 1)) * true.sum(axis=1)[:, None] > true.cumsum(axis=1)[:, :-1]).sum(axis=1)
    scores = np.exp(z) / np.exp(z).sum(axis=1)[:, None]
    at = [START + timedelta(days=first, seconds=int(s)) for s in np.linspace(1, days * 86_400 - 1, n)]
    columns = {"at": at, "id": [f"{first}-{i}" for i in range(n)], "light": light}
    named = dict(zip(CLASSES.tolist(), scores.T, strict=True))
    return pa.table({**columns, **named, "said": CLASSES[z.argmax(axis=1)], "pet": CLASSES[was]})


def estimates(
    home: Path, config: str, reference: pa.Table, rows: pa.Table, detector: str, *, key: str = "value"
) -> list[Any]:
    """Run the loop on rows without labels, and give what it estimates of each day that is over."""
    (home / "monitor.yaml").write_text(config)
    pq.write_table(reference, home / "reference.parquet")
    for folder in ("logs", "labels"):
        (home / folder).mkdir()
    pq.write_table(rows, home / "logs" / "rows.parquet")
    monitor(home, "once", "monitor.yaml")
    said = monitor(home, "measurements", "monitor.yaml", "--detector", detector, "--json").stdout
    return [row[key] for row in map(json.loads, said.splitlines()) if not row["segment"]]


def test_a_fall_that_only_the_rows_explain_is_estimated_before_labels_come(tmp_path: Path) -> None:
    rows = pa.concat_tables([made(2, first=0), made(2, first=2, shift=1.3)])
    values = estimates(tmp_path, CONFIG, made(20, first=-30), rows.drop_columns(["paid"]), "estimated_precision")
    decided = rows["p"].to_numpy() >= 0.5
    # the last day is not over yet
    real = [rows["paid"].to_numpy()[i : i + A_DAY][decided[i : i + A_DAY]].mean() for i in range(0, 3 * A_DAY, A_DAY)]
    assert real[0] - real[2] > 0.15
    assert np.allclose(sorted(values), sorted(real), atol=0.08)


def test_a_fall_of_several_classes_is_estimated_before_labels_come(tmp_path: Path) -> None:
    rows = pa.concat_tables([pets(2, first=0), pets(2, first=2, dark=1.8)])
    values = estimates(tmp_path, SEVERAL, pets(20, first=-30), rows.drop_columns(["pet"]), "estimated_accuracy")
    right = np.asarray(rows["said"]) == np.asarray(rows["pet"])
    real = right.reshape(4, A_DAY).mean(axis=1)[:3]
    assert real[0] - real[2] > 0.1
    assert np.allclose(sorted(values), sorted(real), atol=0.06)


def test_nothing_is_estimated_of_rows_with_a_broken_feature(tmp_path: Path) -> None:
    rows = made(4, first=0)
    age = rows["age"].to_numpy().copy()
    age[A_DAY : 2 * A_DAY] = 0.0
    age[2 * A_DAY : 3 * A_DAY : 2] = np.nan
    rows = rows.set_column(rows.column_names.index("age"), "age", pa.array(age, from_pandas=True))
    found = estimates(
        tmp_path, CONFIG, made(20, first=-30), rows.drop_columns(["paid"]), "estimated_accuracy", key="note"
    )
    assert sorted(found, key=str) == [
        "",
        "not known: age is broken in 50% of the rows",
        "not known: age is broken in 99% of the rows",
    ]


def test_a_window_that_holds_one_month_is_not_broken(tmp_path: Path) -> None:
    reference, rows = made(60, first=-60), made(3, first=0)
    reference, rows = (
        one.append_column("month", pa.array([float(at.month) for at in one["at"].to_pylist()]))
        for one in (reference, rows)
    )
    assert (
        estimates(tmp_path, CONFIG, reference, rows.drop_columns(["paid"]), "estimated_accuracy", key="note")
        == [""] * 2
    )
