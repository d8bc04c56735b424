"""Trees over codes, against scikit-learn's boosting and against nothing to be found."""

import numpy as np
from sklearn.ensemble import HistGradientBoostingRegressor

from monitor.stats.boosting import BERNOULLI, POISSON, boosted


def test_trees_come_as_near_to_the_truth_as_scikit_learns() -> None:
    rng = np.random.default_rng(1)
    codes = rng.integers(0, 60, (4, 9000)).astype(np.uint8)
    mean = np.exp(np.where(codes[0] > 30, 1.0, -1.0) * np.where(codes[1] > 20, 1.0, 0.2))
    target = mean * rng.exponential(size=mean.size)
    trees = boosted(codes[:, :6000], target[:6000], np.zeros(6000), POISSON)
    peer = HistGradientBoostingRegressor(loss="poisson", max_leaf_nodes=8, max_iter=60).fit(
        codes[:, :6000].T, target[:6000]
    )
    own, its = POISSON.mean(trees.at(codes[:, 6000:])), peer.predict(codes[:, 6000:].T)
    assert np.abs(own - mean[6000:]).mean() < 1.1 * np.abs(its - mean[6000:]).mean()


def test_nothing_to_be_found_grows_next_to_nothing() -> None:
    rng = np.random.default_rng(2)
    codes = rng.integers(0, 60, (5, 4000)).astype(np.uint8)
    sums = np.zeros(4000)
    for family, target in ((POISSON, rng.exponential(size=4000)), (BERNOULLI, rng.integers(0, 2, 4000) * 1.0)):
        trees = boosted(codes, target, sums, family)
        assert np.abs(trees.at(codes)).mean() < 0.12


def test_no_trees_add_nothing() -> None:
    trees = boosted(np.zeros((1, 40), np.uint8), np.ones(40), np.zeros(40), POISSON)
    assert not trees.values.size
    assert (trees.at(np.zeros((1, 3), np.uint8)) == 0).all()
