"""Rows of one window that resemble each other are told from independent ones."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest
from scipy import stats

from monitor.profiles.arrow import Groups, layout_of, profile_groups
from monitor.profiles.correlation import (
    correlation_of,
    design_effect,
    lacking_correlations,
    mean_correlations,
    steepest_correlations,
)
from monitor.profiles.layout import Layout
from monitor.profiles.likeness import likeness_packed, with_likeness
from monitor.stats.steps import farthest_step
from monitor.types import Roles

WINDOWS, ROWS = 60, 500


def measured(spread: float, *, windows: int = WINDOWS, rows: int = ROWS, seed: int = 3) -> Layout:
    """Measure windows whose means scatter by `spread` standard deviations; the categories do not."""
    rng = np.random.default_rng(seed)
    index = np.repeat(np.arange(windows), rows)
    x = rng.normal(size=index.size) + spread * rng.normal(size=windows)[index]
    table = pa.table({"x": x, "c": rng.choice(list("abc"), index.size)})
    layout = layout_of(table, Roles("at"))
    return correlation_of(profile_groups(table, layout, Groups(index, windows)), layout)


def test_independent_rows_have_no_correlation() -> None:
    layouts = [measured(0.0, seed=seed) for seed in range(6)]
    assert {layout.window_rows for layout in layouts} == {ROWS}
    inflations = np.array([[column.inflation(ROWS) for column in layout.columns] for layout in layouts])
    assert (inflations.mean(axis=0) < 1.07).all()
    assert inflations.max() < 1.25


def test_a_moving_mean_is_a_correlation_of_about_its_share_of_the_variance() -> None:
    layout = measured(0.3)
    # (Searle 1971) the share is 0.083 for the values; their ranks in ten bins hold a little less
    assert 0.005 < layout.by_name["x"].correlation < 0.083
    assert layout.by_name["c"].inflation(ROWS) < 1.2  # it is drawn towards the mean of all columns


def test_the_design_effect_of_doubled_rows_is_two() -> None:
    counts = np.random.default_rng(4).multinomial(200, np.full(8, 1 / 8), size=400)
    for ordered in (True, False):
        assert design_effect(counts, ordered=ordered) == pytest.approx(1.0, abs=0.06)
        assert design_effect(2 * counts, ordered=ordered) == pytest.approx(2.0, abs=0.12)


def test_rare_categories_that_come_in_pairs_are_seen_beside_a_common_one() -> None:
    draw = np.random.default_rng(4)
    # nine in ten rows are of one category; the others come two of a kind, such as the children of a household
    windows = np.array([[900, *(2 * draw.multinomial(50, np.full(4, 1 / 4)))] for _ in range(400)])
    assert design_effect(windows, ordered=False) == pytest.approx(1.5, abs=0.1)  # twice in three of four directions


@pytest.mark.parametrize(("windows", "rows"), [(7, 500), (60, 29), (0, 0)], ids=["few windows", "few rows", "none"])
def test_too_little_is_no_correlation(windows: int, rows: int) -> None:
    layout = measured(0.5, windows=windows, rows=rows)
    assert {c.correlation for c in layout.columns} == {0.0}


def windows_at(levels: np.ndarray, *, rows: int = 400, seed: int = 8) -> tuple[float, float]:
    """Measure windows of a normal column with these means."""
    rng = np.random.default_rng(seed)
    edges = np.linspace(-3, 3, 40)
    counts = np.array([np.histogram(rng.normal(level, 1, rows), [-np.inf, *edges, np.inf])[0] for level in levels])
    return steepest_correlations([counts], ordered=[True])[0]


def test_a_season_makes_neighbouring_windows_alike_and_chance_does_not() -> None:
    year = np.sin(2 * np.pi * np.arange(365) / 365)
    weekend = np.tile([0, 0, 0, 0, 0, 1.5, -1.5], 40)
    random = np.random.default_rng(6).normal(0, 0.5, 365)
    season, week, none = (windows_at(levels)[1] for levels in (year, weekend, random))
    assert season > 0.85
    assert 0.3 < week < 0.8
    assert none < 0.1


def test_few_windows_make_careful() -> None:
    levels = np.random.default_rng(7).normal(0, 0.3, 400)
    alike = np.mean([windows_at(levels[start : start + 10], seed=start)[0] for start in range(0, 400, 10)])
    assert alike > 1.3 * windows_at(levels)[0]


def shifted(effects: Sequence[float], *, windows: int, rows: int = 300, seed: int = 5) -> list[np.ndarray]:
    """Count normal columns whose windows' levels differ, so that a mean has these design effects."""
    rng = np.random.default_rng(seed)
    edges = stats.norm.ppf(np.linspace(0, 1, 31)[1:-1])
    return [
        np.stack([np.bincount(np.searchsorted(edges, rng.normal(level, 1, rows)), minlength=30) for level in levels])
        for effect in effects
        for levels in [rng.normal(0, np.sqrt((effect - 1) / rows), windows)]
    ]


def levels_of(tables: list[np.ndarray], effects: Sequence[float], *, rows: int = 300, alpha: float = 0.003) -> float:
    """Give how often tests at `alpha` would breach, as a part of it, with the design effects that were measured."""
    deviate = stats.norm.isf(alpha / 2)
    found = [1 + (rows - 1) * alike for alike, _ in steepest_correlations(tables, ordered=[True] * len(tables))]
    tails = [stats.norm.sf(deviate * np.sqrt(one / true)) for one, true in zip(found, effects, strict=True)]
    return float(np.mean(tails)) * 2 / alpha


@pytest.mark.parametrize(
    ("effects", "windows", "low", "high"),
    [
        ([1.0] * 20, 8, 0.6, 1.0),
        ([1.0] * 20, 20, 0.7, 1.0),
        ([1.0] * 20, 67, 0.8, 1.0),
        ([1.5] * 20, 20, 0.7, 1.6),
        ([3.0] * 20, 20, 0.7, 1.5),  # raised for few windows, an estimate is still one
        ([4.0, *[1.0] * 19], 20, 0.7, 1.2),  # one column alone is told from the others
        ([1.8] * 10 + [1.0] * 10, 67, 0.7, 1.3),
    ],
)
def test_what_is_measured_on_few_windows_spends_the_budget_and_keeps_it(
    effects: list[float], windows: int, low: float, high: float
) -> None:
    found = [levels_of(shifted(effects, windows=windows, seed=seed), effects) for seed in range(8)]
    assert low < np.mean(found) < high


@pytest.mark.parametrize("ordered", [True, False], ids=["numeric", "categorical"])
def test_the_largest_of_many_directions_is_no_more_than_chance_in_half_of_columns(*, ordered: bool) -> None:
    draw = np.random.default_rng(9)
    for windows in (8, 20, 67):
        tables = [draw.multinomial(400, np.full(12, 1 / 12), size=windows) for _ in range(100)]
        alone = [steepest_correlations([table], ordered=[ordered])[0][0] for table in tables]
        assert 0.4 < np.mean([alike == 0 for alike in alone]) < 0.65
        lasting = [one[1] for one in steepest_correlations(tables, ordered=[ordered] * 100)]
        assert np.mean(lasting) < 0.01


def test_windows_that_are_all_the_same_are_not_alike() -> None:
    same, usual = np.full((20, 10), 50), np.random.default_rng(1).multinomial(500, np.full(10, 0.1), size=20)
    for tables in ([same], [same, usual], [same, same]):
        assert steepest_correlations(tables, ordered=[True] * len(tables))[0] == (0.0, 0.0)
        assert mean_correlations(tables, ordered=[True] * len(tables))[0] == pytest.approx(0.0, abs=1e-3)


def grows(levels: np.ndarray, *, scatter: float = 1.0, rows: int = 40) -> bool:
    index = np.repeat(np.arange(levels.size), rows)
    values = levels[index] + scatter * np.random.default_rng(5).normal(size=index.size)
    table = pa.table({"x": values})
    layout = layout_of(table, Roles("at"))
    return correlation_of(profile_groups(table, layout, Groups(index, levels.size)), layout).columns[0].grows


def test_between_which_means_the_windows_of_a_column_of_numbers_lie_is_known() -> None:
    rng, days = np.random.default_rng(4), np.repeat(np.arange(12), 40)
    numbers, names = rng.normal(days % 5, 1.0), np.where(days % 2, "a", "b")
    table = pa.table({"at": pa.array(days).cast(pa.timestamp("us", "UTC")), "number": numbers, "name": names})
    layout = layout_of(table, Roles(timestamp="at"))
    held = profile_groups(table, layout, Groups(days, 12))
    means = [float(numbers[days == day].mean()) for day in range(12)]
    number, name = correlation_of(held, layout).columns
    assert (number.lowest, number.highest) == (pytest.approx(min(means)), pytest.approx(max(means)))
    assert (name.lowest, name.highest, name.leap) == (None, None, None)
    assert number.leap == pytest.approx(farthest_step(means))
    number, _ = correlation_of(held[:7], layout).columns
    assert (number.lowest, number.highest) == (None, None), "too few windows"


def test_a_running_number_grows_and_what_comes_back_or_wavers_does_not() -> None:
    days = np.arange(30.0)
    draw = np.random.default_rng(6)
    assert grows(days * 100, scatter=30)
    assert grows(days * 100 + draw.normal(0, 20, 30), scatter=30)
    assert not grows(-days * 100)
    assert not grows(days / 20), "a slow trend, of which a day's rows show little"
    assert not grows(20 * np.sin(days / 30 * 2 * np.pi))
    assert grows(days[:10] * 100, scatter=30), "as many as a reference is learned from"
    assert not grows(days[:9] * 100), "so few windows may rise by chance"
    assert not any(grows(20 * draw.normal(size=20).cumsum()) for _ in range(60))


def test_that_a_column_grows_is_kept_with_the_layout() -> None:
    layout = measured(0.0)
    grown = replace(layout, columns=tuple(replace(column, grows=True) for column in layout.columns))
    assert all(column.grows for column in Layout.unpacked(grown.packed()).columns)
    assert all(column.grows for column in with_likeness(layout, likeness_packed(grown)).columns)


def test_a_source_that_fails_lacks_all_rows_of_a_window_and_says_so() -> None:
    draw = np.random.default_rng(21)
    rows = draw.integers(40, 60, 120)
    gone = np.where(draw.random(120) < 0.1, rows, 0)
    strewn = draw.binomial(rows, 0.1)
    never = np.zeros(120, np.int64)
    tables = [np.column_stack([rows - one, one]) for one in (gone, strewn, never)]
    whole, chance, none = lacking_correlations(tables)
    assert whole > 0.8
    assert chance < 0.02
    assert none == 0.0
    assert lacking_correlations([tables[0][:7]]) == [0.0]
