"""Estimates before labels come, and what is said while these come in: the loop on files, as a user runs it."""

import json
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.commanding import monitor

START, DAY, A_DAY = datetime(2024, 1, 1, tzinfo=UTC), timedelta(days=1), 400
CONFIG = """
database: sqlite:///monitor.db
models:
  fares:
    source: {{files: "logs/*"}}
    {labels}
    reference: {{files: reference.parquet}}
    columns: {{timestamp: at, id: id, prediction: predicted, scores: p, label: late}}
    window: 1d
receivers:
  file: {{log: alerts.jsonl}}
"""
LATE = 'labels: {files: "labels/*", max_delay: 3d}'


def made(seed: int, days: int, *, start: datetime = START, unsure: int = 999) -> pa.Table:
    """Give scores that hold what they promise; from day `unsure` on they promise little."""
    rng, size = np.random.default_rng(seed), days * A_DAY
    day = np.repeat(np.arange(days), A_DAY)
    p = 1 / (1 + np.exp(-rng.normal(0, np.where(day < unsure, 2.0, 0.6))))
    seconds = np.tile(np.linspace(60, 86_000, A_DAY), days).astype(int)
    return pa.table(
        {
            "at": pa.array(
                [start + int(d) * DAY + timedelta(seconds=int(s)) for d, s in zip(day, seconds, strict=True)]
            ),
            "id": [f"{seed}-{number}" for number in range(size)],
            "p": p,
            "predicted": (p > 0.5).astype(int),
            "late": (rng.random(size) < p).astype(int),
        }
    )


@pytest.fixture
def home(tmp_path: Path) -> Path:
    pq.write_table(made(1, 30, start=START - 60 * DAY), tmp_path / "reference.parquet")
    for folder in ("logs", "labels"):
        (tmp_path / folder).mkdir()
    return tmp_path


def measured(home: Path, detector: str) -> dict[str, dict[str, object]]:
    rows = map(json.loads, monitor(home, "measurements", "monitor.yaml", "--json").stdout.splitlines())
    return {row["window_end"][:10]: row for row in rows if row["detector"] == detector and not row["segment"]}


def test_a_fall_is_told_before_any_label_comes_and_early_labels_tell_nothing(home: Path) -> None:
    (home / "monitor.yaml").write_text(CONFIG.format(labels=LATE))
    rows = made(2, 12, unsure=8)
    pq.write_table(rows.drop_columns(["late"]), home / "logs" / "rows.parquet")
    # of the newest days only those labels are known that came out positive
    early = rows.slice(9 * A_DAY)
    early = early.filter(pa.array(early["late"].to_numpy() == 1))
    known = pa.concat_tables([rows.slice(0, 6 * A_DAY), early])
    pq.write_table(known.select(["id", "late"]), home / "labels" / "known.parquet")
    monitor(home, "once", "monitor.yaml")
    told = [json.loads(line) for line in (home / "alerts.jsonl").read_text().splitlines()]
    kinds = [alert["detector"] for notice in told for alert in notice["alerts"] if alert["kind"].startswith("perf")]
    assert kinds == ["estimated_roc_auc"]
    expected = measured(home, "estimated_roc_auc")
    assert all(row["value"] is not None for row in expected.values())
    assert expected["2024-01-08"]["value"] - expected["2024-01-11"]["value"] > 0.1
    for detector in ("accuracy", "log_loss"):
        real = measured(home, detector)
        assert real["2024-01-05"]["value"] is not None
        assert real["2024-01-12"]["value"] is None
        assert re.search(
            r"not matured: more may come until 2024-\d\d-\d\d 00:00, .* no fair sample", real["2024-01-12"]["note"]
        )


def test_with_labels_in_the_records_estimates_are_shown_and_raise_nothing(home: Path) -> None:
    (home / "monitor.yaml").write_text(CONFIG.format(labels=""))
    pq.write_table(made(2, 12, unsure=8), home / "logs" / "rows.parquet")
    monitor(home, "once", "monitor.yaml")
    assert {row["outcome"] for row in measured(home, "estimated_roc_auc").values()} == {""}
    assert "estimated" not in (home / "alerts.jsonl").read_text()
