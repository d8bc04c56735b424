"""Where a share will lie that is expected of few hits, against simulated ones."""

import numpy as np
import pytest

from monitor.stats.intervals import prediction_interval, wilson_interval


@pytest.mark.parametrize(
    ("rows", "share"),
    [
        # hits that are few, so that there may be none
        (60, 0.03),
        (100, 0.04),
        # about fifteen, and many
        (100, 0.15),
        (5000, 0.3),
        # few misses
        (60, 0.95),
    ],
)
def test_shares_lie_where_they_are_expected_and_miss_on_neither_side(rows: int, share: float) -> None:
    hits = np.random.default_rng(rows).binomial(rows, share, 20_000) / rows
    low, high = prediction_interval(share, np.sqrt(share * (1 - share) / rows), rows)
    below, above = np.mean(hits < low), np.mean(hits > high)
    assert max(below, above) <= 0.03
    # no wider than whole rows make it
    assert np.mean((hits <= low + 1 / rows) | (hits >= high - 1 / rows)) >= 0.02


def test_a_number_of_small_deviation_lies_as_a_normal_one() -> None:
    assert prediction_interval(0.4, 0.001, 50) == pytest.approx((0.4 - 0.00196, 0.4 + 0.00196), abs=1e-5)


def test_an_interval_stays_within_all_shares_where_little_is_known() -> None:
    assert prediction_interval(0.5, 0.6, 3) == (0.0, 1.0)
    assert prediction_interval(0.01, 0.2, 3) == (0.0, 1.0)


@pytest.mark.parametrize(("value", "error"), [(0.0, 0.1), (1.0, 0.1), (0.5, 0.0)])
def test_at_an_end_or_without_deviation_the_rows_count(value: float, error: float) -> None:
    assert prediction_interval(value, error, 20) == wilson_interval(20 * value, 20)
