"""The area under the ROC curve against scikit-learn, its error and p-value against simulation."""

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from monitor.stats.intervals import rise_test
from monitor.stats.ranking import roc_auc

EDGES = np.linspace(-3, 5, 39)


def binned(draw: np.random.Generator, rows: int, *, base: float = 0.3, apart: float = 1.0) -> tuple[np.ndarray, ...]:
    positive = draw.random(rows) < base
    codes = np.searchsorted(EDGES, draw.normal(size=rows) + apart * positive)
    return tuple(np.bincount(codes[positive == side], minlength=40) for side in (False, True))


@pytest.mark.parametrize("seed", range(5))
def test_it_is_scikit_learns_when_every_score_has_its_own_bin(seed: int) -> None:
    draw = np.random.default_rng(seed)
    scores, labels = draw.integers(0, 12, 300), draw.random(300) < 0.4
    found = roc_auc(*(np.bincount(scores[labels == side], minlength=12) for side in (False, True)))
    assert found.value == pytest.approx(roc_auc_score(labels, scores))


def test_one_class_has_no_ranking() -> None:
    assert roc_auc(np.array([3, 4]), np.array([0, 0])) is None
    assert roc_auc(np.array([0, 0]), np.array([3, 4])) is None


def test_a_perfect_ranking_of_few_rows_is_not_certain() -> None:
    found = roc_auc(np.array([5, 0]), np.array([0, 5]))
    assert found.value == 1
    assert found.low < 0.7


@pytest.mark.parametrize(("rows", "base", "apart"), [(1000, 0.3, 1.0), (300, 0.3, 1.5), (1000, 0.1, 2.0)])
def test_interval_and_p_value_keep_their_promise(rows: int, base: float, apart: float) -> None:
    draw = np.random.default_rng(rows)
    truth = roc_auc(*binned(draw, 1_000_000, base=base, apart=apart)).value
    pairs = [[roc_auc(*binned(draw, n, base=base, apart=apart)) for n in (5000, rows)] for _ in range(800)]
    assert 0.92 < np.mean([c.low <= truth <= c.high for _, c in pairs]) < 0.98
    p = np.array([rise_test(c, r) for r, c in pairs])
    for level in (0.05, 0.01):
        assert np.mean(p <= level) <= level + 3 * np.sqrt(level / 800)
    assert np.mean(p <= 0.2) > 0.1
