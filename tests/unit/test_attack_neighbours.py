"""Distances by one product are those that scikit-learn finds."""

import numpy as np
import pytest
from sklearn.neighbors import NearestNeighbors

from monitor.detectors.attack.neighbours import BLOCK, Points


@pytest.mark.parametrize(
    ("points", "dimensions", "count"),
    [
        (3000, 12, 5),  # many points
        (5, 2, 5),  # as many points as are asked for
        (1, 4, 1),  # one point
    ],
)
def test_distances_are_those_of_a_search_by_brute_force(points: int, dimensions: int, count: int) -> None:
    rng = np.random.default_rng(points)
    held = rng.normal(size=(points, dimensions)).astype(np.float32)
    rows = np.concatenate([rng.normal(size=(2 * BLOCK + 3, dimensions)).astype(np.float32), held[:1]])
    expected = NearestNeighbors(n_neighbors=count, algorithm="brute").fit(held.astype(np.float64)).kneighbors(rows)[0]
    assert np.allclose(Points.of(held).nearest(rows, count=count), expected, atol=5e-3)


def test_points_that_are_alike_are_each_a_neighbour() -> None:
    held = np.array([[0, 0]] * 40 + [[1, 0]] * 40, np.float32)
    assert Points.of(held).nearest(held[:1], count=50).tolist() == [[0.0] * 40 + [1.0] * 10]


def test_no_rows_have_no_distances() -> None:
    points = Points.of(np.zeros((9, 2), np.float32))
    assert points.nearest(np.zeros((0, 2), np.float32), count=5).shape == (0, 5)
