"""A client whose vectors are all a little too long breaks a column; one that searches with such is an attacker."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from monitor.alerts.taxonomy import is_attack
from monitor.config import load
from monitor.pipeline import once
from monitor.store.alerts import alert_rows
from monitor.wiring import opened

START, DAY, A_DAY, CLIENTS, SIZE = datetime(2024, 1, 1, tzinfo=UTC), timedelta(days=1), 600, 30, 16
CONFIG = """
database: sqlite:///monitor.db
models:
  intents:
    source: {files: "logs.parquet"}
    reference: {files: reference.parquet}
    columns: {timestamp: at, id: id, client: who, prediction: answer, kinds: {place: vector}}
    window: 1d
"""
TOPICS = np.random.default_rng(7).normal(size=(4, SIZE))
TOO_LONG = 1.002


def unit(places: np.ndarray) -> np.ndarray:
    return places / np.linalg.norm(places, axis=-1, keepdims=True)


def of_topics(rng: np.random.Generator, rows: int) -> np.ndarray:
    return unit(TOPICS[rng.integers(4, size=rows)] * 0.8 + rng.normal(size=(rows, SIZE)) * 0.7)


def search(rng: np.random.Generator, rows: int) -> np.ndarray:
    """Give steps to all sides from a place on the boundary between two topics."""
    first, second = unit(TOPICS[:2])
    near = unit(first + (second - first) * 0.5)
    return unit(near + rng.normal(size=(rows, SIZE)) * 0.01)


def rows_of(places: np.ndarray, who: list[str], start: datetime, name: str) -> pa.Table:
    at = [start + n * DAY / A_DAY for n in range(len(places))]
    answer = [f"topic {k}" for k in (places @ unit(TOPICS).T).argmax(axis=1)]
    columns: dict[str, Any] = {"at": at, "id": [f"{name}{n}" for n in range(len(places))], "who": who}
    return pa.table(columns | {"place": list(np.round(places, 6)), "answer": answer})


@pytest.mark.parametrize(("sent", "accused"), [(of_topics, set()), (search, {("attack_like", "critical")})])
def test_a_length_that_is_off_explains_odd_rows_and_no_search(
    tmp_path: Path,
    sent: Any,  # noqa: ANN401  # what makes rows
    accused: set[tuple[str, str]],
) -> None:
    rng = np.random.default_rng(3)
    held, logged = (of_topics(rng, days * A_DAY) for days in (10, 2))
    names = [f"client {n}" for n in range(CLIENTS)]
    pq.write_table(
        rows_of(held, rng.choice(names, len(held)).tolist(), START - 10 * DAY, "r"), tmp_path / "reference.parquet"
    )
    theirs = rows_of(sent(rng, 200) * TOO_LONG, ["other"] * 200, START + DAY, "o")
    log = pa.concat_tables([rows_of(logged, rng.choice(names, len(logged)).tolist(), START, "l"), theirs])
    pq.write_table(log.sort_by("at"), tmp_path / "logs.parquet")
    monitor = opened(load(CONFIG, place="monitor.yaml", environ={}, read=str), root=tmp_path)
    once(monitor, clock=lambda: START + 3 * DAY, rng=Random(1))
    with monitor.database.read() as connection:
        found = [row for row in alert_rows(connection, model="intents") if row["segment"] == "client=other"]
    brought = [row for row in found if row["detector"] == "client_drift"]
    monitor.database.close()
    suspected = [row for row in found if is_attack(row["kind"]) and row["severity"] != "info"]
    assert {(row["origin"], row["severity"]) for row in suspected} == accused
    assert bool(brought) == (not accused)


def test_vectors_of_some_clients_that_are_a_fifth_as_long_accuse_none_of_them(tmp_path: Path) -> None:
    rng = np.random.default_rng(4)
    held, logged = (of_topics(rng, days * A_DAY) for days in (10, 4))
    names = [f"client {n}" for n in range(CLIENTS)]
    who, until = rng.choice(names, len(logged)), 2 * A_DAY
    short = np.isin(who, names[:10]) & (np.arange(len(logged)) >= until)
    logged[short] /= 5
    pq.write_table(
        rows_of(held, rng.choice(names, len(held)).tolist(), START - 10 * DAY, "r"), tmp_path / "reference.parquet"
    )
    pq.write_table(rows_of(logged, who.tolist(), START, "l"), tmp_path / "logs.parquet")
    monitor = opened(load(CONFIG, place="monitor.yaml", environ={}, read=str), root=tmp_path)
    once(monitor, clock=lambda: START + 5 * DAY, rng=Random(1))
    with monitor.database.read() as connection:
        found = alert_rows(connection, model="intents")
    monitor.database.close()
    assert not [row["text"] for row in found if row["kind"].startswith("attack") and row["severity"] != "info"]
    assert {row["detector"] for row in found if row["kind"] == "quality" and row["column"] == "place"}
