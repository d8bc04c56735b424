"""Whether two samples of many columns can be told apart by a classifier, and which columns it tells them by."""

import math
from collections.abc import Callable, Sequence
from importlib import import_module
from typing import NamedTuple

import numpy as np
import scipy
from numpy.typing import NDArray
from scipy.special import ndtr

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]
Scorer = Callable[[Floats], Floats]
Fit = Callable[[Floats, Flags, Sequence[int]], Scorer]

FOLDS = 5
FEWEST_ROWS = 25
MOST_ROWS = 5_000
MOST_CODES = 255
"""Codes of a category are smaller than this."""


class Separation(NamedTuple):
    """How well rows tell their sample. auc: 0.5 is not at all, 1 always; losses: shape (columns,), what each adds."""

    auc: float
    p_value: float
    losses: Floats


def fitted_trees(rows: Floats, is_after: Flags, categorical: Sequence[int]) -> Scorer:
    """Fit boosted trees that tell rows of `after` from the others; what they give scores rows. (Friedman 2001)."""
    # scikit-learn takes two seconds to import: only who fits waits for it
    trees = import_module("sklearn.ensemble").HistGradientBoostingClassifier(
        learning_rate=0.05,
        max_iter=50,
        max_leaf_nodes=8,
        early_stopping=False,
        categorical_features=list(categorical) or None,
        random_state=0,
    )
    # it cannot bin a column without any value
    filled = np.where(np.isnan(rows).all(axis=0), 0.0, rows)
    score: Scorer = trees.fit(filled, is_after).decision_function
    return score


def classifier_two_sample_test(
    before: Floats,
    after: Floats,
    *,
    rng: np.random.Generator,
    categorical: Sequence[int] = (),
    fit: Fit = fitted_trees,
) -> Separation | None:
    """Compare samples of shape (rows, columns) and (other rows, columns); None below 25 rows on either side.

    NaN is a missing value; `categorical` are the places of columns that hold codes, whole numbers from 0 below 255.
    auc: of the classifier that `fit` gives, on rows that it was not fitted on, the mean of five folds. losses: how much
    of it is lost when a column of those rows is permuted; columns that say the same stand in for each other, so each
    loses little.
    p_value: one-sided, for independent rows, of Mann-Whitney tests of four folds, each scored by one fitted on the
    folds before it alone: these tests are independent of each other when nothing differs. Folds that are fitted on
    each other are not: the variance of their mean is about twice as large as that of independent ones.
    Blind to what needs more rows than there are, and to columns that are not given.
    (Breiman 2001; Friedman 2003; Bengio & Grandvalet 2004; Lopez-Paz & Oquab 2017; Kim et al. 2021)
    """
    if min(len(before), len(after)) < FEWEST_ROWS:
        return None
    rows = np.concatenate([before, after])
    is_after = np.arange(len(rows)) >= len(before)
    folds = np.concatenate([rng.permutation(len(side)) % FOLDS for side in (before, after)])

    def fitted(known: Flags) -> Scorer:
        return fit(rows[known], is_after[known], categorical)

    p_value = _forward_p_value(rows, is_after, folds, fitted)
    found = [_left_out(rows, is_after, folds == fold, fitted, rng) for fold in range(FOLDS)]
    aucs, losses = zip(*found, strict=True)
    return Separation(float(np.mean(aucs)), p_value, np.mean(losses, axis=0))


def _forward_p_value(
    rows: Floats, is_after: Flags, folds: NDArray[np.intp], fitted: Callable[[Flags], Scorer]
) -> float:
    # the more rows a fold's classifier has seen, the more it weighs
    weights = np.sqrt(np.arange(1, FOLDS))
    deviates = []
    for fold in range(1, FOLDS):
        score, tested = fitted(folds < fold), folds == fold
        deviates.append(_deviate(score(rows[tested]), is_after[tested]))
    return float(ndtr(-(weights @ deviates) / math.sqrt(weights @ weights)))


def _left_out(
    rows: Floats, is_after: Flags, tested: Flags, fitted: Callable[[Flags], Scorer], rng: np.random.Generator
) -> tuple[float, Floats]:
    score = fitted(~tested)
    held, sides = rows[tested], is_after[tested]
    auc = _auc(score(held), sides)
    losses = np.zeros(rows.shape[1])
    for place in range(rows.shape[1]):
        permuted = held.copy()
        permuted[:, place] = rng.permutation(held[:, place])
        losses[place] = auc - _auc(score(permuted), sides)
    return auc, losses


def _auc(scores: Floats, is_after: Flags) -> float:
    n = int(is_after.sum())
    return float((scipy.stats.rankdata(scores)[is_after].sum() - n * (n + 1) / 2) / (n * (is_after.size - n)))


def _deviate(scores: Floats, is_after: Flags) -> float:
    """Give the rank sum in standard deviations of a random choice of rows; 0 when all scores are the same."""
    ranks, n = scipy.stats.rankdata(scores), int(is_after.sum())
    variance = n * (ranks.size - n) / ranks.size * float(ranks.var(ddof=1))
    excess = float(ranks[is_after].sum()) - n * (ranks.size + 1) / 2
    return excess / math.sqrt(variance) if variance else 0.0
