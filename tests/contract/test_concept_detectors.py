"""What every detector of concept drift keeps."""

import numpy as np
import pyarrow as pa
import pytest

from monitor.detectors import DETECTORS, Detector
from monitor.profiles.arrow import layout_of, profile_table
from monitor.profiles.profile import Profile
from monitor.types import Measurement, Roles

ROLES = {
    "binary": Roles(timestamp="at", scores=("p",), label="was"),
    "multiclass": Roles(timestamp="at", scores=("a", "b", "c"), classes=("a", "b", "c"), label="was"),
    "regression": Roles(timestamp="at", prediction="said", label="was"),
}
OURS = [d for d in DETECTORS if d.kind == "drift.concept"]
TASK = {
    "label_given_score": "binary",
    "label_given_prediction": "multiclass",
    "label_given_confidence": "multiclass",
    "residual_distribution": "regression",
}


def rows(task: str, seed: int, n: int, *, moved: float = 0.0) -> pa.Table:
    """Give predictions whose labels follow another rule in a share `moved` of the rows; the predictions stay."""
    draw = np.random.default_rng(seed)
    other = draw.random(n) < moved
    if task == "binary":
        p = draw.beta(1, 3, n)
        return pa.table({"p": p, "was": (draw.random(n) < np.where(other, 1 - p, p)).astype(int)})
    if task == "multiclass":
        scores = draw.dirichlet([1, 1, 1], n)
        known = (scores.cumsum(axis=1) < draw.random(n)[:, None]).sum(axis=1)
        names = np.array(["a", "b", "c"])[np.where(other, (known + 1) % 3, known)]
        return pa.table({**dict(zip("abc", scores.T, strict=True)), "was": names})
    said = draw.normal(20, 5, n)
    return pa.table({"said": said, "was": said + draw.normal(0, np.where(other, 4.0, 1.0))})


REFERENCES = {task: rows(task, 1, 8000) for task in ROLES}
LAYOUTS = {task: layout_of(table, ROLES[task]) for task, table in REFERENCES.items()}


def profiled(task: str, table: pa.Table) -> Profile:
    return profile_table(table, LAYOUTS[task])


def found(detector: Detector, table: pa.Table, *, reference: pa.Table | None = None) -> Measurement:
    task = TASK[detector.name]
    before = profiled(task, REFERENCES[task] if reference is None else reference)
    (measurement,) = detector.compare(before, profiled(task, table))
    return measurement


def made(detector: Detector, seed: int, n: int, *, moved: float = 0.0) -> pa.Table:
    return rows(TASK[detector.name], seed, n, moved=moved)


every = pytest.mark.parametrize("detector", OURS, ids=lambda d: d.name)


@every
def test_labels_that_follow_another_rule_are_found(detector: Detector) -> None:
    still, moved = found(detector, made(detector, 2, 2000)), found(detector, made(detector, 3, 2000, moved=0.3))
    assert still.p_value > 1e-3
    assert still.value < detector.min_effect * 3
    assert moved.p_value < 1e-6
    assert moved.value > max(detector.min_effect, still.value)
    assert moved.effect == moved.value <= 1


@every
def test_without_labels_there_is_no_answer_and_it_says_why(detector: Detector) -> None:
    table = made(detector, 4, 500)
    bare = table.set_column(table.column_names.index("was"), "was", pa.nulls(500, table.schema.field("was").type))
    task = TASK[detector.name]
    for measurement in (found(detector, bare), found(detector, table.slice(0, 0))):
        assert (measurement.value, measurement.note) == (None, "no labelled rows in this window")
    empty = profiled(task, table.slice(0, 0))
    (measurement,) = detector.compare(empty, profiled(task, table)) if task != "multiclass" else [None]
    assert measurement is None or measurement.note == "the reference has no labels"


@every
def test_a_few_rows_are_not_judged(detector: Detector) -> None:
    measurement = found(detector, made(detector, 5, 8))
    assert measurement.value is None
    assert "not judged" in measurement.note


@every
def test_other_tasks_are_not_measured(detector: Detector) -> None:
    for task in set(ROLES) - {TASK[detector.name]}:
        profile = profiled(task, rows(task, 6, 100))
        assert list(detector.compare(profile, profile)) == []


@every
def test_it_says_when_it_is_blind(detector: Detector) -> None:
    assert "Blind to" in detector.method


def test_one_a_task_is_armed() -> None:
    armed = [TASK[d.name] for d in OURS if d.armed]
    assert sorted(armed) == sorted(ROLES)


def test_errors_that_are_much_smaller_are_told_as_that_and_quietly() -> None:
    rng = np.random.default_rng(3)
    label = rng.normal(0, 1, 4000)

    def made(spread: float) -> pa.Table:
        return pa.table({"said": label + spread * rng.normal(0, 1, 4000), "was": label})

    reference = made(1.0)
    layout = layout_of(reference, ROLES["regression"])
    (detector,) = (one for one in OURS if one.name == "residual_distribution")
    found = {
        spread: next(iter(detector.compare(profile_table(reference, layout), profile_table(made(spread), layout))))
        for spread in (0.5, 1.6)
    }
    assert max(one.p_value or 0.0 for one in found.values()) < 1e-6
    assert found[0.5].evidence["severity"] == "info"
    assert found[0.5].evidence["smaller"]["now"] < 0.6 * found[0.5].evidence["smaller"]["before"]
    assert found[1.6].evidence == {}
