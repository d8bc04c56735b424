"""Counts of rows and silences: level by simulation, and what must be found."""

from collections.abc import Callable

import numpy as np
import pytest

from monitor.stats.volume import count_test, silence_test

RUNS = 1500
COUNTS: dict[str, Callable[[np.random.Generator, int], np.ndarray]] = {
    "a handful, Poisson": lambda draw, n: draw.poisson(5, n),
    "thousands, Poisson": lambda draw, n: draw.poisson(2000, n),
    "tens, negative binomial": lambda draw, n: draw.negative_binomial(4, 4 / 24, n),
    "thousands, negative binomial": lambda draw, n: draw.negative_binomial(4, 4 / 2004, n),
    "mostly none": lambda draw, n: draw.negative_binomial(2, 2 / 3, n),
}


@pytest.mark.parametrize("windows", [8, 26, 100])
@pytest.mark.parametrize("name", COUNTS)
def test_counts_keep_their_level(name: str, windows: int) -> None:
    draw = np.random.default_rng(windows)
    drawn = (COUNTS[name](draw, windows + 1).tolist() for _ in range(RUNS))
    p = np.array([count_test(history, rows) for *history, rows in drawn])
    for level in (0.05, 0.01):
        # the transform is about normal: a third more in the far tail of the negative binomial
        assert np.mean(p <= level) <= 4 / 3 * level + 3 * np.sqrt(level / RUNS)
    assert np.mean(p <= 0.5) > 0.2


@pytest.mark.parametrize("windows", [8, 26, 100])
@pytest.mark.parametrize("shape", [1.0, 5.0])
def test_silences_keep_their_level(shape: float, windows: int) -> None:
    draw = np.random.default_rng(windows)
    p = np.array([silence_test(gaps, age) for *gaps, age in draw.gamma(shape, size=(RUNS, windows + 1)).tolist()])
    for level in (0.2, 0.05, 0.01):
        assert np.mean(p <= level) <= level + 3 * np.sqrt(level / RUNS)


def test_an_outage_and_a_flood_are_found() -> None:
    history = np.random.default_rng(1).poisson(100, 26).tolist()
    assert count_test(history, 0) < 1e-6
    assert count_test(history, 1000) < 1e-6
    assert count_test(history, 105) > 0.05


def test_too_little_history_is_no_answer() -> None:
    assert count_test([5] * 7, 0) is None
    assert silence_test([1.0] * 7, 50.0) is None


def test_a_steady_history_of_nothing_expects_nothing() -> None:
    assert count_test([0] * 20, 0) == 1.0


def test_ever_longer_silence_is_ever_less_likely() -> None:
    p = [silence_test([1.0, 2.0] * 10, age) for age in (0.5, 1.5, 2.0, 4.0, 20.0, 200.0)]
    assert p == sorted(p, reverse=True)
    assert p[0] == 1
    assert p[-1] < 1e-15


def test_two_windows_of_a_weekday_are_enough_beside_those_of_others() -> None:
    rng = np.random.default_rng(7)
    usual = np.array([0.0, 3000, 3000, 3000, 3000, 3000, 1200])
    found, quiet = [], []
    for _ in range(400):
        drawn = rng.negative_binomial(400, 400 / (400 + usual[:, None] + 1e-9), (7, 4))
        *history, now = drawn[6].tolist()
        others = [kind[:3].tolist() for kind in drawn[:6]]
        found.append(count_test(history, now, others=others))
        quiet.append(count_test(drawn[1, :3].tolist(), 0, others=[drawn[6, :3].tolist(), *others[:1], *others[2:]]))
    p = np.array(found)
    assert (p <= 0.05).mean() < 0.09
    assert (p <= 0.01).mean() < 0.03
    assert max(quiet) < 1e-4  # a closed weekday does not make another's silence usual
    assert count_test([], 0, others=[[5] * 20]) is None
    assert count_test([5, 6], 0, others=[[5] * 3]) is None
