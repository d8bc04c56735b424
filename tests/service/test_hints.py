"""What the answer to pushed rows says of values that are taken and will count as invalid."""

import json
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from monitor.config import load
from monitor.daemon.front import pushing
from monitor.daemon.hints import without_zone
from monitor.pipeline import once
from monitor.types import Roles
from monitor.watch import Monitor
from monitor.wiring import opened

START = datetime(2024, 5, 1, tzinfo=UTC)
CONFIG = """
database: sqlite:///monitor.db
models:
  houses:
    source: {push: true}
    labels: {push: true, max_delay: 1d}
    reference: {files: reference.parquet}
    columns: {timestamp: at, id: id, prediction: predicted, label: price}
    window: 1d
"""
GOOD = {"id": "a", "at": "2024-06-01T10:00:00Z", "area": 80.5, "city": "Bonn", "predicted": 300.5}

NO_ZONE = "'at' names no zone and is read as UTC: '2024-06-01T10:00:00'; send 2024-05-01T12:00:00Z, or set columns.zone"


@pytest.fixture(scope="module")
def monitor(tmp_path_factory: pytest.TempPathFactory) -> Monitor:
    folder, rng, n = tmp_path_factory.mktemp("houses"), np.random.default_rng(1), 500
    columns: dict[str, Any] = {
        "at": [START + timedelta(hours=i) for i in range(n)],
        "id": [f"r{i}" for i in range(n)],
        "area": rng.normal(80, 20, n),
        "city": rng.choice(["Bonn", "Köln"], n),
        "predicted": rng.normal(300, 50, n),
        "price": rng.normal(300, 60, n),
    }
    pq.write_table(pa.table(columns), folder / "reference.parquet")
    monitor = opened(load(CONFIG, place="monitor.yaml", environ={}, read=str), root=folder)
    once(monitor, clock=lambda: START + timedelta(days=40), rng=Random(1))
    return monitor


def answer(monitor: Monitor, *rows: dict[str, Any], holds: Any = "records") -> dict[str, Any]:  # noqa: ANN401
    push = pushing(monitor, holds, clock=lambda: START + timedelta(days=40))
    assert push is not None
    return dict(push("houses", json.dumps(rows).encode(), "application/json"))


@pytest.mark.parametrize(
    ("changed", "hint"),
    [
        ({}, None),
        # words are read as they are, and what is missing is missing
        ({"city": "Ulm", "area": None}, None),
        ({"area": "large"}, "'area': 1 of 2 values count as invalid: 'large' is no number"),
        ({"area": {"sqm": 80}}, "'area': 1 of 2 values count as invalid: '{\"sqm\": 80}' is no number"),
        ({"predicted": "300 k"}, "'predicted': 1 of 2 values count as invalid: '300 k' is no number"),
        ({"area": "80.5"}, "'area' came as text, where the reference holds numbers; send numbers"),
        ({"at": "2024-06-01T10:00:00"}, NO_ZONE),
    ],
)
def test_what_counts_as_invalid_is_said_where_it_was_taken(
    monitor: Monitor, changed: dict[str, Any], hint: str | None
) -> None:
    said = answer(monitor, GOOD, GOOD | {"id": "b"} | changed)
    assert said == {"records": 2, "rejected": 0} | ({"hints": [hint]} if hint else {})


def test_labels_that_are_no_numbers_are_said_to_be_so(monitor: Monitor) -> None:
    said = answer(monitor, {"id": "a", "price": 3e5}, {"id": "b", "price": "300,000"}, holds="labels")
    assert said == {
        "labels": 2,
        "rejected": 0,
        "hints": ["'price': 1 of 2 values count as invalid: '300,000' is no number"],
    }


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("2024-06-01T10:00:00", True),
        ("2024-06-01", True),
        ("2024-06-01T10:00:00Z", False),
        ("2024-06-01 10:00:00+02", False),
        ("2024-06-01T10:00:00.5-0530", False),
        ("1717236000", False),
        ("never", False),
    ],
)
def test_times_without_a_zone_are_told(text: str, told: bool) -> None:  # noqa: FBT001
    rows = pa.table({"at": [None, text]})
    assert (without_zone(rows, Roles("at")) is not None) == told
    assert without_zone(rows, Roles("at", zone="UTC")) is None
