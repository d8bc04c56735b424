"""Predictions that contradict the scores beside them: how many, and how sure that is."""

from collections.abc import Callable

import numpy as np
import pyarrow as pa
import pytest
from numpy.typing import NDArray

from monitor.detectors.performance.estimated import CONTRADICTED, estimated_accuracy
from monitor.detectors.performance.estimated_macro import estimated_macro_f1
from monitor.detectors.quality import contradicted_share
from monitor.profiles.arrow import layout_of, profile_table
from monitor.profiles.profile import Profile
from monitor.types import Measurement, Roles

BINARY = Roles(timestamp="at", prediction="decided", scores=("p",), label="y")
CLASSES = Roles(timestamp="at", prediction="decided", scores=("a", "b", "c"), classes=("a", "b", "c"), label="y")
Decide = Callable[[np.random.Generator, NDArray[np.float64]], NDArray[np.bool_]]


def half(_: np.random.Generator, p: NDArray[np.float64]) -> NDArray[np.bool_]:
    return p >= 0.5


def by_something_else(draw: np.random.Generator, p: NDArray[np.float64]) -> NDArray[np.bool_]:
    return p + draw.normal(0, 0.15, p.size) >= 0.5


def binary(draw: np.random.Generator, n: int, decide: Decide = half, *, skew: float = 1.0) -> pa.Table:
    p = draw.random(n) ** skew
    return pa.table(
        {"p": p, "decided": np.where(decide(draw, p), "1", "0"), "y": np.where(draw.random(n) < p, "1", "0")}
    )


def several(draw: np.random.Generator, n: int, *, order: str = "abc", sure: float = 0.5) -> pa.Table:
    scores = draw.dirichlet([sure, sure, sure], n)
    classes = np.array(list("abc"))
    label = classes[(scores.cumsum(axis=1) < draw.random(n)[:, None]).sum(axis=1)]
    logged = dict(zip(order, scores.T, strict=True))
    return pa.table({**logged, "decided": classes[scores.argmax(axis=1)], "y": label})


def profiles(reference: pa.Table, table: pa.Table, roles: Roles) -> tuple[Profile, Profile]:
    layout = layout_of(reference, roles)
    return profile_table(reference, layout), profile_table(table, layout)


def found(reference: pa.Table, table: pa.Table, roles: Roles = BINARY) -> Measurement:
    (one,) = contradicted_share.compare(*profiles(reference, table, roles))
    return one


def test_scores_of_the_other_class_contradict_nearly_every_prediction() -> None:
    draw = np.random.default_rng(1)
    reference, table = binary(draw, 3000), binary(draw, 500)
    assert found(reference, table).value == 0
    assert found(reference, table).p_value == 1
    swapped = table.set_column(0, "p", pa.array(1 - table["p"].to_numpy()))
    told = found(reference, swapped)
    assert told.column == "decided"
    assert told.value > 0.95
    assert told.p_value < 1e-100


def test_scores_of_classes_in_another_order_contradict_the_sure_predictions() -> None:
    draw = np.random.default_rng(2)
    told = found(several(draw, 3000), several(draw, 500, order="bac"), CLASSES)
    assert told.value > 0.4
    assert told.p_value < 1e-50


def test_less_sure_scores_contradict_nothing() -> None:
    draw = np.random.default_rng(3)
    told = found(several(draw, 3000, sure=0.05), several(draw, 500, sure=5.0), CLASSES)
    assert (told.value, told.p_value) == (0, 1)
    reference = binary(draw, 3000)
    p = reference["p"].to_numpy()
    known = reference.filter(pa.array((p < 0.3) | (p > 0.7)))
    assert found(known, binary(draw, 500)).value == 0


def test_predictions_that_something_else_decides_contradict_beyond_all_that_it_decided() -> None:
    draw = np.random.default_rng(4)
    reference = binary(draw, 3000, by_something_else)
    assert found(reference, binary(draw, 800, by_something_else)).p_value > 0.01
    told = found(reference, binary(draw, 800, lambda draw, p: ~by_something_else(draw, p)))
    assert told.value == pytest.approx(0.2, abs=0.15)
    assert told.p_value < 1e-30


def test_a_decision_threshold_that_moved_is_told_and_estimates_go_on() -> None:
    draw = np.random.default_rng(5)
    both = profiles(binary(draw, 3000), binary(draw, 800, lambda _, p: p >= 0.45), BINARY)
    (told,) = contradicted_share.compare(*both)
    assert told.value == pytest.approx(0.05, abs=0.02)
    assert told.p_value < 1e-9
    (estimate,) = estimated_accuracy(*both)
    assert estimate.value is not None


@pytest.mark.parametrize(("known", "rows"), [(300, 1000), (1000, 300), (3000, 3000)])
@pytest.mark.parametrize("decide", [half, by_something_else])
@pytest.mark.parametrize("skew", [1.0, 6.0])
def test_chance_reaches_a_small_p_value_no_more_often_than_it_says(
    known: int, rows: int, decide: Decide, skew: float
) -> None:
    draw = np.random.default_rng(6)
    layout = layout_of(binary(draw, known, decide, skew=skew), BINARY)
    p_values = []
    for _ in range(300):
        both = (profile_table(binary(draw, n, decide, skew=skew), layout) for n in (known, rows))
        (one,) = contradicted_share.compare(*both)
        p_values.append(one.p_value)
    assert np.mean(np.array(p_values) <= 0.05) <= 0.08
    assert np.mean(np.array(p_values) <= 0.01) <= 0.025


def test_nothing_is_said_without_logged_predictions_and_undefined_without_rows() -> None:
    draw = np.random.default_rng(7)
    reference = binary(draw, 1000).drop_columns(["decided"])
    alone = profiles(reference, reference.slice(0, 100), Roles(timestamp="at", scores=("p",), label="y"))
    assert list(contradicted_share.compare(*alone)) == []
    none = found(binary(draw, 1000), binary(draw, 100).slice(0, 0))
    assert none.value is None
    assert none.note


def test_performance_is_not_estimated_from_scores_that_predictions_contradict() -> None:
    draw = np.random.default_rng(8)
    table = binary(draw, 500)
    swapped = table.set_column(0, "p", pa.array(1 - table["p"].to_numpy()))
    (estimate,) = estimated_accuracy(*profiles(binary(draw, 3000), swapped, BINARY))
    assert (estimate.value, estimate.note) == (None, CONTRADICTED)
    (macro,) = estimated_macro_f1(*profiles(several(draw, 3000), several(draw, 500, order="bac"), CLASSES))
    assert (macro.value, macro.note) == (None, CONTRADICTED)
