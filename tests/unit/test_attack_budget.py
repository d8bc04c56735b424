"""With how many rows a model can be copied, on models whose answers are simple, hard and of chance."""

import numpy as np

from monitor.detectors.attack.budget import MOST, model_budget


def points(rows: int = 12_000, dimensions: int = 6) -> np.ndarray:
    return np.random.default_rng(1).normal(size=(rows, dimensions)).astype(np.float32)


def budget(classes: np.ndarray) -> int:
    return model_budget(points(len(classes)), classes.astype(np.int64), rng=np.random.default_rng(2))


def test_a_simple_model_is_copied_with_fewer_rows_than_a_hard_one() -> None:
    held = points()
    simple, hard = budget(held[:, 0] > 0), budget((held[:, 0] > 0) ^ (held[:, 1] > 0))
    assert 0 < simple < hard <= MOST


def test_answers_of_chance_cannot_be_copied() -> None:
    assert budget(np.random.default_rng(3).random(12_000) > 0.5) == 0


def test_a_copy_must_do_better_than_one_answer_for_all() -> None:
    rare = np.random.default_rng(4).random(12_000) < 0.05
    assert budget(rare) == 0


def test_without_answers_it_is_unknown() -> None:
    assert budget(np.full(500, -1)) == 0
