"""A window whose rows come in few clumps: drift tests count these, and what none of the clumps explains is found."""

from collections.abc import Iterator
from dataclasses import replace
from functools import reduce
from types import ModuleType

import numpy as np
import pyarrow as pa
import pytest

from monitor.detectors.detector import design_effect
from monitor.detectors.drift import chi_square, scan, smooth
from monitor.profiles.arrow import layout_of
from monitor.profiles.correlation import correlation_of
from monitor.profiles.groups import profile_table
from monitor.profiles.profile import Profile, merge
from monitor.types import Roles

WINDOWS, REFERENCES, EACH = 48, 6, 60
TESTS = {"smooth": smooth, "scan": scan, "chi-square": chi_square}


def window(rng: np.random.Generator, units: int, *, shift: float = 0.0) -> pa.Table:
    """Make about so many vans' parcels: a van has its weather, its driver and its kind in common."""
    vans = max(1, int(rng.poisson(units)))
    of = np.repeat(np.arange(vans), rng.poisson(39, vans) + 1)
    rain = np.where(rng.random(vans) < 0.6, 0, rng.exponential(3, vans))
    return pa.table(
        {
            "load": rng.normal(size=vans)[of] + shift,
            "rain": rain[of].round(1),
            "kind": rng.choice(["van", "truck", "bike"], vans, p=[0.6, 0.3, 0.1])[of],
            "toll": np.where(rng.random(vans) < 0.05, "yes", "no")[of],
        }
    )


def referred(rng: np.random.Generator, units: int) -> Profile:
    windows = [window(rng, units) for _ in range(WINDOWS)]
    layout = layout_of(pa.concat_tables(windows), Roles("at"))
    profiles = [profile_table(one, layout, reference=True) for one in windows]
    return replace(reduce(merge, profiles), layout=correlation_of(profiles, layout))


def p_values(test: ModuleType, reference: Profile, rows: pa.Table) -> Iterator[float]:
    found = test.compare(reference, profile_table(rows, reference.layout))
    return (one.p_value for one in found if one.p_value is not None)


@pytest.mark.parametrize("name", TESTS)
@pytest.mark.parametrize("units", [1, 3, 10])
def test_few_clumps_pass_a_small_level_no_more_often_than_they_should(name: str, units: int) -> None:
    rng, found = np.random.default_rng(units), list[float]()
    for _ in range(REFERENCES):
        reference = referred(rng, units)
        found += [p for _ in range(EACH) for p in p_values(TESTS[name], reference, window(rng, units))]
    p = np.array(found)
    assert p.size >= 2 * REFERENCES * EACH
    # of some 720 to 1,440, of which windows hold several at once; they were 10 to 90 times as many as a level says
    assert (p <= 1e-3).sum() <= 7
    assert (p <= 1e-4).sum() <= 3


def test_what_all_clumps_share_is_found_all_the_same() -> None:
    rng = np.random.default_rng(7)
    reference = referred(rng, 30)
    moved = [min(p_values(smooth, reference, window(rng, 30, shift=1.5))) for _ in range(10)]
    assert max(moved) < 1e-4


def test_a_window_of_fewer_rows_holds_no_smaller_clumps() -> None:
    # 40 rows a clump of two clumps a window: one that holds a single clump is as if it had one row
    rho = 39 / 79
    assert design_effect(rho, 10**9, 40, 80.0) == pytest.approx(1 + 39 * rho)
    assert design_effect(rho, 10**9, 40, 80.0, usual=80.0) == pytest.approx(40)
    # beyond twice the rows nothing is said, nor of a window that holds more than usual
    assert design_effect(rho, 10**9, 40, 800.0, usual=800.0) == pytest.approx(40)
    assert design_effect(0.01, 10**9, 40, 800.0, usual=800.0) == pytest.approx(1.79)
    assert design_effect(rho, 10**9, 160, 80.0, usual=80.0) == design_effect(rho, 10**9, 160, 80.0)
