"""Rows that repeat others, laid beside the windows before: seldom told by chance, and told where a feed runs twice."""

import numpy as np
import pytest

from monitor.detectors.quality.repeated_share import DETECTOR, compare_counts
from monitor.detectors.quality.share import SURELY, is_no_rise

WINDOWS = 10


def breaches(history: list[tuple[int, int]], repeated: int, rows: int) -> bool:
    found = compare_counts(history, repeated, rows)
    return found.p_value is not None and found.p_value <= SURELY and (found.effect or 0.0) >= DETECTOR.min_effect


@pytest.mark.parametrize("share", [0.0, 0.02, 0.3])
def test_by_chance_it_is_hardly_ever_told(share: float) -> None:
    rng = np.random.default_rng(1)
    drawn = rng.binomial(500, np.clip(rng.normal(share, share / 4, (2000, WINDOWS + 1)), 0, 1))
    told = [breaches([(int(hits), 500) for hits in before], int(now), 500) for *before, now in drawn]
    assert np.mean(told) <= 0.002


@pytest.mark.parametrize("usual", [0.0, 0.02, 0.1])
def test_a_third_of_the_rows_that_come_twice_are_told(usual: float) -> None:
    rng = np.random.default_rng(2)
    history = [(int(hits), 500) for hits in rng.binomial(500, usual, WINDOWS)]
    assert breaches(history, round(650 * (150 / 650 + usual / 2)), 650)


def test_a_share_that_rises_as_more_rows_are_remembered_is_not_told() -> None:
    shares = 0.6 * (1 - np.exp(-np.arange(60) / 15))
    counts = [(round(300 * share), 300) for share in shares]
    assert not any(breaches(counts[max(0, n - 28) : n], *counts[n]) for n in range(8, 60))


def test_few_windows_before_judge_nothing_and_none_without_rows() -> None:
    assert compare_counts([(0, 500)] * 7, 200, 500).p_value is None
    assert compare_counts([(0, 500)] * 8, 200, 500).p_value is not None
    assert compare_counts([(0, 500)] * 8, 0, 0).value is None


def test_windows_that_breach_are_no_measure_for_later_ones() -> None:
    history = [(0, 500)] * 8
    assert not is_no_rise(compare_counts(history, 150, 500), DETECTOR.min_effect)
    assert is_no_rise(compare_counts(history, 3, 500), DETECTOR.min_effect)
    assert is_no_rise(compare_counts(history[:3], 150, 500), DETECTOR.min_effect)
