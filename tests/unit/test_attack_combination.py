"""Rows whose values do not go together, beside what is known of the density and beside scikit-learn's boosting."""

import numpy as np
import pytest
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.metrics import roc_auc_score

from monitor.detectors.attack.combination import Combination
from monitor.detectors.attack.space import Rows

Floats = np.ndarray


def population(rows: int, seed: int, *, apart: bool = False) -> Rows:
    """Give four numbers and two categories that hang on two hidden ones; apart: every column is shuffled by itself."""
    rng = np.random.default_rng(seed)
    hidden = rng.normal(size=(rows, 2))
    numbers = hidden @ np.array([[1.0, 0.8, 0.0, -0.5], [0.0, 0.6, 1.0, 0.5]]) + 0.4 * rng.normal(size=(rows, 4))
    codes = np.column_stack([np.digitize(hidden[:, 0], [-0.5, 0.5]), np.digitize(hidden[:, 1], [0.0])])
    if apart:
        numbers, codes = (np.column_stack([rng.permutation(c) for c in one.T]) for one in (numbers, codes))
    return Rows(numbers, codes)


def classes(rows: Rows) -> np.ndarray:
    return (rows.numbers[:, 0] + rows.numbers[:, 2] > 0).astype(np.int64)


@pytest.fixture(scope="module")
def learned() -> Combination:
    rows = population(4000, 1)
    return Combination.of(rows, classes(rows), rng=np.random.default_rng(2))


def test_shuffled_rows_are_told_about_as_well_as_by_scikit_learn(learned: Combination) -> None:
    rows, fresh, made = population(4000, 1), population(3000, 3), population(3000, 4, apart=True)
    truth = np.repeat([0, 1], 3000)
    own = np.concatenate([learned.statistics(one, classes(one))["combination"] for one in (fresh, made)])
    shuffled = population(4000, 11, apart=True)  # of other rows: exact shuffles leave a greedy first cut nothing
    flat = [np.concatenate([one.numbers, one.codes], axis=1) for one in (rows, shuffled, fresh, made)]
    peer = HistGradientBoostingClassifier(random_state=0).fit(np.vstack(flat[:2]), np.repeat([0, 1], 4000))
    its = roc_auc_score(truth, peer.decision_function(np.vstack(flat[2:])))
    assert roc_auc_score(truth, own) > its - 0.01 > 0.8


def test_fresh_honest_rows_lie_beyond_a_limit_of_held_out_ones_as_often_as_these(learned: Combination) -> None:
    held, fresh = population(4000, 5), population(20_000, 6)
    for name in ("combination", "answer"):
        limit = np.quantile(learned.statistics(held, classes(held))[name], 0.95)
        assert (learned.statistics(fresh, classes(fresh))[name] > limit).mean() == pytest.approx(0.05, abs=0.015)


def test_another_rows_answer_is_unlikely(learned: Combination) -> None:
    rows = population(4000, 7)
    limit = np.quantile(learned.statistics(rows, classes(rows))["answer"], 0.95)
    assert (learned.statistics(rows, 1 - classes(rows))["answer"] > limit).mean() > 0.8


@pytest.mark.parametrize("classed", [0, -1])
def test_what_cannot_be_learned_is_undefined(classed: int) -> None:
    rng = np.random.default_rng(8)
    rows = Rows(rng.normal(size=(800, 1)), np.zeros((800, 0), np.int64))
    found = Combination.of(rows, np.full(800, classed), rng=rng).statistics(rows, np.full(800, classed))
    assert np.isnan(found["combination"]).all()
    assert np.isnan(found["answer"]).all()


def test_what_is_missing_or_unheard_of_has_a_cell_of_its_own(learned: Combination) -> None:
    rows = Rows(np.array([[np.nan, np.inf, -np.inf, 0.0]]), np.array([[-1, 900]]))
    assert np.isfinite(learned.statistics(rows, np.array([0]))["combination"]).all()


def test_it_comes_back_from_its_arrays_as_it_was(learned: Combination) -> None:
    rows = population(200, 9)
    again = Combination.from_arrays(learned.arrays())
    for name, values in learned.statistics(rows, classes(rows)).items():
        np.testing.assert_array_equal(again.statistics(rows, classes(rows))[name], values)


@pytest.mark.parametrize("column", range(6))
def test_a_value_that_is_not_looked_at_makes_no_row_odd_and_hides_not_that_the_others_are(
    learned: Combination, column: int
) -> None:
    honest, made = population(4000, 7), population(3000, 8, apart=True)
    limit = {name: np.quantile(found, 0.95) for name, found in learned.statistics(honest, classes(honest)).items()}

    def odd(rows: Rows) -> Floats:
        unlooked = np.zeros((len(rows), 6), np.bool_)
        unlooked[:, column] = True
        numbers, codes = rows.numbers.copy(), rows.codes.copy()
        if column < 4:
            numbers[:, column] = np.nan
        else:
            codes[:, column - 4] = 0
        found = learned.statistics(Rows(numbers, codes), classes(rows), unlooked)
        return np.array([(found[name] > limit[name]).mean() for name in ("combination", "answer")])

    assert (odd(honest) < 0.06).all()
    assert odd(made)[0] > 0.25
