"""What every performance and confidence detector keeps, and that the numbers are scikit-learn's."""

import math
from functools import cache

import numpy as np
import pyarrow as pa
import pytest
from sklearn import metrics

from monitor.detectors import DETECTORS, Detector, armed_for, kind_of
from monitor.profiles.arrow import layout_of, profile_table
from monitor.types import Measurement, Roles

ROLES = {
    "binary": Roles(timestamp="at", prediction="said", scores=("p",), label="was"),
    "multiclass": Roles(
        timestamp="at", prediction="said", scores=("a", "b", "c"), classes=("a", "b", "c"), label="was"
    ),
    "regression": Roles(timestamp="at", prediction="said", label="was"),
}


def binary(draw: np.random.Generator, n: int, worse: float) -> pa.Table:
    p = draw.integers(1, 20, n) / 20
    was = draw.random(n) < (1 - worse) * p + worse / 2
    return pa.table({"p": p, "said": (p >= 0.5).astype(int), "was": was.astype(int)})


def multiclass(draw: np.random.Generator, n: int, worse: float) -> pa.Table:
    scores = draw.dirichlet([1, 1, 1], n)
    known = (draw.random(n)[:, None] > ((1 - worse) * scores + worse / 3).cumsum(axis=1)[:, :2]).sum(axis=1)
    names = np.array(["a", "b", "c"])
    said = names[scores.argmax(axis=1)]
    return pa.table({**dict(zip("abc", scores.T, strict=True)), "said": said, "was": names[known]})


def regression(draw: np.random.Generator, n: int, worse: float) -> pa.Table:
    was = draw.normal(20, 5, n)
    return pa.table({"said": was + draw.normal(3 * worse, 1 + 2 * worse, n), "was": was})


MADE = {"binary": binary, "multiclass": multiclass, "regression": regression}
TABLES = {task: made(np.random.default_rng(1), 6000, 0.0) for task, made in MADE.items()}
LAYOUTS = {task: layout_of(table, ROLES[task]) for task, table in TABLES.items()}
PROFILES = {task: profile_table(table, LAYOUTS[task]) for task, table in TABLES.items()}
# what needs features too has its own test: test_overconfidence.py
OURS = [d for d in DETECTORS if d.kind in {"performance.realised", "confidence"} and d.name != "overconfident_share"]


def found(detector: Detector, task: str, table: pa.Table, *, reference: pa.Table | None = None) -> list[Measurement]:
    layout = LAYOUTS[task]
    before = PROFILES[task] if reference is None else profile_table(reference, layout)
    return list(detector.compare(before, profile_table(table, layout)))


@cache
def some(task: str, *, rows: int = 2000, seed: int = 2, worse: float = 0.0) -> pa.Table:
    return MADE[task](np.random.default_rng(seed), rows, worse)


def unlabelled(table: pa.Table) -> pa.Table:
    i = table.column_names.index("was")
    return table.set_column(i, "was", pa.nulls(table.num_rows, table.schema.field("was").type))


def named(name: str) -> Detector:
    return next(d for d in DETECTORS if d.name == name)


every = pytest.mark.parametrize("detector", OURS, ids=lambda d: d.name)
each_task = pytest.mark.parametrize("task", MADE)


@every
def test_it_is_measured_for_some_task(detector: Detector) -> None:
    assert any(found(detector, task, some(task)) for task in MADE)


@every
@each_task
def test_values_are_finite_and_within_their_interval_on_ordinary_data(detector: Detector, task: str) -> None:
    for m in found(detector, task, some(task)):
        assert m.detector == detector.name
        assert m.value is not None
        assert math.isfinite(m.value)
        assert m.p_value is not None
        assert 0.001 < m.p_value <= 1
        assert m.effect is not None
        assert abs(m.effect) < 0.2
        assert (m.low is None and m.high is None) or m.low <= m.value <= m.high


@every
@each_task
def test_the_same_input_gives_the_same_answer(detector: Detector, task: str) -> None:
    assert found(detector, task, some(task)) == found(detector, task, some(task))


@every
@each_task
def test_an_empty_window_is_undefined_and_says_so(detector: Detector, task: str) -> None:
    for m in found(detector, task, some(task).slice(0, 0)):
        assert m.value is None
        assert m.p_value is None
        assert m.note


@pytest.mark.parametrize("detector", [d for d in OURS if d.kind != "confidence"], ids=lambda d: d.name)
@each_task
def test_labels_that_are_not_there_yet_are_no_bad_news(detector: Detector, task: str) -> None:
    for m in found(detector, task, unlabelled(some(task))):
        assert (m.value, m.note) == (None, "no labelled rows in this window")
    for m in found(detector, task, some(task), reference=unlabelled(TABLES[task])):
        assert m.value is not None
        assert (m.p_value, m.effect, m.note) == (None, None, "the reference has no labels")


@pytest.mark.parametrize("detector", [d for d in OURS if d.kind != "confidence"], ids=lambda d: d.name)
@each_task
def test_a_worse_model_is_found_and_a_better_one_is_not(detector: Detector, task: str) -> None:
    bad, usual = some(task, worse=0.6), some(task)
    for m in found(detector, task, bad):
        assert m.effect is not None
        assert m.effect > detector.min_effect
        assert m.p_value is None or m.p_value < 1e-4
    if detector.name != "mean_error":
        for m in found(detector, task, usual, reference=bad):
            assert m.effect is not None
            assert m.effect < 0
            assert m.p_value is None or m.p_value > 0.5


@every
def test_people_can_read_what_it_does(detector: Detector) -> None:
    assert detector.unit
    assert detector.method.split("\n")[0][-1] in ".:"
    assert "undefined" in detector.method.lower() or "(" in detector.method
    assert detector.higher_is in {"worse", "better"}


def test_binary_numbers_are_scikit_learns() -> None:
    table = some("binary")
    p, said, was = (table[name].to_numpy() for name in ("p", "said", "was"))
    expected = {
        "roc_auc": metrics.roc_auc_score(was, p),
        "accuracy": metrics.accuracy_score(was, said),
        "precision": metrics.precision_score(was, said),
        "recall": metrics.recall_score(was, said),
        "f1": metrics.f1_score(was, said),
        "log_loss": metrics.log_loss(was, p),
        "brier_score": metrics.brier_score_loss(was, p),
    }
    assert {name: found(named(name), "binary", table)[0].value for name in expected} == pytest.approx(expected)


def test_multiclass_numbers_are_scikit_learns() -> None:
    table = some("multiclass")
    said, was = (table[name].to_numpy(zero_copy_only=False) for name in ("said", "was"))
    expected = {
        "accuracy": metrics.accuracy_score(was, said),
        "macro_f1": metrics.f1_score(was, said, average="macro"),
        "macro_precision": metrics.precision_score(was, said, average="macro"),
        "macro_recall": metrics.balanced_accuracy_score(was, said),
        "log_loss": metrics.log_loss(was, np.stack([table[name] for name in "abc"], axis=1)),
    }
    assert {name: found(named(name), "multiclass", table)[0].value for name in expected} == pytest.approx(expected)


def test_regression_numbers_are_scikit_learns() -> None:
    table = some("regression")
    said, was = (table[name].to_numpy() for name in ("said", "was"))
    expected = {
        "mean_absolute_error": metrics.mean_absolute_error(was, said),
        "root_mean_squared_error": metrics.root_mean_squared_error(was, said),
        "mean_error": (said - was).mean(),
        "r2": metrics.r2_score(was, said),
    }
    assert {name: found(named(name), "regression", table)[0].value for name in expected} == pytest.approx(expected)


def test_one_class_among_the_labels_ranks_nothing() -> None:
    table = some("binary")
    only = table.filter(pa.array(table["was"].to_numpy() == 1))
    (m,) = found(named("roc_auc"), "binary", only)
    assert (m.value, m.note) == (None, "only one class among the labels")


def test_a_model_that_grows_unsure_or_all_but_certain_is_found() -> None:
    table = some("binary")
    unsure = table.set_column(0, "p", pa.array(np.full(table.num_rows, 0.5)))
    certain = table.set_column(0, "p", pa.array(np.full(table.num_rows, 0.999)))
    (level,) = found(named("confidence_level"), "binary", unsure)
    (share,) = found(named("near_certain_share"), "binary", certain)
    assert level.value == pytest.approx(0.5)
    assert share.value == 1
    assert share.evidence["least"] <= table["p"].to_numpy().max()
    assert max(level.p_value, share.p_value) < 1e-9
    assert min(level.effect, share.effect) > 0.5


def test_the_kind_of_an_alert_goes_by_the_columns_role() -> None:
    psi = named("smooth_test")
    roles = ("feature", "prediction", "score", "confidence", "label")
    assert [kind_of(psi, role) for role in roles] == [
        "drift.data",
        "drift.prediction",
        "drift.prediction",
        "confidence",
        "drift.label",
    ]
    assert kind_of(named("missing_share"), "score") == "quality"


def test_what_only_repeats_another_column_raises_no_alert() -> None:
    armed = [
        armed_for(named("smooth_test"), c, LAYOUTS["binary"])
        for c in ("confidence(scores)", "margin(scores)", "p", "was")
    ]
    assert armed == [True, False, True, False]
    assert armed_for(named("smooth_test"), "margin(scores)", LAYOUTS["multiclass"])
    assert armed_for(named("roc_auc"), "", LAYOUTS["binary"])
    assert not armed_for(named("wasserstein"), "p", LAYOUTS["binary"])
