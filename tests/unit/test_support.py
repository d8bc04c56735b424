"""How few rows of a reference speak for a window, against weights worked out row by row and what trees then miss."""

import numpy as np
import pyarrow as pa
import pytest

from monitor.detectors import ESTIMATES
from monitor.detectors.performance.support import doubt_of_hits
from monitor.profiles.arrow import layout_of, profile_table
from monitor.profiles.profile import Profile
from monitor.stats.intervals import log_interval, surely_above_zero
from monitor.stats.support import strain
from monitor.types import Roles

ROLES = Roles(timestamp="at", prediction="d", scores=("p",), label="y")


def rows(rng: np.random.Generator, n: int, *, shift: float = 0.0, sure: float = 1.5) -> pa.Table:
    x, z = rng.normal(shift, 1, n), rng.normal(0.2, sure, n)
    p, y = 1 / (1 + np.exp(-z)), rng.random(n) < 1 / (1 + np.exp(0.8 * x - z))
    return pa.table({"x": x, "p": p, "d": (p >= 0.5).astype(int), "y": y.astype(int)})


@pytest.fixture(scope="module")
def reference() -> Profile:
    table = rows(np.random.default_rng(1), 6000)
    return profile_table(table, layout_of(table, ROLES), reference=True)


def test_strain_is_the_excess_of_the_mean_square_of_weights() -> None:
    rng = np.random.default_rng(2)
    before, share = np.full(16, 5000), rng.dirichlet(np.full(16, 2.0))
    found = [strain(before, rng.multinomial(500, share)) for _ in range(400)]
    weights = np.repeat(share * 16, 5000)
    assert np.mean(found) == pytest.approx((weights**2).mean() - 1, rel=0.03)


def test_windows_like_the_reference_are_hardly_strained_and_empty_ones_not_at_all() -> None:
    rng = np.random.default_rng(3)
    before = rng.multinomial(5000, np.full(128, 1 / 128))
    assert np.mean([strain(before, rng.multinomial(300, np.full(128, 1 / 128))) for _ in range(200)]) < 0.03
    assert strain(before, np.zeros(128, np.int64)) == 0
    assert strain(np.zeros(128, np.int64), before) == 0


def test_values_that_the_reference_lacks_strain_it_most() -> None:
    assert strain(np.array([9000, 1000, 0]), np.array([0, 0, 500])) > strain(
        np.array([9000, 1000, 0]), np.array([0, 500, 0])
    )


def test_the_further_rows_are_from_the_references_the_wider_the_interval(reference: Profile) -> None:
    rng = np.random.default_rng(4)
    doubts, widths = [], []
    for shift in (0.0, 1.0, 2.0):
        window = profile_table(rows(rng, 1000, shift=shift).drop_columns("y"), reference.layout)
        (found,) = ESTIMATES[1].compare(reference, window)
        doubts.append(doubt_of_hits(reference, window))
        widths.append((found.high or 0.0) - (found.low or 0.0))
    assert doubts[0] < 0.01
    assert 0.1 < doubts[1] < doubts[2]
    assert widths[0] < widths[1] < widths[2]


def test_far_from_the_reference_intervals_still_hold_what_is_realised(reference: Profile) -> None:
    rng, held = np.random.default_rng(5), []
    for shift in np.tile([-1.5, -1.0, 1.0, 1.5], 25):
        table = rows(rng, 500, shift=shift)
        (found,) = ESTIMATES[1].compare(reference, profile_table(table.drop_columns("y"), reference.layout))
        real = float((np.asarray(table["d"]) == np.asarray(table["y"])).mean())
        held.append((found.low or 0.0) <= real <= (found.high or 0.0))
    assert np.mean(held) > 0.85


@pytest.mark.parametrize("n", [12, 300])
def test_bounds_stay_within_what_a_share_can_be(reference: Profile, n: int) -> None:
    rng = np.random.default_rng(6)
    for shift, sure in ((0.0, 1.5), (3.0, 1.5), (0.0, 12.0), (-3.0, 0.1)):
        window = profile_table(rows(rng, n, shift=shift, sure=sure).drop_columns("y"), reference.layout)
        for found in (one for detector in ESTIMATES for one in detector.compare(reference, window)):
            assert found.value is None or 0 <= (found.low or 0) <= found.value <= (found.high or 0) <= 1


def test_an_interval_on_the_log_scale_holds_its_share_of_means_of_skewed_values() -> None:
    rng = np.random.default_rng(7)
    values = rng.exponential(size=(4000, 30))
    ends = [log_interval(float(row.mean()), float(row.std(ddof=1) / np.sqrt(30))) for row in values]
    held = np.mean([low <= 1 <= high for low, high in ends])
    assert 0.92 < held < 0.97
    assert log_interval(0.0, 0.5)[0] == 0


def test_what_is_not_above_zero_is_seldom_said_to_be() -> None:
    rng = np.random.default_rng(8)
    said = [surely_above_zero(rng.normal(size=10), chance=0.01) for _ in range(4000)]
    assert np.mean(said) == pytest.approx(0.01, abs=0.006)
    assert not surely_above_zero(np.array([3.0]))
    assert np.mean([surely_above_zero(rng.normal(2, 1, 10)) for _ in range(200)]) > 0.9
