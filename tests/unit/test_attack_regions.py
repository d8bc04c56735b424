"""Rows are odd beside the rows of their own region, and weak signs that point one way make a strong one."""

import numpy as np
import pytest
from numpy.typing import NDArray

from monitor.detectors.attack.indicators import TAILS
from monitor.detectors.attack.regions import DOUBTS, FEWEST, Regions, doubt_of

Points = NDArray[np.float32]
KNN = list(TAILS).index("far_from_population")
NO_CATEGORIES = np.empty((20_000, 0), np.int64)
USUAL = {name: np.linspace(-3, 3, 2001) for name in DOUBTS}


def population(rows: int, seed: int) -> tuple[Points, NDArray[np.bool_]]:
    """Give points of a dense middle and of a thin edge, and which are the edge's."""
    rng = np.random.default_rng(seed)
    edge = rng.random(rows) < 0.15
    points = rng.normal(0, 1, (rows, 2)) * np.where(edge, 3.0, 0.5)[:, None] + np.where(edge, 8.0, 0.0)[:, None]
    return points.astype(np.float32), edge


def statistics(points: Points) -> dict[str, NDArray[np.float64]]:
    """Give statistics that are larger at the edge, as distances are."""
    distance = np.linalg.norm(points, axis=1).astype(float)
    return {tail.statistic: distance for tail in TAILS.values()}


def fitted(held: int = 4000) -> Regions:
    points, rest = population(1500, 1)[0], population(held, 2)[0]
    return Regions.of(points, rest, NO_CATEGORIES[: len(rest)], statistics(rest), rng=np.random.default_rng(3))


def test_a_segment_at_the_edge_shows_signs_hardly_more_often_than_any_other() -> None:
    regions, (points, edge) = fitted(), population(20_000, 4)
    values = statistics(points)["knn"]
    by_region, by_all = values > regions.limits[KNN][regions.at(points)], values > np.quantile(values, 0.95)
    assert by_region.mean() == pytest.approx(0.05, abs=0.01)
    assert by_region[edge].mean() < TAILS["far_from_population"].slack * 0.05
    assert by_all[edge].mean() > 0.3


def test_where_few_held_rows_fall_all_of_them_tell() -> None:
    few = fitted(held=FEWEST - 1)
    assert few.limits.shape == (len(TAILS), 1)
    rest = population(FEWEST - 1, 2)[0]
    assert few.limits[KNN, 0] == pytest.approx(np.quantile(statistics(rest)["knn"], 0.95))


def categories(edge: NDArray[np.bool_], *, rare: float, seed: int) -> NDArray[np.int64]:
    """Give a column of which category 1 is a part of the edge only, and one of no meaning."""
    rng = np.random.default_rng(seed)
    return np.stack([(edge & (rng.random(edge.size) < rare)).astype(np.int64), rng.integers(0, 5, edge.size)], axis=1)


def test_a_category_whose_rows_lie_far_out_is_held_to_its_own_rows_and_others_to_their_region() -> None:
    (points, _), (rest, edge) = population(1500, 1), population(4000, 2)
    far = statistics(rest)
    codes = categories(edge, rare=0.1, seed=6)
    for values in far.values():
        values[codes[:, 0] == 1] += 20
    regions = Regions.of(points, rest, codes, far, rng=np.random.default_rng(3))
    assert {tuple(one) for one in regions.odd.tolist()} == {(0, 1)}
    plain = Regions.of(points, rest, NO_CATEGORIES[:4000], far, rng=np.random.default_rng(3))
    assert (regions.limits == plain.limits).all()
    new, there = population(20_000, 7)
    codes, values = categories(there, rare=0.1, seed=8), statistics(new)
    own = codes[:, 0] == 1
    for each in values.values():
        each[own] += 20
    _, shown, worst = regions.shown(values, new, codes)
    assert shown[own, KNN].mean() < TAILS["far_from_population"].slack * 0.05
    assert not worst[own, KNN].any()
    assert plain.shown(values, new, NO_CATEGORIES)[1][own, KNN].mean() > 0.4
    assert (shown[~own] == plain.shown(values, new, NO_CATEGORIES)[1][~own]).all()
    for each in values.values():
        each[own] += 40
    assert regions.shown(values, new, codes)[1][own, KNN].mean() > 0.95


def test_equal_points_are_one_region_and_what_is_undefined_shows_no_sign() -> None:
    points = np.zeros((500, 2), np.float32)
    found = {tail.statistic: np.full(500, np.nan) for tail in TAILS.values()}
    regions = Regions.of(points, points, NO_CATEGORIES[:500], found, rng=np.random.default_rng(5))
    assert regions.at(points).tolist() == [0] * 500
    assert np.isnan(regions.limits).all()
    assert np.isnan(regions.rare).all()


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ((2.0, 2.0, 2.0), (2.7, 0.0, 0.0)),  # three weak signs say more than one strong one
        ((2.0, 0.0, 0.0), (2.0, np.nan, -2.0)),  # what is undefined says nothing
        ((2.0, np.nan, np.nan), (1.0, np.nan, np.nan)),  # without scores and trees the others are left
        ((2.0, 2.0, 2.0), (9.0, -2.0, -2.0)),  # one alone counts with four deviations at most
    ],
)
def test_the_first_row_is_more_doubtful_than_the_second(one: tuple[float, ...], other: tuple[float, ...]) -> None:
    first, second = doubt_of(USUAL, {name: np.array(pair) for name, *pair in zip(DOUBTS, one, other, strict=True)})
    assert first > second


def test_a_row_of_which_all_is_undefined_is_neither_doubtful_nor_not() -> None:
    nothing = {name: np.array([np.nan]) for name in DOUBTS}
    assert np.isnan(doubt_of(USUAL, nothing)).all()
    assert np.isnan(doubt_of({name: np.empty(0) for name in DOUBTS}, nothing)).all()
