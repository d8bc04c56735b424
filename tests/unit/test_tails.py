"""Chances of counts are scipy's."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as some
from scipy.stats import binom, hypergeom

from monitor.stats.tails import binomial_chance, hypergeometric_tail


@given(some.data(), some.sampled_from([1, 2, 7, 60, 5_000, 1_000_000]))
def test_a_hypergeometric_tail_is_scipys_far_from_the_mode_too(data: some.DataObject, total: int) -> None:
    hits, rows = data.draw(some.integers(0, total)), data.draw(some.integers(0, total))
    mean = rows * hits / total
    spread = 8 * (mean * (1 - hits / total)) ** 0.5 + 3
    beyond = data.draw(some.integers(max(-1, int(mean - spread)), min(rows, int(mean + spread))))
    ours = hypergeometric_tail([beyond], total=total, hits=hits, rows=[rows])
    np.testing.assert_allclose(ours, [hypergeom.sf(beyond, total, hits, rows)], rtol=1e-6, atol=1e-15)


def test_a_small_tail_keeps_its_digits() -> None:
    ours = hypergeometric_tail([400], total=20_000, hits=2_000, rows=[2_000])
    np.testing.assert_allclose(ours, [hypergeom.sf(400, 20_000, 2_000, 2_000)], rtol=1e-6)
    assert 0 < ours[0] < 1e-40


@pytest.mark.parametrize("share", [0.0, 1e-9, 0.3, 1.0])
def test_a_binomial_chance_is_scipys(share: float) -> None:
    hits, rows = np.arange(40), np.array([[0], [1], [7], [39]])
    np.testing.assert_allclose(binomial_chance(hits, rows, share), binom.pmf(hits, rows, share), rtol=1e-9, atol=1e-300)
