"""Rows surer than the neighbourhood explains: found when crafted, and as rare as they should be when not."""

from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest

from monitor.detectors import DETECTORS, armed_for
from monitor.detectors.confidence import confidence_level, near_certain_share, overconfident_share
from monitor.profiles.arrow import layout_of, profile_table
from monitor.profiles.bins import NumericBins
from monitor.profiles.derivation import fitting_rows
from monitor.profiles.groups import Groups, profile_groupings
from monitor.profiles.layout import Layout
from monitor.profiles.overconfidence import GRID, NAME
from monitor.profiles.profile import merge
from monitor.stats.location import share_shift_test
from monitor.types import Roles

ROLES = Roles(timestamp="at", scores=("p",), label="y")
FEATURES = 4


def rows(draw: np.random.Generator, n: int, *, crafted: float = 0.0) -> pa.Table:
    """Give rows of a model that is sure near the middle and unsure far out; crafted ones are far out and sure."""
    x = draw.normal(size=(n, FEATURES)) + draw.normal(size=(n, 1))
    wrong = draw.random(n) < crafted
    x[wrong] += draw.choice([-2.5, 2.5], (int(wrong.sum()), FEATURES))
    distance = np.abs(x - x.mean(axis=1, keepdims=True)).sum(axis=1)
    odds = draw.normal(0, 3, n) / (1 + distance)
    odds[wrong] = draw.choice([-4.0, 4.0], int(wrong.sum()))
    p = 1 / (1 + np.exp(-odds))
    columns = {f"x{i}": x[:, i] for i in range(FEATURES)}
    return pa.table({**columns, "p": p, "y": (draw.random(n) < p).astype(int)})


REFERENCE_ROWS = rows(np.random.default_rng(1), 12_000)
LAYOUT = layout_of(REFERENCE_ROWS, ROLES)
REFERENCE = profile_table(REFERENCE_ROWS, LAYOUT, reference=True)


def found(table: pa.Table) -> tuple[float, float]:
    (m,) = overconfident_share.compare(REFERENCE, profile_table(table, LAYOUT))
    assert m.value is not None
    assert m.p_value is not None
    return m.value, m.p_value


def test_it_is_a_rank_and_about_uniform_on_rows_like_the_references() -> None:
    column = REFERENCE.columns[NAME]
    assert 0 <= column.low < 0.02
    assert 0.98 < column.high <= 1
    assert column.moments[1] == pytest.approx(0.5, abs=0.02)
    fresh = profile_table(rows(np.random.default_rng(2), 6000), LAYOUT).columns[NAME]
    assert fresh.moments[1] == pytest.approx(0.5, abs=0.02)
    # the reference is counted without the rows that were fitted on
    fitted = int(fitting_rows(12_000).sum())
    assert (column.n, column.missing) == (12_000 - fitted, fitted)


@pytest.mark.parametrize("n", [100, 1000])
def test_the_p_value_keeps_its_promise(n: int) -> None:
    draw, trials = np.random.default_rng(n), 400
    table = rows(draw, n * trials)
    (profiles,) = profile_groupings(table, LAYOUT, [Groups(np.repeat(np.arange(trials), n), trials)])
    p = np.array([next(overconfident_share.compare(REFERENCE, one)).p_value for one in profiles])
    for level in (0.1, 0.01):
        assert np.mean(p <= level) <= level + 3 * np.sqrt(level / trials)
    # all have one reference beside them, which holds few or many of such rows by chance
    assert np.mean(p <= 0.5) > 0.1


def test_crafted_rows_that_are_far_and_sure_are_found_where_the_levels_see_nothing() -> None:
    draw = np.random.default_rng(3)
    tables = [rows(draw, 2000, crafted=0.03) for _ in range(20)]
    assert np.mean([found(table)[1] < 1e-4 for table in tables]) >= 0.9
    levels = [next(confidence_level.compare(REFERENCE, profile_table(table, LAYOUT))).p_value for table in tables]
    assert np.mean([p < 1e-4 for p in levels]) < 0.5


def test_what_cannot_be_known_has_no_value() -> None:
    table = rows(np.random.default_rng(4), 300)
    for name in ("x0", "p"):
        lacking = profile_table(table.drop_columns([name]), LAYOUT)
        assert lacking.columns[NAME].n == 0
        (m,) = overconfident_share.compare(REFERENCE, lacking)
        assert m.value is None
        assert m.note


def test_it_is_kept_with_the_layout_and_merges() -> None:
    table = rows(np.random.default_rng(5), 500)
    kept = Layout.unpacked(LAYOUT.packed())
    assert kept.digest == LAYOUT.digest
    whole = profile_table(table, kept)
    parts = merge(profile_table(table.slice(0, 200), LAYOUT), profile_table(table.slice(200), LAYOUT))
    assert (whole.counts == parts.counts).all()


def test_one_detector_alerts_on_it() -> None:
    armed = [one.name for one in DETECTORS if one.kind in ("drift.data", "confidence") and armed_for(one, NAME, LAYOUT)]
    assert armed == ["overconfident_share"]
    for other in (confidence_level, near_certain_share):
        assert [m.column for m in other.compare(REFERENCE, REFERENCE)] == ["confidence(scores)"]


def test_several_classes_each_have_their_own_neighbourhood() -> None:
    draw = np.random.default_rng(6)
    x = draw.normal(size=(4000, 3))
    scores = np.exp(x @ draw.normal(size=(3, 3)))
    scores /= scores.sum(axis=1, keepdims=True)
    table = pa.table({**{f"x{i}": x[:, i] for i in range(3)}, **dict(zip("abc", scores.T, strict=True))})
    roles = replace(ROLES, scores=("a", "b", "c"), classes=("a", "b", "c"), label=None)
    layout = layout_of(table, roles)
    column = profile_table(table, layout, reference=True).columns[NAME]
    assert column.moments[1] == pytest.approx(0.5, abs=0.03)


def test_over_many_references_the_share_rises_by_chance_no_more_often_than_it_says() -> None:
    """One reference that holds few by chance is met in all its windows: only many references show the level."""
    rng, size, levels = np.random.default_rng(5), 4000, (0.1, 0.01)
    breaches = []
    for _ in range(400):
        ranks = np.floor(rng.random((2, size)) * GRID) / GRID
        edges = NumericBins.of(ranks[0])
        before, after = (np.bincount(edges.codes(one), minlength=edges.size) for one in ranks)
        first = overconfident_share.surest(before)
        found = share_shift_test((int(before[first:].sum()), size), (int(after[first:].sum()), size))
        assert found is not None
        breaches.append([found[1] <= level for level in levels])
    for level, share in zip(levels, np.mean(breaches, axis=0), strict=True):
        assert share <= level + 2 * np.sqrt(level / 400)
