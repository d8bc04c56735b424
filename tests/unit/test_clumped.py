"""Windows of unlike size tell whether rows are alike by their clump or by their window, which small windows hang on."""

from dataclasses import replace
from functools import reduce
from types import ModuleType

import numpy as np
import pyarrow as pa
import pytest

from monitor.detectors.drift import chi_square, scan, smooth
from monitor.profiles.arrow import layout_of
from monitor.profiles.clumped import clumped_part
from monitor.profiles.correlation import correlation_of
from monitor.profiles.groups import profile_table
from monitor.profiles.layout import Layout
from monitor.profiles.likeness import likeness_packed, with_likeness
from monitor.profiles.profile import Profile, merge
from monitor.types import Roles

WINDOWS, SIZES = 112, (12, 60, 200, 400)


def rows_of(rng: np.random.Generator, rows: int, *, again: float = 1.0, apart: float = 0.0) -> pa.Table:
    """Make rows of people who ask `again` times in the mean, in a window that lies so many deviations apart."""
    who = np.repeat(np.arange(rows), rng.geometric(1 / again, rows))[:rows]
    level = apart * rng.normal()
    return pa.table(
        {
            "age": rng.normal(size=rows)[who] + level,
            "km": np.exp(rng.normal(size=rows)[who] + level).round(2),
            "pays": rng.choice(["monthly", "yearly", "cash"], rows, p=[0.5, 0.4, 0.1])[who],
            "excess": rng.normal(size=rows),
        }
    )


def sizes(rng: np.random.Generator) -> list[int]:
    return (rng.choice(SIZES, WINDOWS) * rng.uniform(0.6, 1.4, WINDOWS)).astype(int).tolist()


def referred(rng: np.random.Generator, held: list[int], *, again: float = 1.0, apart: float = 0.0) -> Profile:
    windows = [rows_of(rng, rows, again=again, apart=apart) for rows in held]
    layout = layout_of(pa.concat_tables(windows), Roles("at"))
    profiles = [profile_table(one, layout, reference=True) for one in windows]
    return replace(reduce(merge, profiles), layout=correlation_of(profiles, layout))


@pytest.mark.parametrize(
    ("again", "apart", "least", "most"),
    [(3.0, 0.0, 0.6, 1.0), (1.0, 0.2, 0.0, 0.4), (3.0, 0.2, 0.3, 1.0)],
    ids=["who asks again", "windows that differ", "both"],
)
def test_the_part_of_clumps_is_told_by_windows_of_unlike_size(
    again: float, apart: float, least: float, most: float
) -> None:
    found = [
        referred(rng, sizes(rng), again=again, apart=apart).layout.clumped
        for rng in map(np.random.default_rng, range(10))
    ]
    assert all(part is not None and least <= part <= most for part in found), found


def test_nothing_is_told_of_independent_rows_or_of_windows_that_are_all_as_large() -> None:
    rng = np.random.default_rng(1)
    assert referred(rng, sizes(rng)).layout.clumped is None
    assert referred(rng, [200] * 60, again=3.0).layout.clumped is None
    assert referred(rng, [12, 400] * 6, again=3.0).layout.clumped is None
    assert clumped_part([], ordered=[]) is None


@pytest.mark.parametrize(
    ("test", "most"),
    # of .01 and .001, so many times as often as they say; they were 8 to 24, and 42 to 159
    [(smooth, (5, 25)), (scan, (3, 8)), (chi_square, (3, 6))],
    ids=["smooth", "scan", "chi-square"],
)
def test_small_windows_of_who_asks_again_pass_small_levels_seldom(test: ModuleType, most: tuple[int, int]) -> None:
    found = list[float]()
    for seed in range(6):
        rng = np.random.default_rng(seed)
        reference = referred(rng, sizes(rng), again=3.0)
        for rows in rng.integers(12, 25, 60).tolist():
            current = profile_table(rows_of(rng, rows, again=3.0), reference.layout)
            found += [one.p_value for one in test.compare(reference, current) if one.p_value is not None]
    p = np.array(found)
    assert p.size >= 360
    assert (p <= 0.01).mean() <= 0.01 * most[0]
    assert (p <= 0.001).mean() <= 0.001 * most[1]


def test_a_small_window_of_rows_that_only_their_window_makes_alike_tells_as_much_as_ever() -> None:
    rng = np.random.default_rng(3)
    reference = referred(rng, sizes(rng), apart=0.12)
    told = []
    for _ in range(20):
        moved = rows_of(rng, 40, apart=0.12)
        moved = moved.set_column(0, "age", pa.array(np.asarray(moved["age"]) + 1.2))
        found = smooth.compare(reference, profile_table(moved, reference.layout))
        told.append(next(one.p_value or 1.0 for one in found if one.column == "age"))
    assert sum(p <= 1e-3 for p in told) >= 18


def test_the_part_is_kept_with_the_layout_and_with_a_segments_likeness() -> None:
    rng = np.random.default_rng(5)
    layout = referred(rng, sizes(rng), again=3.0).layout
    assert layout.clumped is not None
    assert Layout.unpacked(layout.packed()).clumped == layout.clumped
    plain = replace(layout, clumped=None)
    assert with_likeness(plain, likeness_packed(layout)).clumped == layout.clumped
