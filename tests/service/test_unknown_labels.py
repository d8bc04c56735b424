"""Labels of classes that the reference does not hold are told as what they are, and as the reason of what they show."""

from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from monitor.config import load
from monitor.pipeline import once
from monitor.types import Notice
from monitor.watch import Monitor
from monitor.wiring import opened
from tests.service.scene import DAY, START, Told, times

A_DAY, DAYS, TURN = 300, 16, 8
END = START + DAYS * DAY + DAY / 48
QUEUES = ("Billing", "Login", "Returns", "Shipping")
CONFIG = """
database: sqlite:///monitor.db
models:
  router:
    source: {files: "logs/*"}
    reference: {files: reference.parquet}
    columns:
      timestamp: at
      id: id
      scores: {Billing: p0, Login: p1, Returns: p2, Shipping: p3}
      label: queue
    window: 1d
"""
Later = dict[str, str]


def tickets(seed: int, first: int, days: int, later: Later | None = None, *, share: float = 1.0) -> pa.Table:
    """Make tickets of four queues; from TURN on labels are called otherwise, in a share of their rows."""
    rng, n = np.random.default_rng(seed), days * A_DAY
    truth = rng.choice(4, n, p=(0.4, 0.3, 0.2, 0.1))
    signs = rng.normal(0, 1, (n, 4)) + 2.0 * np.eye(4)[truth]
    scores = np.exp(signs) / np.exp(signs).sum(axis=1, keepdims=True)
    labels = np.array(QUEUES, dtype=object)[truth]
    turned = (np.arange(n) >= TURN * A_DAY) & (rng.random(n) < share) if later else np.zeros(n, np.bool_)
    labels = [(later or {}).get(name, name) if new else name for name, new in zip(labels, turned, strict=True)]
    columns: dict[str, Any] = {"at": times(first, days, a_day=A_DAY), "id": [f"{first}-{i}" for i in range(n)]}
    columns |= {f"sign{i}": np.round(signs[:, i], 3) for i in range(4)}
    columns |= {f"p{i}": np.round(scores[:, i], 6) for i in range(3)}
    columns |= {"p3": 1 - sum(columns[f"p{i}"] for i in range(3)), "queue": labels}
    return pa.table(columns)


def told(folder: Path, later: Later | None, *, share: float = 1.0) -> list[Notice]:
    (folder / "logs").mkdir(parents=True)
    pq.write_table(tickets(1, -30, 30), folder / "reference.parquet")
    pq.write_table(tickets(3, 0, DAYS, later, share=share), folder / "logs" / "a.parquet")
    monitor, messages = opened(load(CONFIG, place="monitor.yaml", environ={}, read=str), root=folder), Told()
    once(Monitor(monitor.database, monitor.watches, {"team": messages}), clock=lambda: END, rng=Random(1))
    monitor.database.close()
    return [one for one in messages if one.transition == "fired"]


def test_labels_of_known_classes_are_told_of_nothing(tmp_path: Path) -> None:
    assert [one.lines for one in told(tmp_path, None)] == []


@pytest.mark.parametrize("share", [1.0, 0.5], ids=["renamed", "misspelt in half"])
def test_classes_by_another_name_are_told_and_why_performance_fell(tmp_path: Path, share: float) -> None:
    first, *rest = told(tmp_path, {"Billing": "Payments"}, share=share)
    assert first.kind == "quality"
    assert "share of labels unknown to the reference rose" in first.lines[0]
    assert "most often Payments" in first.lines[0]
    assert ("none is Billing any more" in first.lines[0]) == (share == 1.0)
    assert any("ask who makes the labels queue: classes are new or renamed" in line for line in first.lines)
    # what labels show beside it waits for that one
    assert {one.kind for one in rest} <= {"performance.realised"}
    assert rest
    why = next(line for line in rest[0].lines if line.startswith("Likely origin"))
    assert why.startswith("Likely origin: broken data (")
    assert "of the labels are of classes that the reference does not hold, most often Payments" in why


def test_a_new_class_among_few_labels_is_told_beside_no_other_alert(tmp_path: Path) -> None:
    (one,) = told(tmp_path, {"Billing": "Privacy"}, share=0.05)
    assert (one.kind, one.transition) == ("quality", "fired")
    assert "most often Privacy" in one.lines[0]


def test_classes_that_are_taken_for_each_other_are_no_unknown_ones(tmp_path: Path) -> None:
    found = told(tmp_path, {"Billing": "Login", "Login": "Billing"})
    assert found
    assert "quality" not in {one.kind for one in found}
    assert not any("broken data" in line for one in found for line in one.lines)
