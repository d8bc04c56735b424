"""Trees over codes, against scikit-learn's boosting and against nothing to be found."""

import numpy as np
from sklearn.ensemble import HistGradientBoostingRegressor

from monitor.stats.boosting import BERNOULLI, POISSON, Growth, boosted, boosted_together
from monitor.stats.trees import sums_together


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


def test_columns_that_say_something_only_together_are_found_by_lots() -> None:
    rng = np.random.default_rng(3)
    codes = rng.integers(0, 60, (6, 4000)).astype(np.uint8)
    apart = (codes[2] > 30) == (codes[4] > 30)
    target = np.where(apart, 0.9, 0.1) > rng.random(4000)
    growth = Growth(depth=4, most=80, patience=20, columns=4, lots=True)
    trees = boosted(codes, target * 1.0, np.zeros(4000), BERNOULLI, growth=growth, rng=np.random.default_rng(4))
    fresh = rng.integers(0, 60, (6, 2000)).astype(np.uint8)
    right = (trees.at(fresh) > 0) == ((fresh[2] > 30) == (fresh[4] > 30))
    assert right.mean() > 0.95


def test_few_rows_are_answered_as_many_are() -> None:
    rng = np.random.default_rng(5)
    codes = rng.integers(0, 60, (4, 3000)).astype(np.uint8)
    trees = boosted(codes, (codes[0] > codes[1]) * 1.0, np.zeros(3000), BERNOULLI)
    few = np.concatenate([trees.at(codes[:, i : i + 50]) for i in range(0, 3000, 50)])
    np.testing.assert_allclose(few, trees.at(codes), rtol=1e-12)


def test_trees_grown_together_sum_up_as_each_by_itself_and_the_first_asks_as_if_alone() -> None:
    rng = np.random.default_rng(6)
    codes = rng.integers(0, 250, (4, 4000)).astype(np.uint8)
    size = np.exp(codes[0] / 125) * rng.exponential(size=4000)
    held = np.arange(4000) % 4 == 3
    targets = [size / size.mean(), size**2 / (size**2).mean()]
    both = boosted_together(codes, targets, np.zeros(4000), POISSON, held=held)
    alone = boosted(codes, targets[0], np.zeros(4000), POISSON)
    for name, array in alone.arrays().items():
        np.testing.assert_array_equal(both[0].arrays()[name][: len(array)], array)
    for one, sums in zip(both, sums_together(both, codes), strict=True):
        np.testing.assert_allclose(sums, one.at(codes))
        np.testing.assert_allclose(sums[:50], one.at(codes[:, :50]), rtol=1e-12)
    told = [POISSON.mean(one.at(codes)) for one in both]
    assert np.corrcoef(told[1], np.exp(codes[0] / 125) ** 2)[0, 1] > 0.95
