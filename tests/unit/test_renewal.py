"""Values that come and go: which columns hold such, and what is told of their new values."""

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pytest

from monitor.detectors.detector import armed_for
from monitor.detectors.drift import chi_square
from monitor.detectors.quality.unseen_share import DETECTOR, beside_windows, compare
from monitor.profiles.arrow import layout_of, profile_table
from monitor.profiles.layout import Layout
from monitor.profiles.renewal import with_renewal
from monitor.stats.volume import WINDOWS_NEEDED
from monitor.types import Measurement, Roles

DAYS, A_DAY = 64, 200
ROLES = Roles(timestamp="at", kinds={"c": "categorical", "d": "categorical"})


def articles(rng: np.random.Generator, first: int, days: int, *, lasting: float) -> pa.Table:
    """Draw rows of articles of which four are new every day, and that are asked for about so many days."""
    day = np.repeat(np.arange(first, first + days), A_DAY)
    born = np.maximum(day - rng.exponential(lasting, day.size).astype(int), -400)
    names = np.char.add(np.char.add("a", (4 * born + rng.integers(0, 4, day.size)).astype(str)), "x")
    other = np.array(["p", "q", "r", "s", "t", "u"])[rng.integers(0, 6, day.size)]
    return pa.table({"at": day * 86_400 + np.arange(day.size), "c": names, "d": other})


@pytest.fixture(scope="module")
def known() -> tuple[pa.Table, Layout]:
    reference = articles(np.random.default_rng(1), 0, DAYS, lasting=40.0)
    return reference, with_renewal(layout_of(reference, ROLES), reference)


def shares(known: tuple[pa.Table, Layout], windows: Sequence[pa.Table]) -> list[Measurement]:
    """Measure windows in their order, each with those before in mind."""
    reference, layout = known
    before, found = profile_table(reference, layout), list[Measurement]()
    for window in windows:
        one = next(m for m in compare(before, profile_table(window, layout)) if m.column == "c")
        assert one.p_value is None
        assert one.note == "new values come with time"
        found.append(beside_windows(one, layout.by_name["c"], found))
    return found


def test_columns_to_which_new_values_come_with_time_are_known(known: tuple[pa.Table, Layout]) -> None:
    columns = known[1].by_name
    assert len(columns["c"].renewal) == 3
    assert columns["c"].renews
    assert columns["d"].renewal == ()
    assert Layout.unpacked(known[1].packed()).by_name["c"].renewal == columns["c"].renewal
    assert [armed_for(chi_square.DETECTOR, name, known[1]) for name in ("c", "d")] == [False, True]


@pytest.mark.parametrize("values", [5, 400, 6_000])
def test_values_that_come_by_chance_do_not_come_with_time(values: int) -> None:
    for seed in range(10):
        rng = np.random.default_rng(seed)
        popular = 1 / (1 + np.arange(values))
        drawn = rng.choice(values, 4_000, p=popular / popular.sum())
        rows = pa.table({"at": np.arange(4_000), "c": np.char.add("v", drawn.astype(str))})
        assert with_renewal(layout_of(rows, ROLES), rows).by_name["c"].renewal == ()


def test_one_new_value_in_the_reference_is_no_renewal() -> None:
    values = np.where((np.arange(4_000) > 2_500) & (np.arange(4_000) % 4 == 0), "new", "old")
    rows = pa.table({"at": np.arange(4_000), "c": np.append(["a", "b", "c"], values[3:])})
    assert with_renewal(layout_of(rows, ROLES), rows).by_name["c"].renewal == ()


@pytest.mark.parametrize("seed", range(5))
def test_new_values_that_come_as_always_are_not_told(known: tuple[pa.Table, Layout], seed: int) -> None:
    rng = np.random.default_rng(10 + seed)
    found = shares(known, [articles(rng, DAYS + day, 1, lasting=40.0) for day in range(60)])
    assert (found[-1].value or 0) > 0.6
    told = [one for one in found if (one.p_value or 0) <= 0.001 and (one.effect or 0) >= DETECTOR.min_effect]
    assert not told


@pytest.mark.parametrize("day", [1, 5, WINDOWS_NEEDED + 1, 30])
def test_a_leap_of_new_values_is_told_at_once(known: tuple[pa.Table, Layout], day: int) -> None:
    rng = np.random.default_rng(20)
    windows = [articles(rng, DAYS + i, 1, lasting=40.0) for i in range(day + 1)]
    renamed = np.char.add("SKU-", windows[-1]["c"].to_numpy().astype(str))
    windows[-1] = windows[-1].set_column(1, "c", pa.array(renamed))
    *_, last = shares(known, windows)
    assert last.value == 1
    assert (last.p_value or 1) < 1e-5
    assert (last.effect or 0) > 0.25
    assert last.evidence["new_values"][0]["value"].startswith("SKU-")
