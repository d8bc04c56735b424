"""A score that is calibrated otherwise overnight, through the whole loop: the model changed, and not the world."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from scipy.special import expit

from monitor.config import load
from monitor.pipeline import once
from monitor.store.alerts import alert_rows
from monitor.wiring import opened

START, DAY, A_DAY = datetime(2024, 1, 1, tzinfo=UTC), timedelta(days=1), 400
CONFIG = """
database: sqlite:///monitor.db
models:
  loans:
    source: {files: "logs.parquet"}
    reference: {files: reference.parquet}
    columns: {timestamp: at, scores: p, label: y}
    window: 1d
    for: 2
"""


def days(seed: int, first: int, count: int, *, steeper: float = 1.0, hidden: float = 0.0) -> pa.Table:
    """Give rows of some days; `steeper` multiplies the score's logits, `hidden` moves what only the model reads."""
    rng, size = np.random.default_rng(seed), count * A_DAY
    age, debt, unlogged = rng.normal(0, 1, (3, size))
    logits = 0.9 * age - 0.6 * debt + 0.8 * (unlogged + hidden) - 0.4
    at = [START + (first + n // A_DAY) * DAY + timedelta(seconds=200 * (n % A_DAY)) for n in range(size)]
    labels = (rng.random(size) < expit(logits)).astype(int)
    return pa.table({"at": at, "age": age, "debt": debt, "p": expit(steeper * logits), "y": labels})


def alarms(folder: Path, changed: pa.Table) -> list[dict[str, Any]]:
    """Give the alerts that fired, where five days like the reference's are followed by changed ones."""
    pq.write_table(days(1, -20, 20), folder / "reference.parquet")
    pq.write_table(pa.concat_tables([days(2, 0, 5), changed]), folder / "logs.parquet")
    monitor = opened(load(CONFIG, place="monitor.yaml", environ={}, read=str), root=folder)
    once(monitor, clock=lambda: START + 40 * DAY, rng=Random(1))
    with monitor.database.read() as connection:
        found = [dict(row) for row in alert_rows(connection, model="loans") if row["fired_at"]]
    monitor.database.close()
    return found


@pytest.fixture(scope="module")
def steeper(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    return alarms(tmp_path_factory.mktemp("steeper"), days(3, 5, 4, steeper=1.8))


@pytest.mark.parametrize("kind", ["drift.prediction", "drift.concept"])
def test_a_score_that_changed_by_itself_is_another_model(steeper: list[dict[str, Any]], kind: str) -> None:
    alert = next(one for one in steeper if one["kind"] == kind)
    assert alert["origin"] == "model_change"
    assert alert["evidence"]["origin"]["answers"] == ["p"]


def test_an_alert_says_what_a_column_is_that_is_no_feature(steeper: list[dict[str, Any]]) -> None:
    roles = {one["column"]: one["evidence"].get("role") for one in steeper}
    assert roles["p"] == "score"


def test_where_the_labels_follow_the_score_the_world_moved(tmp_path: Path) -> None:
    found = alarms(tmp_path, days(3, 5, 4, hidden=1.5))
    assert any(one["kind"] == "drift.prediction" for one in found)
    assert not [one for one in found if "answers" in one["evidence"].get("origin", {})]
