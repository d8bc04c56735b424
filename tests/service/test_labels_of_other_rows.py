"""Labels that are joined to other rows overnight, through the whole loop: broken data, and no passing of time."""

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

START, DAY, A_DAY, BEFORE = datetime(2024, 1, 1, tzinfo=UTC), timedelta(days=1), 300, 6
CONFIG = """
database: sqlite:///monitor.db
models:
  loans:
    source: {{files: "logs.parquet"}}
    reference: {{files: reference.parquet}}
    columns: {{timestamp: at, {answer}, label: y{more}}}
    window: 1d
    for: 2
"""


def days(seed: int, first: int, count: int, task: str) -> dict[str, Any]:
    rng, size = np.random.default_rng(seed), count * A_DAY
    age, debt, noise = rng.normal(0, 1, (3, size))
    told = 1.2 * age - 0.8 * debt
    at = [START + (first + n // A_DAY) * DAY + timedelta(seconds=200 * (n % A_DAY)) for n in range(size)]
    rows: dict[str, Any] = {"at": at, "age": age, "debt": debt, "of": np.where(age > 0, "old", "young")}
    if task == "scores":
        return {**rows, "answer": expit(told), "y": (rng.random(size) < expit(told)).astype(int)}
    if task == "classes":
        names = np.array(["low", "middle", "high"])
        of = [names[np.digitize(one, [-1.0, 1.0])] for one in (told, told + 0.5 * noise)]
        return {**rows, "answer": of[0], "y": of[1]}
    return {**rows, "answer": 20 + told, "y": 20 + told + noise}


def alarms(
    folder: Path, task: str, *, shift: int = 0, fade: float = 0.0, side: str = "y", groups: bool = False
) -> list[dict[str, Any]]:
    """Give the alerts that fired, where six days are followed by four with labels of `shift` rows further on.

    fade: so large a part of the labels are those of any other rows. side: what is of other rows, labels or answers.
    groups: whether there are segments.
    """
    rows, rng = days(2, 0, BEFORE + 4, task), np.random.default_rng(9)
    day = np.arange(rows["y"].size) // A_DAY - BEFORE
    other = np.roll(rows[side], -shift)
    wrong = (day >= 0) & (rng.random(day.size) < (1.0 if shift else fade))
    rows[side] = np.where(wrong, other if shift else rng.permutation(rows[side]), rows[side])
    pq.write_table(pa.table(days(1, -20, 20, task)), folder / "reference.parquet")
    pq.write_table(pa.table(rows), folder / "logs.parquet")
    answer, more = "scores: answer" if task == "scores" else "prediction: answer", ", segments: [of]" if groups else ""
    config = CONFIG.format(answer=answer, more=more)
    monitor = opened(load(config, place="monitor.yaml", environ={}, read=str), root=folder)
    once(monitor, clock=lambda: START + 40 * DAY, rng=Random(1))
    with monitor.database.read() as connection:
        found = [dict(row) for row in alert_rows(connection, model="loans") if row["fired_at"]]
    monitor.database.close()
    return found


@pytest.mark.parametrize("task", ["scores", "classes", "numbers"])
def test_labels_of_other_rows_are_broken_data(tmp_path: Path, task: str) -> None:
    found = [alert for alert in alarms(tmp_path, task, shift=1) if alert["kind"] == "performance.realised"]
    assert found
    for alert in found:
        assert alert["origin"] == "data_quality"
        assert alert["evidence"]["origin"]["unrelated"] == "either"
        assert alert["since"] == "2024-01-07T00:00:00Z"


@pytest.mark.parametrize("task", ["scores", "classes", "numbers"])
def test_labels_that_answers_still_tell_something_of_are_not(tmp_path: Path, task: str) -> None:
    found = [alert for alert in alarms(tmp_path, task, fade=0.4) if alert["kind"] == "performance.realised"]
    assert found
    # they do at once, which another model, other labels and another world all bring
    assert {alert["origin"] for alert in found} == {"undetermined"}


def test_answers_to_other_rows_show_within_groups_and_are_another_model(tmp_path: Path) -> None:
    found = alarms(tmp_path, "scores", shift=1, side="answer", groups=True)
    fell = [alert for alert in found if alert["kind"] == "performance.realised" and not alert["segment"]]
    assert fell
    for alert in fell:
        assert alert["origin"] == "model_change"
        assert alert["evidence"]["origin"]["unrelated"] == "answers"
        (said,) = (one for one in alert["evidence"]["origin"]["for"] if "nothing" in one)
        assert said.endswith("the answers moved, and the labels did not")


def test_labels_of_other_rows_show_within_groups(tmp_path: Path) -> None:
    found = alarms(tmp_path, "scores", shift=1, groups=True)
    fell = [alert for alert in found if alert["kind"] == "performance.realised" and not alert["segment"]]
    assert {alert["evidence"]["origin"]["unrelated"] for alert in fell} == {"labels"}
    assert {alert["origin"] for alert in fell} == {"data_quality"}
