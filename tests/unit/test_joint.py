"""How predictions met labels, against the same numbers worked out row by row."""

import math

import numpy as np
import pyarrow as pa
import pytest

from monitor.profiles.arrow import Groups, layout_of, profile_groups, profile_table
from monitor.profiles.outcome import BinaryOutcome, MulticlassOutcome, RegressionOutcome
from monitor.profiles.outcome_layout import Binary, Multiclass, Regression
from monitor.types import Roles

N = 600
RNG = np.random.default_rng(11)
CHANCE = RNG.random(N)
CLASSES = ("ape", "bee", "cat")
SCORES = RNG.dirichlet([1.0, 2.0, 3.0], N)


def holed(values: list[object], share: float) -> list[object]:
    """Take a share of the values out."""
    return [None if gone else v for v, gone in zip(values, RNG.random(len(values)) < share, strict=True)]


def test_binary_counts_and_losses_are_those_of_the_rows() -> None:
    labels = holed(["yes" if hit else "no" for hit in RNG.random(N) < CHANCE], 0.3)
    scores = holed(CHANCE.tolist(), 0.1)
    decisions = holed(["yes" if p > 0.3 else "no" for p in CHANCE], 0.2)
    rows = pa.table({"p": scores, "d": decisions, "y": labels})
    layout = layout_of(rows, Roles("at", prediction="d", scores=("p",), label="y"))
    outcome = profile_table(rows, layout).outcome
    assert isinstance(outcome, BinaryOutcome)
    assert isinstance(layout.outcome, Binary)
    assert layout.outcome.positive == "yes"
    known = [(p, d, y) for p, d, y in zip(scores, decisions, labels, strict=True) if p is not None and y is not None]
    decided = [(p, (d == "yes") if d else p >= 0.5, y == "yes") for p, d, y in known]
    assert outcome.n == len(known)
    for d in (False, True):
        for y in (False, True):
            assert outcome.counts[:, int(d), int(y)].sum() == sum(row[1:] == (d, y) for row in decided)
    logs = [-math.log(p if y else 1 - p) for p, _, y in decided]
    squares = [(p - y) ** 2 for p, _, y in decided]
    assert outcome.log_loss == pytest.approx((sum(logs), sum(v**2 for v in logs)))
    assert outcome.brier == pytest.approx((sum(squares), sum(v**2 for v in squares)))
    bins = np.searchsorted(layout.outcome.bins.edges, [p for p, _, _ in known], side="right")
    assert outcome.scores == pytest.approx(np.bincount(bins, [p for p, _, _ in known], minlength=outcome.scores.size))
    assert outcome.counts.sum(axis=(1, 2)).tolist() == np.bincount(bins, minlength=outcome.scores.size).tolist()


@pytest.mark.parametrize("positive", ["1", "true", "1.0"])
@pytest.mark.parametrize("labels", [[True, False, None], [1, 0, None], [1.0, 0.0, math.nan], ["1", "0", None]])
def test_a_class_is_the_same_whatever_type_it_comes_as(labels: list[object], positive: str) -> None:
    layout = layout_of(pa.table({"p": [0.1, 0.9]}), Roles("at", scores=("p",), classes=(positive,), label="y"))
    outcome = profile_table(pa.table({"p": [0.9, 0.1, 0.5], "y": labels}), layout).outcome
    assert isinstance(outcome, BinaryOutcome)
    assert outcome.counts.sum(axis=0).tolist() == [[1, 0], [0, 1]]


def test_a_sure_and_wrong_score_costs_a_bounded_log_loss() -> None:
    layout = layout_of(pa.table({"p": [0.1, 0.9], "y": [0, 1]}), Roles("at", scores=("p",), label="y"))
    outcome = profile_table(pa.table({"p": [0.0], "y": [1]}), layout).outcome
    assert isinstance(outcome, BinaryOutcome)
    assert outcome.log_loss[0] == pytest.approx(-math.log(1e-15))


@pytest.mark.parametrize("decided", [True, False], ids=["logged decision", "largest score"])
def test_multiclass_counts_and_losses_are_those_of_the_rows(*, decided: bool) -> None:
    labels = holed([*RNG.choice([*CLASSES, "dog"], N).tolist()], 0.2)
    decisions = RNG.choice([*CLASSES, "eel"], N).tolist() if decided else [CLASSES[i] for i in SCORES.argmax(axis=1)]
    rows = pa.table({**{f"s{i}": SCORES[:, i] for i in range(3)}, "y": labels, "d": decisions})
    roles = Roles(
        "at", prediction="d" if decided else None, scores=("s0", "s1", "s2"), classes=CLASSES, label="y", ignore=("d",)
    )
    layout = layout_of(rows, roles)
    assert isinstance(layout.outcome, Multiclass)
    outcome = profile_table(rows, layout).outcome
    assert isinstance(outcome, MulticlassOutcome)
    at = {name: i for i, name in enumerate(CLASSES)}
    confusion, confidence, sums = np.zeros((4, 4), int), np.zeros((20, 2), int), np.zeros(20)
    losses = []
    for scores, d, y in zip(SCORES.tolist(), decisions, labels, strict=True):
        if y is None:
            continue
        confusion[at.get(d, 3), at.get(y, 3)] += 1
        if d in at:
            cell = min(int(scores[at[d]] * 20), 19)
            confidence[cell, int(d == y)] += 1
            sums[cell] += scores[at[d]]
        if y in at:
            losses.append(-math.log(max(scores[at[y]], 1e-15)))
    assert outcome.confusion.tolist() == confusion.tolist()
    assert outcome.confidence.tolist() == confidence.tolist()
    assert outcome.confidence_sums == pytest.approx(sums)
    assert outcome.scored == len(losses)
    assert outcome.log_loss == pytest.approx((sum(losses), sum(v**2 for v in losses)))


def test_regression_sums_are_those_of_the_rows() -> None:
    label = RNG.normal(5, 2, N)
    predicted = label + RNG.normal(0.3, 1, N)
    reference = pa.table({"v": predicted, "y": label})
    layout = layout_of(reference, Roles("at", prediction="v", label="y"))
    assert isinstance(layout.outcome, Regression)
    rows = pa.table({"v": [*predicted[:50], None, 1.0, math.inf], "y": [*label[:50], 1.0, None, 2.0]})
    outcome = profile_table(rows, layout).outcome
    assert isinstance(outcome, RegressionOutcome)
    e, y = (predicted - label)[:50], label[:50] - label.mean()
    assert outcome.n == 50
    found = (outcome.error, outcome.absolute, outcome.square, outcome.fourth, outcome.label, outcome.label_square)
    assert found == pytest.approx([v.sum() for v in (e, abs(e), e**2, e**4, y, y**2)])


def test_outcomes_of_groups_add_up_to_the_whole() -> None:
    rows = pa.table({"p": CHANCE, "y": RNG.random(N) < CHANCE})
    layout = layout_of(rows, Roles("at", scores=("p",), label="y"))
    whole = profile_table(rows, layout).outcome
    parts = [p.outcome for p in profile_groups(rows, layout, Groups(RNG.integers(0, 5, N), 5))]
    assert isinstance(whole, BinaryOutcome)
    assert sum(p.counts for p in parts if isinstance(p, BinaryOutcome)).tolist() == whole.counts.tolist()
