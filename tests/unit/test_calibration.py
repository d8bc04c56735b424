"""Expected calibration error against its definition, its interval and p-value against simulation."""

import numpy as np
import pytest

from monitor.stats.calibration import Reliability, calibration_shift_test, expected_calibration_error

GROUPS = 40
EDGES = np.linspace(0, 0.9, GROUPS + 1)[1:-1]


def made(draw: np.random.Generator, rows: int, power: float = 1.0) -> Reliability:
    scores = draw.beta(1, 3, rows)
    hit = draw.random(rows) < scores**power
    group = np.searchsorted(EDGES, scores)
    return Reliability(
        np.bincount(group, minlength=GROUPS),
        np.bincount(group[hit], minlength=GROUPS),
        np.bincount(group, scores, GROUPS),
    )


def test_it_is_the_weighted_gap() -> None:
    found = expected_calibration_error(Reliability(np.array([3, 1]), np.array([1, 1]), np.array([0.6, 0.9])))
    assert found.value == pytest.approx(3 / 4 * abs(1 / 3 - 0.2) + 1 / 4 * 0.1)


def test_no_rows_or_too_few_are_undefined() -> None:
    empty = Reliability(np.zeros(3, np.int64), np.zeros(3, np.int64), np.zeros(3))
    few = Reliability(np.array([4, 0, 0]), np.array([2, 0, 0]), np.array([2.0, 0, 0]))
    assert expected_calibration_error(empty) is None
    assert calibration_shift_test(empty, few) is None
    assert calibration_shift_test(few, few) is None


@pytest.mark.parametrize("rows", [200, 2000])
@pytest.mark.parametrize("power", [1.0, 1.3])
def test_interval_and_p_value_keep_their_promise(rows: int, power: float) -> None:
    draw = np.random.default_rng(rows)
    truth = expected_calibration_error(made(draw, 1_000_000, power)).value
    pairs = [(made(draw, 20_000, power), made(draw, rows, power)) for _ in range(500)]
    found = [expected_calibration_error(current) for _, current in pairs]
    assert np.mean([e.low <= truth <= e.high for e in found]) > 0.94
    p = np.array([calibration_shift_test(*pair) for pair in pairs])
    for level in (0.05, 0.01):
        assert np.mean(p <= level) <= level + 3 * np.sqrt(level / 500)
    assert np.mean(p <= 0.2) > 0.1


def test_scores_that_no_longer_mean_what_they_say_are_found() -> None:
    draw = np.random.default_rng(1)
    assert calibration_shift_test(made(draw, 20_000), made(draw, 2000, 1.5)) < 1e-5
    assert calibration_shift_test(made(draw, 20_000), made(draw, 2000, 1.5), inflation=50.0) > 0.01
