"""Among many tests, few of those that count as discoveries are chance."""

import numpy as np
from scipy.stats import false_discovery_control

from monitor.stats.discoveries import discovery_level


def test_discoveries_are_those_of_scipy() -> None:
    rng = np.random.default_rng(1)
    for _ in range(200):
        p = rng.random(rng.integers(1, 40)) ** rng.uniform(1, 6)
        assert ((p <= discovery_level(p.tolist(), 0.1)) == (false_discovery_control(p) <= 0.1)).all()


def test_without_tests_there_is_no_discovery() -> None:
    assert discovery_level([], 0.1) < 0
