"""How much a metric's windows differ, and how long that lasts."""

import numpy as np
import pytest

from monitor.detectors.performance.spread import lasting_of, spread_and_lasting
from monitor.stats.intervals import Estimate


def windows(levels: np.ndarray, error: float, seed: int) -> list[Estimate]:
    noise = np.random.default_rng(seed).normal(0, error, levels.size)
    return [Estimate(float(0.8 + level), error, n=200) for level in levels + noise]


def found(levels: np.ndarray, error: float = 0.02, seed: int = 1) -> dict[str, float]:
    return spread_and_lasting("accuracy", windows(levels, error, seed))


@pytest.mark.parametrize("lasts", [0.0, 0.6, 0.9])
def test_it_is_the_correlation_of_neighbouring_windows_less_what_chance_makes(lasts: float) -> None:
    told, spreads = [], []
    for seed in range(40):
        draw = np.random.default_rng([7, seed])
        levels = np.zeros(300)
        for place in range(1, 300):
            levels[place] = lasts * levels[place - 1] + draw.normal(0, np.sqrt(1 - lasts**2))
        one = found(0.05 * levels, seed=seed)
        told.append(one.get(lasting_of("accuracy"), 0.0))
        spreads.append(one["accuracy"])
    # the error of each window is its own, and lasts no longer
    true = lasts * 0.05**2 / (0.05**2 + 0.02**2)
    assert np.mean(told) == pytest.approx(max(true - 300**-0.5, 0.0), abs=0.05)
    assert np.mean(spreads) == pytest.approx(0.05, rel=0.1)


def test_nothing_is_told_of_few_windows_or_of_ones_that_are_alike() -> None:
    assert found(np.zeros(7)) == {}
    assert lasting_of("accuracy") not in found(np.zeros(200))
