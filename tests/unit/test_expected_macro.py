"""Averages over classes that are expected before labels: their slopes, and what drawn labels make of them."""

from collections.abc import Callable

import numpy as np
import pytest
from sklearn.metrics import f1_score, precision_score, recall_score

from monitor.stats.expected_macro import (
    Decided,
    ExpectedMacro,
    expected_macro_f1,
    expected_macro_precision,
    expected_macro_recall,
)

COUNTS = np.array([[400, 900, 300], [200, 150, 500], [80, 60, 40]])
CHANCES = np.array([[0.5, 0.8, 0.95], [0.4, 0.6, 0.9], [0.3, 0.5, 0.7]])
WRONGS = np.array([[0, 0.6, 0.3, 0.1], [0.7, 0, 0.2, 0.1], [0.5, 0.4, 0, 0.1]])
ROWS = Decided(COUNTS, CHANCES, WRONGS)
EACH = pytest.mark.parametrize(
    ("expecting", "peer"),
    [
        (expected_macro_precision, precision_score),
        (expected_macro_recall, recall_score),
        (expected_macro_f1, f1_score),
    ],
    ids=["precision", "recall", "f1"],
)
Expecting = Callable[[Decided], ExpectedMacro | None]


def drawn(draw: np.random.Generator, counts: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Draw rows' labels by their chances; give what was decided, and the labels, 3 being any other."""
    said, chance = (np.repeat(part, counts.ravel()) for part in (np.repeat(np.arange(3), 3), CHANCES.ravel()))
    others = (draw.random(said.size)[:, None] > WRONGS.cumsum(axis=1)[said, :3]).sum(axis=1)
    return said, np.where(draw.random(said.size) < chance, said, others)


@EACH
def test_it_and_its_variance_are_what_drawn_labels_come_to(expecting: Expecting, peer: Callable[..., float]) -> None:
    draw, found = np.random.default_rng(1), expecting(ROWS)
    assert found is not None
    real, (each_said, each_was) = [], np.divmod(np.arange(12), 4)
    for _ in range(300):
        said, was = drawn(draw, COUNTS)
        rows = np.bincount(said * 4 + was, minlength=12)
        real.append(peer(each_was, each_said, labels=[0, 1, 2], average="macro", sample_weight=rows))
    assert abs(np.mean(real) - found.value) < 4 * np.std(real) / 300**0.5
    assert 0.8 < np.var(real) / found.label_variance(ROWS) < 1.25


@EACH
def test_rows_drawn_anew_vary_it_as_it_says(expecting: Expecting, peer: Callable[..., float]) -> None:  # noqa: ARG001
    draw, found = np.random.default_rng(2), expecting(ROWS)
    shares = COUNTS.ravel() / COUNTS.sum()
    anew = [draw.multinomial(COUNTS.sum(), shares).reshape(COUNTS.shape) for _ in range(1500)]
    values = [one.value for rows in anew if (one := expecting(Decided(rows, CHANCES, WRONGS)))]
    assert found is not None
    assert 0.85 < np.var(values) / found.row_variance(ROWS) < 1.15
    assert abs((COUNTS * found.by_row).sum() / COUNTS.sum()) < 1e-9


@EACH
def test_without_rows_nothing_is_expected(expecting: Expecting, peer: Callable[..., float]) -> None:  # noqa: ARG001
    assert expecting(Decided(np.zeros_like(COUNTS), CHANCES, WRONGS)) is None


def test_a_class_that_is_neither_decided_nor_likely_is_left_out() -> None:
    counts = np.where(np.arange(3)[:, None] < 2, COUNTS, 0)
    never = Decided(counts, CHANCES, np.array([[0, 1.0, 0, 0], [1.0, 0, 0, 0], [0.5, 0.5, 0, 0]]))
    two = Decided(counts[:2], CHANCES[:2], np.array([[0, 1.0, 0], [1.0, 0, 0]]))
    for expecting in (expected_macro_precision, expected_macro_recall, expected_macro_f1):
        three, pair = expecting(never), expecting(two)
        assert three is not None
        assert pair is not None
        assert three.value == pytest.approx(pair.value)
