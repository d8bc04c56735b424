"""What windows differ by beyond chance is found, and keeps the level of the tests that use it."""

from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest

from monitor.detectors.performance import METRICS, decisions, roc_auc
from monitor.detectors.performance.spread import levels_of, spread_of, spreads_of
from monitor.profiles.arrow import layout_of
from monitor.profiles.groups import profile_table
from monitor.profiles.layout import Layout
from monitor.profiles.profile import Profile, merge
from monitor.stats.intervals import Estimate
from monitor.types import Roles

ROLES = Roles(timestamp="at", scores=("p",), prediction="yes", label="y")


def rows(draw: np.random.Generator, n: int, *, skill: float, base: float = 0.5) -> pa.Table:
    """Give scores that part the classes by `skill` standard deviations, with a share `base` of positives."""
    y = draw.random(n) < base
    p = 1 / (1 + np.exp(-(draw.normal(0, 1, n) + skill * (y - 0.5))))
    return pa.table({"p": p, "yes": p > 0.5, "y": y})


def windows(draw: np.random.Generator, layout: Layout, skills: np.ndarray, bases: np.ndarray) -> list[Profile]:
    return [
        profile_table(rows(draw, 400, skill=skill, base=base), layout)
        for skill, base in zip(skills, bases, strict=True)
    ]


@pytest.fixture(scope="module")
def layout() -> Layout:
    return layout_of(rows(np.random.default_rng(0), 20_000, skill=1.5), ROLES)


def test_windows_alike_have_no_spread(layout: Layout) -> None:
    draw = np.random.default_rng(1)
    found = spreads_of(windows(draw, layout, np.full(60, 1.5), np.full(60, 0.5)), METRICS)
    assert found["roc_auc"] < 0.016  # its error in one window is 0.022
    assert found["accuracy"] < 0.016


def test_a_share_of_positives_that_moves_is_no_spread_of_the_auc(layout: Layout) -> None:
    draw = np.random.default_rng(2)
    found = spreads_of(windows(draw, layout, np.full(60, 1.5), draw.uniform(0.2, 0.8, 60)), METRICS)
    assert found["roc_auc"] < 0.016


def test_a_skill_that_moves_is(layout: Layout) -> None:
    draw = np.random.default_rng(3)
    found = spreads_of(windows(draw, layout, draw.normal(1.5, 0.4, 80), np.full(80, 0.5)), METRICS)
    # the AUC is Phi(skill / sqrt 2), so that 0.4 of skill is about 0.065 of it
    assert found["roc_auc"] == pytest.approx(0.065, rel=0.25)


def test_a_window_of_hardly_any_error_does_not_hide_how_the_others_differ() -> None:
    draw = np.random.default_rng(6)
    others = [Estimate(float(value), 0.01, n=500) for value in draw.normal(0.5, 0.1, 60)]
    found = spread_of([Estimate(0.5, 1e-12, n=500), *others])
    assert found == pytest.approx(0.1, rel=0.3)


def test_too_few_windows_have_none(layout: Layout) -> None:
    draw = np.random.default_rng(4)
    assert spreads_of(windows(draw, layout, np.full(7, 1.5), np.full(7, 0.5)), METRICS) == {}


@pytest.mark.parametrize("metric", [roc_auc.DETECTOR, decisions.DETECTORS[0]], ids=lambda one: one.name)
def test_windows_that_differ_as_those_of_the_reference_keep_the_level(layout: Layout, metric: object) -> None:
    draw = np.random.default_rng(5)
    known = windows(draw, layout, draw.normal(1.5, 0.4, 60), np.full(60, 0.5))
    told = replace(layout, spreads=spreads_of(known, METRICS), windows=60, window_rows=400.0)
    whole = known[0]
    for profile in known[1:]:
        whole = merge(whole, profile)
    reference = replace(whole, layout=told)
    fresh = windows(draw, layout, draw.normal(1.5, 0.4, 600), np.full(600, 0.5))
    found = [m.p_value for current in fresh for m in metric.compare(reference, current)]  # type: ignore[attr-defined]
    for level in (0.05, 0.01):
        assert np.mean([p <= level for p in found]) <= 1.5 * level + 3 * np.sqrt(level / 600)
    assert np.mean([p <= 0.5 for p in found]) > 0.3


def of_a_day(draw: np.random.Generator, level: float) -> pa.Table:
    """Give rows of a day on which scores and labels are higher by so much."""
    score = draw.normal(level, 1, 400)
    y = draw.random(400) < 1 / (1 + np.exp(-score))
    return pa.table({"p": 1 / (1 + np.exp(-score)), "yes": score > 0, "y": y})


def test_rows_of_one_day_are_told_apart_less_well_than_those_of_all_and_are_no_worse_for_it(layout: Layout) -> None:
    draw = np.random.default_rng(7)
    known = [profile_table(of_a_day(draw, level), layout) for level in draw.normal(0, 1.2, 60)]
    whole = known[0]
    for profile in known[1:]:
        whole = merge(whole, profile)
    levels = levels_of(whole, known, METRICS)
    assert levels.keys() == {"level(roc_auc)"}
    assert -0.15 < levels["level(roc_auc)"] < -0.05
    spreads = spreads_of(known, METRICS) | levels
    reference = replace(whole, layout=replace(layout, spreads=spreads, windows=60, window_rows=400.0))
    fresh = [profile_table(of_a_day(draw, level), layout) for level in draw.normal(0, 1.2, 300)]
    found = [m.p_value or 0.0 for current in fresh for m in roc_auc.DETECTOR.compare(reference, current)]
    assert np.mean([p <= 0.05 for p in found]) <= 0.11
    assert 0.35 < np.mean([p <= 0.5 for p in found]) < 0.65
