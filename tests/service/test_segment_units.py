"""A unit that changes in one country is told as that, though all features together creep with a season."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from monitor.config import load
from monitor.pipeline import once
from monitor.store.alerts import alert_rows
from monitor.wiring import opened

START, DAY, A_DAY, DAYS, AT = datetime(2024, 3, 4, tzinfo=UTC), timedelta(days=1), 900, 24, 16
CONFIG = """
database: sqlite:///monitor.db
models:
  m:
    source: {files: "logs/*"}
    reference: {files: reference.parquet}
    columns: {timestamp: at, prediction: eta, segments: [country]}
    window: 1d
    attacks: off
"""


def orders(first: int, days: int) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(first + 100)
    day = np.repeat(np.arange(first, first + days), A_DAY)
    warm = 10 + np.maximum(day, 0) * 0.25 + 3 * np.sin(day)
    return {
        "day": day,
        "country": rng.choice(["FR", "DE", "UK"], day.size, p=[0.5, 0.35, 0.15]),
        "distance": rng.gamma(2.5, 2.0, day.size),
        "warmth": rng.normal(warm, 1.0),
        "noise": rng.normal(0, 2, day.size),
    }


def logged(rows: dict[str, np.ndarray]) -> pa.Table:
    times = [START + int(d) * DAY + timedelta(seconds=90 * (i % A_DAY)) for i, d in enumerate(rows["day"])]
    eta = 10 + 3 * rows["distance"] + rows["noise"]
    named = {name: rows[name] for name in ("country", "distance", "warmth", "rotor", "power") if name in rows}
    return pa.table({"at": pa.array(times, pa.timestamp("us", "UTC")), **named, "eta": eta})


def watched(
    log: dict[str, np.ndarray], folder: Path, *, reference: dict[str, np.ndarray] | None = None
) -> list[Mapping[str, Any]]:
    """Give what was told of a log beside forty days before it."""
    (folder / "logs").mkdir()
    pq.write_table(logged(reference or orders(-40, 40)), folder / "reference.parquet")
    pq.write_table(logged(log), folder / "logs" / "log.parquet")
    monitor = opened(load(CONFIG, place="monitor.yaml", environ={}, read=str), root=folder)
    once(monitor, clock=lambda: START + 90 * DAY, rng=Random(1))
    with monitor.database.read() as connection:
        rows = [one for one in alert_rows(connection) if one["fired_at"]]
    monitor.database.close()
    return rows


def test_another_unit_in_one_country_is_the_reason_of_what_its_rows_show(tmp_path: Path) -> None:
    log = orders(0, DAYS)
    log["distance"] = np.where((log["country"] == "UK") & (log["day"] >= AT), 0.6214 * log["distance"], log["distance"])
    rows = watched(log, tmp_path)
    began = START + AT * DAY
    told = {(row["column"], row["segment"]): row for row in rows if row["since"] == f"{began:%Y-%m-%dT00:00:00Z}"}
    for place in (("distance", "country=UK"), ("eta", "country=UK"), ("distance", "")):
        assert told[place]["origin"] == "data_quality"
        assert "distance in country=UK" in told[place]["evidence"]["origin"]["for"][0]
        assert "as miles are of kilometres" in told[place]["evidence"]["origin"]["for"][0]
    crept = [row for row in rows if row["detector"] == "lasting_drift" or row["column"] == "warmth"]
    assert "temporal" in {row["origin"] for row in crept}


def test_values_of_one_country_beyond_the_range_are_told_with_the_unit_in_which_they_may_be(tmp_path: Path) -> None:
    log = orders(0, DAYS)
    abroad = (log["country"] == "UK") & (log["day"] >= AT)
    log["distance"] = np.where(abroad, 100 * log["distance"], log["distance"])
    (told,) = [
        row
        for row in watched(log, tmp_path)
        if (row["detector"], row["column"], row["segment"]) == ("out_of_range_share", "distance", "")
    ]
    assert ", perhaps as centimetres are of metres, or hundredths of wholes in country=UK" in told["text"]


def test_several_features_that_leave_together_are_in_no_other_unit(tmp_path: Path) -> None:
    """In a calm the wind, and all that it drives, comes to less at once."""
    log, reference = orders(0, DAYS), orders(-40, 40)
    for rows, seed in ((log, 5), (reference, 6)):
        rng = np.random.default_rng(seed)
        for name in ("rotor", "power"):
            rows[name] = rows["distance"] * rng.normal(2, 0.2, rows["day"].size)
    calm = (log["country"] == "UK") & (log["day"] >= AT)
    for name in ("distance", "rotor", "power"):
        log[name] = np.where(calm, 0.6214 * log[name], log[name])
    rows = watched(log, tmp_path, reference=reference)
    assert {row["column"] for row in rows if row["segment"] == "country=UK"} >= {"distance", "rotor", "power"}
    assert not [row for row in rows if "another unit" in str(row["evidence"].get("origin", {}).get("for", ""))]
