"""Macro averages and F1 against scikit-learn, intervals and p-values against simulation."""

import numpy as np
import pytest
from sklearn import metrics

from monitor.stats.classification import f1_score, macro_f1, macro_precision, macro_recall
from monitor.stats.intervals import rise_test, share_estimate

MACROS = [macro_f1, macro_precision, macro_recall]


def confusion(predicted: np.ndarray, labels: np.ndarray, classes: int) -> np.ndarray:
    table = np.zeros((classes + 1, classes + 1), np.int64)
    np.add.at(table, (predicted, labels), 1)
    return table


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("metric", MACROS)
def test_macro_averages_are_scikit_learns(metric: object, seed: int) -> None:
    draw = np.random.default_rng(seed)
    # the fourth class is hardly ever met, and then left out
    labels, predicted = draw.choice(4, (2, 60), p=[0.5, 0.29, 0.2, 0.01])
    theirs = getattr(metrics, metric.__name__.removeprefix("macro_") + "_score")
    expected = theirs(labels, predicted, average="macro", zero_division=np.nan)
    assert metric(confusion(predicted, labels, 4)).value == pytest.approx(expected)


def test_f1_is_scikit_learns() -> None:
    labels, predicted = np.random.default_rng(3).integers(0, 2, (2, 80))
    hits, mistakes = int((labels & predicted).sum()), int((labels != predicted).sum())
    assert f1_score(hits, mistakes).value == pytest.approx(metrics.f1_score(labels, predicted))


def test_nothing_to_average_is_undefined() -> None:
    assert f1_score(0, 0) is None
    assert share_estimate(0, 0) is None
    assert all(metric(np.zeros((4, 4), np.int64)) is None for metric in MACROS)


def test_a_class_the_model_does_not_know_is_a_mistake() -> None:
    known = np.array([[5, 0, 0], [0, 5, 0], [0, 0, 0]])
    odd = np.array([[5, 0, 5], [0, 5, 0], [0, 0, 0]])
    assert macro_precision(known).value == 1
    assert macro_precision(odd).value == 0.75


@pytest.mark.parametrize("metric", MACROS)
@pytest.mark.parametrize(("rows", "right"), [(1000, 0.7), (1000, 0.95), (150, 0.7)])
def test_interval_and_p_value_keep_their_promise(metric: object, rows: int, right: float) -> None:
    draw = np.random.default_rng(rows)
    shares = np.zeros((4, 4))
    shares[:3, :3] = np.array([0.5, 0.3, 0.2]) * np.where(np.eye(3, dtype=bool), right, (1 - right) / 2)
    truth = metric((shares * 1e12).astype(np.int64)).value
    pairs = [[metric(draw.multinomial(n, shares.ravel()).reshape(4, 4)) for n in (20_000, rows)] for _ in range(800)]
    assert 0.92 < np.mean([c.low <= truth <= c.high for _, c in pairs]) < 0.99
    p = np.array([rise_test(c, r) for r, c in pairs])
    for level in (0.05, 0.01):
        assert np.mean(p <= level) <= level + 3 * np.sqrt(level / 800)
    assert np.mean(p <= 0.2) > 0.1


@pytest.mark.parametrize(("rows", "share"), [(40, 0.1), (400, 0.5), (2000, 0.02)])
def test_f1_and_share_intervals_cover(rows: int, share: float) -> None:
    hits = np.random.default_rng(rows).binomial(rows, share, 2000)
    for estimate, truth in ((share_estimate, share), (lambda h, n: f1_score(h, n - h), 2 * share / (1 + share))):
        found = [estimate(int(h), rows) for h in hits]
        assert 0.93 < np.mean([e.low <= truth <= e.high for e in found]) < 0.985
