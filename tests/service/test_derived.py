"""Texts and embeddings, from files to alerts by way of the columns derived from them."""

import json
import math
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np

from tests.commanding import monitor

START = datetime(2024, 1, 1, tzinfo=UTC)
CONFIG = """
database: sqlite:///monitor.db
models:
  posts:
    source: {files: "logs/*.jsonl"}
    reference: {files: reference.jsonl}
    columns: {timestamp: at, scores: p}
    window: 1d
    thresholds: {"smooth_test(component_2(vector))": off}
"""
WORDS = [f"{a}{b}{c}" for a in "bdfgklm" for b in "aeiou" for c in "nrst"]


def rows(seed: int, days: int, *, start: datetime, hidden_from: int | None = None) -> list[str]:
    rng = np.random.default_rng(seed)
    made = []
    for day in range(days):
        odd = hidden_from is not None and day >= hidden_from
        for i in range(300):
            words = [str(word) for word in rng.choice(WORDS, 8)]
            if odd and i % 5 == 0:
                words[0] = words[0][0] + "\u200b" + words[0][1:]
            place = rng.normal(size=6) * [3, 2, 1, 0.5, 0.3, 0.1] + (np.array([4, 0, 0, 0, 0, 0]) if odd else 0)
            at = start + timedelta(days=day, minutes=4 * i)
            a, b, idle = (float(x) for x in rng.normal(size=3) + (np.array([2, 0.5, 2]) if odd else 0))
            row = {
                "at": at.isoformat(),
                "text": " ".join(words),
                "vector": place.tolist(),
                "a": a,
                "b": b,
                "idle": idle,
            }
            made.append(json.dumps(row | {"p": 1 / (1 + math.exp(-a - b / 2))}))
    return made


def test_hidden_characters_and_embeddings_that_move_are_told_of(tmp_path: Path) -> None:
    (tmp_path / "logs").mkdir()
    (tmp_path / "monitor.yaml").write_text(CONFIG)
    (tmp_path / "reference.jsonl").write_text("\n".join(rows(1, 10, start=START - timedelta(days=30))) + "\n")
    (tmp_path / "logs" / "a.jsonl").write_text("\n".join(rows(2, 8, start=START, hidden_from=5)) + "\n")
    begun = monitor(tmp_path, "init", "logs/*.jsonl", "--reference", "reference.jsonl", "-o", "other.yaml")
    assert begun.returncode == 0, begun.stderr
    checked = monitor(tmp_path, "check", "monitor.yaml")
    assert checked.returncode == 0, checked.stdout + checked.stderr
    done = monitor(tmp_path, "once", "monitor.yaml")
    assert done.returncode == 0, done.stderr
    told = [json.loads(line) for line in monitor(tmp_path, "alerts", "monitor.yaml", "--json").stdout.splitlines()]
    firing = {alert["column"] for alert in told if alert["state"] == "firing"}
    assert {"invisible(text)", "component_1(vector)", "vector", "anomaly(features)"} <= firing
    moved = next(alert for alert in told if alert["detector"] == "mean_vector")
    assert moved["text"].startswith("vector: the mean of the vectors moved by 1.")
    of_norm = [alert["text"] for alert in told if alert["column"] == "vector" and alert["detector"] != "mean_vector"]
    assert of_norm
    assert all(text.startswith("norm of vector: ") for text in of_norm)
    whole = next(alert for alert in told if alert["column"] == "anomaly(features)")
    # both moved as far, but the score hangs on one of them only
    assert whole["evidence"]["columns"][0] == "a"
    alike = {alert["column"]: alert["evidence"].get("sensitivity") for alert in told if alert["kind"] == "drift.data"}
    assert alike["a"] > 0.5
    assert alike["idle"] < 0.1
