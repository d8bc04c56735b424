"""What is estimated before labels, beside what is usual at that hour: mornings that are told apart less well."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cache

import numpy as np
import pyarrow as pa
import pytest

from monitor.config import Model
from monitor.detectors.performance.estimated import estimated_roc_auc
from monitor.detectors.performance.estimated_errors import estimated_mean_absolute_error
from monitor.detectors.performance.estimated_macro import estimated_macro_recall
from monitor.detectors.performance.judged import level_of
from monitor.profiles.groups import profile_table
from monitor.profiles.profile import Profile
from monitor.steps.reference import profiled_reference
from monitor.types import Measurement, Window
from monitor.watch import Watch
from tests.sourceless import Nothing

START, HOUR = datetime(2024, 1, 1, tzinfo=UTC), timedelta(hours=1)
AN_HOUR, DAYS, MORNING = 80, 40, 6
ROLES = {
    "binary": {"prediction": "y", "scores": "p", "label": "label"},
    "several": {"prediction": "y", "scores": {"a": "pa", "b": "pb", "c": "pc"}, "label": "label"},
    "regression": {"prediction": "y", "label": "label"},
}
COMPARE = {
    "binary": estimated_roc_auc,
    "several": estimated_macro_recall,
    "regression": estimated_mean_absolute_error,
}


def rows(task: str, seed: int, at: datetime, hours: int, *, worse: bool = False) -> pa.Table:
    """Draw hours of rows of which those of the morning are told apart less well; worse: hardly at all."""
    draw = np.random.default_rng(seed)
    hour = np.repeat(np.arange(hours), AN_HOUR)
    morning = (hour + at.hour) % 24 < MORNING
    spread = np.where(morning, 0.7, 2.0) * (0.2 if worse else 1.0)
    x = draw.normal(0, 1, hour.size)
    table = {"at": [at + int(h) * HOUR for h in hour], "x": x, "hard": morning * 1.0}
    if task == "regression":
        noise = np.where(draw.random(x.size) < (0.6 if worse else 0.05), 4.0, np.where(morning, 1.6, 0.8))
        table["hard"] = noise
        return pa.table(table | {"y": x, "label": x + draw.normal(0, noise)})
    if task == "binary":
        p = 1 / (1 + np.exp(-spread * x))
        return pa.table(table | {"p": p, "y": (p > 0.5) * 1, "label": (draw.random(p.size) < p) * 1})
    scores = np.exp(spread[:, None] * draw.normal(0, 1, (x.size, 3)))
    scores /= scores.sum(axis=1, keepdims=True)
    label = (scores.cumsum(axis=1) < draw.random(x.size)[:, None]).sum(axis=1).clip(0, 2)
    names = np.array(["a", "b", "c"])
    table |= {f"p{name}": scores[:, k] for k, name in enumerate(names)}
    return pa.table(table | {"y": names[scores.argmax(axis=1)], "label": names[label]})


@cache
def reference(task: str) -> Profile:
    settings = Model(source={"push": True}, columns={"timestamp": "at", **ROLES[task]}, window="1h")
    return profiled_reference(rows(task, 1, START, 24 * DAYS), Watch("m", settings, Nothing()))[""]


def found(task: str, seed: int, hour: int, *, worse: bool = False) -> Measurement:
    known, at = reference(task), START + timedelta(days=60, hours=hour)
    profile = profile_table(rows(task, seed, at, 1, worse=worse), known.layout)
    (one,) = COMPARE[task](known, replace(profile, span=Window(at, at + HOUR)))
    return one


@pytest.mark.parametrize("task", ROLES)
def test_a_morning_is_no_worse_than_a_morning(task: str) -> None:
    p_values = np.array([found(task, 100 + k, k % MORNING).p_value for k in range(60)], np.float64)
    assert np.mean(p_values < 0.05) <= 0.15
    assert np.mean(p_values < 0.001) == 0
    rest = np.array([found(task, 300 + k, MORNING + k % 18).p_value for k in range(60)], np.float64)
    assert np.mean(rest < 0.05) <= 0.15


@pytest.mark.parametrize("task", ROLES)
@pytest.mark.parametrize("hour", [3, 15])
def test_what_is_worse_than_usual_at_its_hour_is_told(task: str, hour: int) -> None:
    one = found(task, 7, hour, worse=True)
    assert one.p_value is not None
    assert one.p_value < 1e-3
    assert (one.effect or 0) > 0


def test_hours_are_told_apart_less_well_than_all_of_them_together() -> None:
    known = reference("binary")
    assert known.layout.spreads[level_of("estimated_roc_auc")] < 0
    one = found("binary", 5, 2)
    assert one.evidence["usual_then"] < (one.reference or 0.0)
