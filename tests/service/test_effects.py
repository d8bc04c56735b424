"""An effect that chance makes is none, from files to alerts."""

import json
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

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
DAYS, MOVED_FROM, ROWS = 10, 7, 1_500
TOWNS = np.array([f"town {i}" for i in range(25)])


def rows(seed: int, days: int, *, start: datetime, moved_from: int | None = None) -> pa.Table:
    rng = np.random.default_rng(seed)
    day = np.repeat(np.arange(days), ROWS)
    town = TOWNS[rng.integers(TOWNS.size, size=day.size)]
    if moved_from is not None:
        town[(day >= moved_from) & (rng.random(day.size) < 0.1)] = TOWNS[0]
    at = [start + timedelta(minutes=86_400 / ROWS * i / 60) for i in range(day.size)]
    return pa.table({"at": at, "town": town, "spent": rng.lognormal(size=day.size)})


def monitor(folder: Path, *arguments: str) -> str:
    command = [sys.executable, "-m", "monitor", *arguments]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, timeout=120)  # noqa: S603  # ours
    assert done.returncode in (0, 1), done.stderr  # 1 says that something was found
    return done.stdout


def test_effects_are_what_chance_does_not_make_and_alarm_only_where_rows_moved(tmp_path: Path) -> None:
    (tmp_path / "logs").mkdir()
    (tmp_path / "monitor.yaml").write_text(CONFIG)
    pq.write_table(rows(1, 12, start=START - timedelta(days=30)), tmp_path / "reference.parquet")
    pq.write_table(rows(2, DAYS, start=START, moved_from=MOVED_FROM), tmp_path / "logs" / "a.parquet")
    monitor(tmp_path, "once", "monitor.yaml")
    effects = {name: effects_of(tmp_path, name) for name in ("chi_square", "jensen_shannon_distance")}
    calm, moved = (effects["chi_square"][chosen] for chosen in (slice(MOVED_FROM), slice(MOVED_FROM, None)))
    # twenty-five towns lie a small effect apart by chance alone
    assert min(effects["jensen_shannon_distance"][:MOVED_FROM]) > 0.03
    assert max(calm) < 0.04 < min(moved)
    told = [json.loads(line) for line in monitor(tmp_path, "alerts", "monitor.yaml", "--json").splitlines()]
    assert ("town", "chi_square") in {(one["column"], one["detector"]) for one in told}


def effects_of(folder: Path, detector: str) -> list[float]:
    said = monitor(folder, "measurements", "monitor.yaml", "--detector", detector, "--json").splitlines()
    found = sorted((one["window_end"], one["effect"]) for one in map(json.loads, said) if one["column"] == "town")
    return [effect for _, effect in found]
