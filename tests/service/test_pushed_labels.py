"""Labels that an application posts: taken by id, counted once, read again by a replay."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import requests

from tests.commanding import monitor

START, A_DAY, DAYS, JSON = datetime(2024, 3, 1, tzinfo=UTC), 120, 6, "application/json"
CONFIG = """
database: sqlite:///monitor.db
models:
  loans:
    source: {push: true}
    labels: {push: true, max_delay: 1d}
    reference: {files: reference.parquet}
    columns: {timestamp: at, id: id, scores: p, label: paid}
    window: 1d
    every: 1s
    min_labels: 0.9
    for: 1/1
    thresholds: {accuracy: 0.99}
web: {port: 0}
"""


def made(first: int, days: int) -> pa.Table:
    rng, n = np.random.default_rng(100 + first), days * A_DAY
    z = rng.normal(0, 2, n)
    at = [START + timedelta(days=first, seconds=int(s)) for s in np.linspace(1, days * 86_400 - 1, n)]
    paid = (rng.random(n) < 1 / (1 + np.exp(-z))).astype(int)
    return pa.table(
        {"at": at, "id": [f"{first}-{i}" for i in range(n)], "z": z, "p": 1 / (1 + np.exp(-z)), "paid": paid}
    )


@contextmanager
def daemon(home: Path) -> Iterator[str]:
    """Run the daemon meanwhile; gives its address."""
    (home / "monitor.yaml").write_text(CONFIG)
    pq.write_table(made(-20, 20), home / "reference.parquet")
    command = [sys.executable, "-m", "monitor", "run", "monitor.yaml"]
    with subprocess.Popen(command, cwd=home, stderr=subprocess.PIPE, text=True, env={**os.environ}) as started:  # noqa: S603
        try:
            assert started.stderr
            line = next(line for line in started.stderr if "listening address=" in line)
            yield line.partition("address=")[2].strip()
        finally:
            started.terminate()
            started.communicate(timeout=30)


def said(home: Path, *arguments: str) -> list[dict[str, object]]:
    out = monitor(home, *arguments).stdout
    return [json.loads(line) for line in out.splitlines() if line.startswith("{")]


def accuracies(home: Path) -> dict[str, tuple[object, object]]:
    """Give each window's accuracy with the number of its labelled rows."""
    rows = said(home, "measurements", "monitor.yaml", "--detector", "accuracy", "--json")
    return {str(row["window_start"]): (row["value"], row["n"]) for row in rows if row["value"] is not None}


def test_labels_that_are_pushed_are_joined_once_and_outlive_a_restart(tmp_path: Path) -> None:
    rows = made(0, DAYS)
    records = [row | {"at": row["at"].isoformat()} for row in rows.drop_columns(["paid"]).to_pylist()]
    labels = rows.select(["id", "paid"]).to_pylist()
    with daemon(tmp_path) as address:

        def post(to: str, body: object) -> requests.Response:
            url, headers = f"{address}/v1/{to}?model=loans", {"content-type": JSON}
            return requests.post(url, data=json.dumps(body), headers=headers, timeout=10)

        # some labels come before their records
        assert post("labels", labels[:50]).json() == {"labels": 50, "rejected": 0}
        assert post("records", {"records": records}).json() == {"records": len(records), "rejected": 0}
        bad = post("labels", [*labels[50:100], {"id": "0-100"}, {"paid": 1}, {"id": "0-101", "paid": None}, 3])
        assert bad.status_code == 202
        assert bad.json()["labels"], bad.json()["rejected"] == (50, 4)
        assert set(bad.json()["reasons"]) == {
            "record 51: 'paid' is missing",
            "record 52: 'id' is missing",
            "record 53: 'paid' is missing",
            "record 54: not a JSON object",
        }
        refused = post("labels", [{"id": "0-1", "y": 1}])
        assert (refused.status_code, "labels have no 'paid', only id, y" in refused.text) == (400, True)
        assert post("records", "no records").status_code == 400
        # and once more, as by a sender that was not sure
        post("labels", labels[:100])
        time.sleep(3)
    with daemon(tmp_path) as address:
        post("labels", labels[100:])
        first_day, until = f"{START:%Y-%m-%d}", time.monotonic() + 30
        while len(accuracies(tmp_path)) < DAYS - 2 and time.monotonic() < until:
            time.sleep(1)
    found = accuracies(tmp_path)
    right = (rows["p"].to_numpy() >= 0.5) == (rows["paid"].to_numpy() == 1)
    value, n = next(found[at] for at in found if at.startswith(first_day))
    assert (round(float(str(value)), 6), n) == (round(float(right[:A_DAY].mean()), 6), A_DAY)
    told = said(tmp_path, "replay", "monitor.yaml", "--json")
    assert [(one["detector"], one["since"], one["n"]) for one in told if one["kind"] == "performance.realised"] == [
        ("accuracy", f"{START:%Y-%m-%dT%H:%M:%SZ}", A_DAY)
    ]
