"""How much answers tell of labels, beside scikit-learn and numpy, and how often they are said to tell nothing."""

import numpy as np
import pyarrow as pa
import pytest
from scipy.special import expit
from sklearn.metrics import cohen_kappa_score, roc_auc_score

from monitor.profiles.arrow import layout_of
from monitor.profiles.groups import profile_table
from monitor.profiles.profile import Profile
from monitor.profiles.skill import skill_of, tell_nothing
from monitor.types import Roles

ROWS = 4000
Drawn = tuple[pa.Table, Roles, float]


def binary(rng: np.random.Generator, rows: int = ROWS, by: float = 2.0) -> Drawn:
    logits = rng.normal(0, 1, rows)
    labels = (rng.random(rows) < expit(by * logits)).astype(int)
    table = pa.table({"p": expit(2 * logits), "y": labels})
    return table, Roles(timestamp="at", scores=("p",), label="y"), 2 * roc_auc_score(labels, logits) - 1


def classes(rng: np.random.Generator, rows: int = ROWS, by: float = 0.6) -> Drawn:
    names = np.array(["a", "b", "c"])
    answers = rng.choice(names, rows, p=[0.5, 0.3, 0.2])
    labels = np.where(rng.random(rows) < by, answers, rng.choice(names, rows, p=[0.5, 0.3, 0.2]))
    table = pa.table({"answer": answers, "y": labels})
    return table, Roles(timestamp="at", prediction="answer", label="y"), cohen_kappa_score(answers, labels)


def numbers(rng: np.random.Generator, rows: int = ROWS, by: float = 1.0) -> Drawn:
    answers = rng.normal(50, 4, rows)
    labels = 50 + by * (answers - 50) + rng.normal(0, 4 if by else np.hypot(4, 4), rows)
    table = pa.table({"answer": answers, "y": labels})
    return table, Roles(timestamp="at", prediction="answer", label="y"), float(np.corrcoef(answers, labels)[0, 1])


def profiled(drawn: Drawn, beside: Drawn) -> Profile:
    return profile_table(drawn[0], layout_of(beside[0], beside[1]))


@pytest.mark.parametrize("draw", [binary, classes, numbers])
def test_it_is_what_others_call_it(draw) -> None:  # type: ignore[no-untyped-def]  # noqa: ANN001
    drawn = draw(np.random.default_rng(3))
    found = skill_of(profiled(drawn, drawn))
    assert found is not None
    assert found.value == pytest.approx(drawn[2], abs=0.01)


@pytest.mark.parametrize("draw", [binary, classes, numbers])
def test_answers_that_tell_nothing_are_known_and_those_that_tell_less_are_not_called_so(draw) -> None:  # type: ignore[no-untyped-def]  # noqa: ANN001
    rng = np.random.default_rng(4)
    usual = draw(rng)
    known = skill_of(profiled(usual, usual))
    assert known is not None

    def said(by: float) -> float:
        found = [skill_of(profiled(draw(rng, 400, by), usual)) for _ in range(100)]
        return float(np.mean([one is not None and tell_nothing(one, known) for one in found]))

    full = {binary: 2.0, classes: 0.6, numbers: 1.0}[draw]
    assert said(0.0) >= 0.9
    assert said(full / 2) == 0
    assert said(full) == 0


def test_without_labels_or_of_one_kind_nothing_is_known() -> None:
    table, roles, _ = classes(np.random.default_rng(5))
    layout = layout_of(table, roles)
    none = table.set_column(1, "y", pa.nulls(ROWS, pa.string()))
    same = pa.table({"answer": ["a"] * 50, "y": ["a"] * 50})
    assert skill_of(profile_table(none, layout)) is None
    assert skill_of(profile_table(same, layout)) is None
