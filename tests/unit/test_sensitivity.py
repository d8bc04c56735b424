"""How much a model's answer hangs on each column."""

import numpy as np
import pyarrow as pa
import pytest

from monitor.profiles.arrow import layout_of
from monitor.profiles.layout import Layout
from monitor.profiles.sensitivity import explained_share
from monitor.types import Roles

rng = np.random.default_rng(4)
N = 6000
A, B = rng.normal(size=N), rng.choice(["u", "v", "w"], N)
STEPS = {"u": 0.0, "v": 1.0, "w": 2.0}
SCORE = 1 / (1 + np.exp(-(A + np.array([STEPS[b] for b in B]))))
ROWS = pa.table({"a": A, "b": B, "idle": rng.normal(size=N), "p": SCORE, "y": (rng.random(N) < SCORE).astype(int)})


def sensitivities(roles: Roles, rows: pa.Table = ROWS) -> dict[str, float | None]:
    return {column.name: column.sensitivity for column in layout_of(rows, roles).columns}


def test_the_share_of_the_scores_variance_between_bins_is_the_one_way_analysis_of_variances() -> None:
    found = sensitivities(Roles("at", scores=("p",), label="y"))
    means = {b: SCORE[b == B].mean() for b in STEPS}
    assert found["b"] == pytest.approx(np.var([means[b] for b in B]) / np.var(SCORE), abs=0.002)
    assert found["a"] == pytest.approx(np.corrcoef(A, SCORE)[0, 1] ** 2, abs=0.03)
    assert found["idle"] == pytest.approx(0, abs=0.01)
    assert [found[name] for name in ("p", "y", "confidence(scores)")] == [None] * 3


def test_numeric_predictions_stand_for_scores_and_without_either_nothing_is_known() -> None:
    found = sensitivities(Roles("at", prediction="p", label="a"))
    assert found["b"] == pytest.approx(sensitivities(Roles("at", scores=("p",)))["b"])
    assert set(sensitivities(Roles("at")).values()) == {None}
    assert set(sensitivities(Roles("at", scores=("p",)), ROWS[:100]).values()) == {None}


def test_many_bins_explain_nothing_by_chance_and_a_constant_answer_is_not_explained() -> None:
    codes = rng.integers(0, 100, 1000)
    draws = [explained_share(codes, [rng.normal(size=1000)]) for _ in range(50)]
    assert np.mean(draws) < 0.02
    assert explained_share(codes, [np.ones(1000)]) is None
    assert explained_share(np.full(5, -1), [np.arange(5.0)]) is None


def test_it_is_kept_with_the_layout_and_changes_no_profile() -> None:
    layout = layout_of(ROWS, Roles("at", scores=("p",)))
    again = Layout.unpacked(layout.packed())
    assert [c.sensitivity for c in again.columns] == [c.sensitivity for c in layout.columns]
