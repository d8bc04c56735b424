"""The tail of chi-square one degree of which is inflated more than the others, beside draws and closed forms."""

import numpy as np
import pytest
from scipy.stats import chi2, ncx2

from monitor.stats.divergence import inflated_tail, uneven_tail
from monitor.stats.shape import smooth_shift


@pytest.mark.parametrize("accepted", [0.0, 6.0])
@pytest.mark.parametrize(
    ("degrees", "inflation", "others"), [(4, 5.0, 1.0), (4, 1.2, 1.0), (9, 15.0, 2.0), (4, 1.0, 2.0)]
)
def test_it_is_passed_as_often_as_told(degrees: int, inflation: float, others: float, accepted: float) -> None:
    draw, count = np.random.default_rng(8), 400_000
    leading = inflation * (draw.normal(size=count) + np.sqrt(accepted / inflation)) ** 2
    statistics = leading + others * draw.chisquare(degrees - 1, count)
    for level in (0.1, 0.01, 0.001):
        found = inflated_tail(float(np.quantile(statistics, 1 - level)), degrees, inflation, others, accepted)
        assert found == pytest.approx(level, rel=4 / np.sqrt(level * count) + 0.01)


@pytest.mark.parametrize("statistic", [0.5, 8.0, 40.0, 400.0])
def test_where_all_are_alike_it_is_chi_square_however_far_out(statistic: float) -> None:
    assert uneven_tail(statistic, 4, 1.5, 1.5, 0.0) == pytest.approx(float(chi2.sf(statistic / 1.5, 4)), rel=1e-6)
    shifted = uneven_tail(statistic, 4, 1.0, 1.0, 9.0)
    assert shifted == pytest.approx(float(ncx2.sf(statistic, 4, 9.0)), rel=1e-6)
    assert uneven_tail(0.0, 4, 2.0, 1.0, 0.0) == 1


def test_windows_that_differ_in_their_level_pass_a_level_as_seldom_as_they_should() -> None:
    draw, rows, apart = np.random.default_rng(9), 400, 0.1
    edges = np.linspace(-3, 3, 61)
    values = (apart * draw.normal(size=2_000))[:, None] + draw.normal(size=(2_000, rows))
    counts = np.array([np.bincount(np.searchsorted(edges, one), minlength=62) for one in values])
    reference = counts[1_000:].sum(axis=0)
    effect = 1 + (rows - 1) * apart**2 / (1 + apart**2)
    p_values = [found.p_value for one in counts[:1_000] if (found := smooth_shift(reference, one, effect, 1.0))]
    assert np.mean(np.array(p_values) <= 0.01) <= 0.02
    assert np.mean(np.array(p_values) <= 0.001) <= 0.004
