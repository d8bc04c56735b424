"""`monitor explain`, as people drive it, on days that differ from the reference in one way each."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.commanding import Done, monitor

A_DAY = 300
START = datetime(2024, 1, 1, tzinfo=UTC)
CONFIG = """
database: sqlite:///monitor.db
models:
  fares:
    source: {files: logs.parquet}
    reference: {files: reference.parquet}
    columns: {timestamp: at, scores: p, kinds: {remark: text}}
    window: 1d
  learned:
    source: {files: long.parquet}
    columns: {timestamp: at, scores: p, kinds: {remark: text}}
    window: 1d
receivers:
  file: {log: alerts.jsonl}
routes:
  - {to: [file]}
"""


def day(seed: int, number: int, *, by: float = 0.6, rows: int = A_DAY) -> pa.Table:
    """Give a day of rows whose age and fare go together by a correlation; a tenth of the ages is missing."""
    rng = np.random.default_rng(seed)
    age = rng.normal(size=rows)
    fare = by * age + np.sqrt(1 - by**2) * rng.normal(size=rows)
    times = [START + timedelta(days=number, seconds=200 * i) for i in range(rows)]
    return pa.table(
        {
            "at": pa.array(times, pa.timestamp("us", "UTC")),
            "age": pa.array(np.where(rng.random(rows) < 0.1, np.nan, age), from_pandas=True),
            "fare\x1b[2J": fare,
            "carrier": rng.choice(["UA", "B6", "DL"], rows),
            "remark": rng.choice(["on time", "a bit late"], rows),
            "p": rng.random(rows),
        }
    )


def explained(folder: Path, *words: str) -> Done:
    return monitor(folder, "explain", "monitor.yaml", *words)


@pytest.fixture(scope="module")
def judged(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("explained")
    pq.write_table(pa.concat_tables([day(s, s - 30) for s in range(6)]), folder / "reference.parquet")
    pq.write_table(pa.concat_tables([day(50 + s, s, rows=120) for s in range(12)]), folder / "long.parquet")
    flipped, few = day(12, 1, by=-0.6), day(13, 2, rows=20)
    pq.write_table(pa.concat_tables([day(11, 0), flipped, few, day(14, 3)]), folder / "logs.parquet")
    (folder / "monitor.yaml").write_text(CONFIG, encoding="utf-8")
    done = monitor(folder, "once", "monitor.yaml")
    assert done.returncode == 0, done.stderr
    return folder


def test_a_flipped_correlation_is_told_with_its_two_columns(judged: Path) -> None:
    done = explained(judged, "fares", "--window", "2024-01-02")
    assert done.returncode == 1, done.stderr
    said = done.stdout.splitlines()
    assert said[0] == "fares, 2024-01-02 00:00 to 2024-01-03 00:00: 300 rows against 1800 of the reference"
    assert said[1].startswith("they are told apart: AUC 0.")
    assert {line.split("  ")[0] for line in said[3:5]} == {"age", "fare\N{REPLACEMENT CHARACTER}[2J"}
    assert "mean " in said[3]
    assert done.stderr == "left out, being texts or vectors: remark\n"


def test_a_day_like_the_reference_is_no_finding(judged: Path) -> None:
    done = explained(judged, "fares", "--window", "2024-01-01", "--json")
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert 0.4 < found["auc"] < 0.6
    assert found["p_value"] > 0.01
    assert (found["n"], found["reference_n"], found["left_out"]) == (300, 1800, ["remark"])
    assert {row["column"] for row in found["columns"]} == {"age", "fare\x1b[2J", "carrier"}


def test_a_learned_reference_is_its_first_records(judged: Path) -> None:
    done = explained(judged, "learned", "--window", "2024-01-12", "--json")
    assert done.returncode in {0, 1}, done.stderr
    found = json.loads(done.stdout)
    assert (found["n"], found["reference_n"]) == (120, 1200)


@pytest.mark.parametrize(
    ("window", "told"),
    [
        ("2024-01-03", "20 rows in the window and 1800 in the reference; 25 on each side are needed"),
        ("2025-01-01", "no records of the window 2025-01-01 00:00 to 2025-01-02 00:00 are kept"),
    ],
)
def test_what_cannot_be_explained_is_said(judged: Path, window: str, told: str) -> None:
    done = explained(judged, "fares", "--window", window)
    assert told in done.stderr
    assert "Traceback" not in done.stderr
    assert done.returncode == 1


def test_a_model_is_named_where_there_are_several_and_need_not_be_where_there_is_one(judged: Path) -> None:
    done = explained(judged)
    assert done.returncode == 2
    assert "monitor.yaml: there are 2 models; name one of fares, learned" in done.stderr
    alone = CONFIG[: CONFIG.index("  learned:")] + CONFIG[CONFIG.index("receivers:") :]
    (judged / "one.yaml").write_text(alone)
    assert "fares: 20 rows in the window" in monitor(judged, "explain", "one.yaml").stderr


def test_an_alert_is_no_model_and_what_to_name_is_said(judged: Path) -> None:
    done = explained(judged, "516839251677-1")
    assert done.returncode == 2
    assert "'516839251677-1' is an alert, and a window is explained; name its model, and after --window" in done.stderr
