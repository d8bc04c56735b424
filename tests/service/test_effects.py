"""An effect that chance makes is none, from files to alerts."""

import sqlite3
from contextlib import closing
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
EFFECTS = "SELECT effect FROM measurement WHERE \"column\" = 'town' AND detector = ? ORDER BY window_end"
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


def test_effects_are_what_chance_does_not_make_and_alarm_only_where_rows_moved(tmp_path: Path) -> None:
    (tmp_path / "logs").mkdir()
    (tmp_path / "monitor.yaml").write_text(CONFIG)
    pq.write_table(rows(1, 12, start=START - timedelta(days=30)), tmp_path / "reference.parquet")
    pq.write_table(rows(2, DAYS, start=START, moved_from=MOVED_FROM), tmp_path / "logs" / "a.parquet")
    done = monitor(tmp_path, "once", "monitor.yaml")
    assert done.returncode == 0, done.stderr
    with closing(sqlite3.connect(tmp_path / "monitor.db")) as database:
        plain, beyond = (
            [effect for (effect,) in database.execute(EFFECTS, (detector,))]
            for detector in ("jensen_shannon_distance", "chi_square")
        )
        told = database.execute('SELECT "column", detector FROM alert WHERE fired_at IS NOT NULL').fetchall()
    # twenty-five towns lie a small effect apart by chance alone
    assert min(plain[:MOVED_FROM]) > 0.03
    assert max(beyond[:MOVED_FROM]) < 0.04 < min(beyond[MOVED_FROM:])
    assert ("town", "chi_square") in told
