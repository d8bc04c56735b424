"""What is expected before labels come, against the same numbers worked out row by row and by simulation."""

from collections.abc import Callable

import numpy as np
import pytest
from sklearn.isotonic import IsotonicRegression
from sklearn.metrics import roc_auc_score

from monitor.stats import estimation as e
from monitor.stats.reliance import relied_on

SIZE = 40
EDGES = np.linspace(0, 1, SIZE + 1)[1:-1]
EXPECTED: dict[str, Callable[..., e.Expected | None]] = {
    "accuracy": e.expected_accuracy,
    "precision": e.expected_precision,
    "recall": e.expected_recall,
    "f1": e.expected_f1,
    "roc_auc": e.expected_roc_auc,
}


def served(p: np.ndarray, d: np.ndarray) -> np.ndarray:
    return np.bincount(np.digitize(p, EDGES) * 2 + d, minlength=2 * SIZE).reshape(-1, 2)


def realised(name: str, counts: np.ndarray, hits: np.ndarray) -> float:
    """Give the number for `hits` of `counts`, both (bins, 2): what labels that are there would give."""
    found = EXPECTED[name](counts, hits / np.maximum(counts, 1))
    assert found is not None
    return found.value


ROWS = np.random.default_rng(3).beta(1.2, 1.6, 3000)
COUNTS = served(ROWS, (ROWS > 0.45).astype(int))
CHANCES = np.clip(((np.arange(SIZE) + 0.5) / SIZE) ** 1.3, 0.01, 0.99)[:, None] * np.ones(2)


def test_an_expected_auc_is_scikit_learns_with_each_row_split_by_its_chance() -> None:
    bins = np.repeat(np.arange(SIZE), COUNTS.sum(axis=1))
    chance = CHANCES[bins, 0]
    labels, weights = np.repeat([1, 0], bins.size), np.concatenate([chance, 1 - chance])
    expected = roc_auc_score(labels, np.tile(bins, 2), sample_weight=weights)
    found = e.expected_roc_auc(COUNTS, CHANCES)
    assert found is not None
    assert found.value == pytest.approx(expected)


@pytest.mark.parametrize("name", EXPECTED)
def test_slopes_by_label_are_those_of_the_number(name: str) -> None:
    found = EXPECTED[name](COUNTS, CHANCES)
    assert found is not None
    for place in ((5, 0), (25, 1), (35, 1)):
        more = CHANCES.copy()
        more[place] += 1e-6
        moved = EXPECTED[name](COUNTS, more)
        assert moved is not None
        slope = (moved.value - found.value) / 1e-6
        assert COUNTS[place] * found.by_label[place] == pytest.approx(slope, rel=1e-3, abs=1e-7)


@pytest.mark.parametrize("name", EXPECTED)
def test_variances_are_those_of_simulated_labels_rows_and_chances(name: str) -> None:
    rng = np.random.default_rng(4)
    found = EXPECTED[name](COUNTS, CHANCES)
    assert found is not None
    real = [realised(name, COUNTS, rng.binomial(COUNTS, CHANCES)) for _ in range(600)]
    assert np.mean(real) == pytest.approx(found.value, abs=0.002)
    assert np.var(real) == pytest.approx(e.label_variance(found, COUNTS, CHANCES), rel=0.2)
    n = int(COUNTS.sum())
    drawn = rng.multinomial(n, COUNTS.ravel() / n, 600).reshape(-1, SIZE, 2)
    again = [one.value for rows in drawn if (one := EXPECTED[name](rows, CHANCES))]
    assert np.var(again) == pytest.approx(e.row_variance(found, COUNTS), rel=0.2)


@pytest.mark.parametrize("name", EXPECTED)
def test_nothing_served_expects_nothing(name: str) -> None:
    assert EXPECTED[name](np.zeros((SIZE, 2), int), CHANCES) is None


SCORES = (np.arange(SIZE) + 0.5) / SIZE
MAPS = (
    # scores that mean what they say are taken at their word
    (SCORES, 4000, "raw"),
    # a smooth distortion takes three numbers
    (SCORES**2, 4000, "beta"),
    # a landing takes as many as there are steps
    (np.interp(SCORES, [0, 0.3, 0.7, 1], [0.05, 0.5, 0.5, 0.95]), 40_000, "isotonic"),
)


@pytest.mark.parametrize(("true", "n", "name"), MAPS, ids=[name for _, _, name in MAPS])
def test_a_map_is_taken_where_it_is_better_and_errs_as_little_as_it_says(true: np.ndarray, n: int, name: str) -> None:
    rng = np.random.default_rng(5)
    rows = rng.multinomial(n, np.full(SIZE, 1 / SIZE))
    names, inside = [], []
    for _ in range(60):
        relied = relied_on(rows, rng.binomial(rows, true), SCORES)
        assert relied is not None
        chances, roots = relied.at(SCORES)
        names.append(relied.name)
        inside.append(np.abs(chances - true) <= 2.5 * np.sqrt((roots**2).sum(axis=1)) + 0.01)
    assert names.count(name) >= 0.7 * len(names)
    assert np.mean(inside) > 0.93


def test_the_isotonic_map_is_scikit_learns() -> None:
    rng = np.random.default_rng(6)
    rows = rng.multinomial(30_000, np.full(SIZE, 1 / SIZE))
    hits = rng.binomial(rows, np.interp(SCORES, [0, 0.3, 0.7, 1], [0.05, 0.5, 0.5, 0.95]))
    relied = relied_on(rows, hits, SCORES)
    assert relied is not None
    assert relied.name == "isotonic"
    steps = IsotonicRegression().fit(SCORES, hits / rows, sample_weight=rows).predict(SCORES)
    for level in np.unique(steps):
        here = steps == level
        middle = np.average(SCORES[here], weights=rows[here])
        assert relied.at(np.array([middle]))[0][0] == pytest.approx(level, abs=1e-4)


@pytest.mark.parametrize("hits", [0, 50])
def test_labels_of_one_class_value_no_score(hits: int) -> None:
    assert relied_on(np.array([50]), np.array([hits]), np.array([0.3])) is None
