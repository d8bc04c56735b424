"""What is expected before labels come, against the same numbers worked out row by row and by simulation."""

from collections.abc import Callable

import numpy as np
import pytest
from scipy import optimize, special
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
    # a landing takes many
    (np.interp(SCORES, [0, 0.3, 0.7, 1], [0.05, 0.5, 0.5, 0.95]), 40_000, "waves"),
    # few labels of a landing say little against the scores
    (np.interp(SCORES, [0, 0.3, 0.7, 1], [0.05, 0.5, 0.5, 0.95]), 500, ""),
    # a cliff
    (np.where(SCORES < 0.6, 0.1, 0.8), 4000, "waves"),
    # hits are rare, and scores far too high
    (SCORES / 50, 4000, ""),
    # scores that say nothing
    (np.full(SIZE, 0.3), 4000, "beta"),
)


@pytest.mark.parametrize(("true", "n", "name"), MAPS)
def test_maps_are_believed_as_far_as_they_are_better_and_err_as_little_as_they_say(
    true: np.ndarray, n: int, name: str
) -> None:
    rng = np.random.default_rng(5)
    rows = rng.multinomial(n, np.full(SIZE, 1 / SIZE))
    believed, inside, total = [], [], []
    for _ in range(40):
        relied = relied_on(rows, rng.binomial(rows, true), SCORES)
        assert relied is not None
        assert sum(relied.weights.values()) == pytest.approx(1)
        chances, roots = relied.at(SCORES)
        believed.append(sum(weight for kind, weight in relied.weights.items() if kind.startswith(name)))
        inside.append(np.abs(chances - true) <= 2.5 * np.sqrt((roots**2).sum(axis=1)) + 0.01)
        total.append(abs(rows @ (chances - true)) / n)
    assert np.mean(believed) >= 0.5
    assert np.mean(inside) > 0.93
    assert np.mean(total) < 1.1 * np.sqrt(2 / np.pi * true.mean() * (1 - true.mean()) / n)


def test_the_beta_map_is_the_one_that_a_general_optimiser_finds() -> None:
    rng = np.random.default_rng(6)
    rows = rng.multinomial(40_000, np.full(SIZE, 1 / SIZE))
    hits = rng.binomial(rows, SCORES**2)
    relied = relied_on(rows, hits, SCORES)
    assert relied is not None
    up, down = np.log(SCORES), np.log1p(-SCORES)

    def odds(weights: np.ndarray) -> np.ndarray:
        return up - down + 2 * weights[0] + (up - down) / 2 * weights[1] + (up + down) / 4 * weights[2]

    def loss(weights: np.ndarray) -> float:
        return float(rows @ np.logaddexp(0, odds(weights)) - hits @ odds(weights) + weights @ weights / 2)

    found = optimize.minimize(loss, np.zeros(3), tol=1e-12).x
    assert relied.weights["beta"] > 0.8
    assert relied.at(SCORES)[0] == pytest.approx(special.expit(odds(found)), abs=0.005)


def test_scores_beyond_all_that_was_labelled_go_on_in_the_same_way() -> None:
    rows, scores = np.full(30, 200), np.linspace(0.3, 0.6, 30)
    relied = relied_on(rows, np.rint(rows * scores**2).astype(int), scores)
    assert relied is not None
    chances, roots = relied.at(np.array([0.0, 0.25, 0.65, 1.0]))
    assert np.all(np.diff(chances) > 0)
    assert chances[1:3] == pytest.approx([0.25**2, 0.65**2], abs=0.03)
    errors = np.sqrt((relied.at(np.array([0.45, 0.65, 0.8]))[1] ** 2).sum(axis=1))
    assert np.all(np.diff(errors) > 0)
    assert np.isfinite(roots).all()


@pytest.mark.parametrize("hits", [0, 50])
def test_labels_of_one_class_value_no_score(hits: int) -> None:
    assert relied_on(np.array([50]), np.array([hits]), np.array([0.3])) is None
