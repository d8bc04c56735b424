"""How far other models are from the model's own answers, and the test of its rise."""

import numpy as np
import pyarrow as pa
import pytest

from monitor.detectors import DETECTORS, armed_for, kind_of
from monitor.detectors.redundancy import disagreement_level
from monitor.profiles.arrow import layout_of, profile_table
from monitor.profiles.disagreement import NAME
from monitor.profiles.groups import Groups, profile_groupings
from monitor.profiles.layout import Layout
from monitor.profiles.profile import Profile
from monitor.types import Roles

SCORED = Roles(timestamp="at", scores=("p",), others=("q", "r"))
DECIDED = Roles(timestamp="at", prediction="said", others=("shadow",))


def scored(draw: np.random.Generator, n: int, *, apart: float = 0.05) -> pa.Table:
    p = draw.random(n)
    return pa.table({"p": p, "q": np.clip(p + draw.normal(0, apart, n), 0, 1), "r": p})


def decided(draw: np.random.Generator, n: int, *, other: float = 0.01) -> pa.Table:
    said = draw.integers(0, 3, n)
    return pa.table({"said": said, "shadow": np.where(draw.random(n) < other, (said + 1) % 3, said).astype(str)})


def made(table: pa.Table, layout: Layout) -> Profile:
    return profile_table(table, layout)


def test_scores_are_compared_by_distance_and_decisions_by_whether_they_differ() -> None:
    layout = layout_of(scored(np.random.default_rng(1), 1000), SCORED)
    table = pa.table({"p": [0.5, 0.5, 0.5, None], "q": [0.5, 0.7, None, 0.1], "r": [0.5, 0.5, None, 0.1]})
    column = made(table, layout).columns[NAME]
    assert (column.n, column.missing) == (2, 2)
    assert (column.low, column.high) == (0.0, pytest.approx(0.1))
    layout = layout_of(decided(np.random.default_rng(1), 1000), DECIDED)
    table = pa.table({"said": [0, 1, 2, 2], "shadow": ["0", "1.0", "1", None]})
    column = made(table, layout).columns[NAME]
    assert (column.n, column.moments[1]) == (3, pytest.approx(1 / 3))


def test_the_others_are_no_features_and_no_added_columns() -> None:
    table = scored(np.random.default_rng(2), 1000)
    layout = layout_of(table, SCORED)
    assert "q" not in layout.by_name
    assert made(table, layout).added == {}
    assert Layout.unpacked(layout.packed()).digest == layout.digest


def test_without_others_in_the_reference_there_is_nothing() -> None:
    table = scored(np.random.default_rng(3), 1000).drop_columns(["q", "r"])
    assert NAME not in layout_of(table, SCORED).by_name


@pytest.mark.parametrize("n", [100, 1000])
@pytest.mark.parametrize(("rows", "roles"), [(scored, SCORED), (decided, DECIDED)])
def test_the_p_value_keeps_its_promise(rows: object, roles: Roles, n: int) -> None:
    draw, trials = np.random.default_rng(n), 1000
    # all windows share the reference: it must be large for their p-values to be independent
    reference = rows(draw, 100 * n)  # type: ignore[operator]
    layout = layout_of(reference, roles)
    table = rows(draw, n * trials)  # type: ignore[operator]
    (profiles,) = profile_groupings(table, layout, [Groups(np.repeat(np.arange(trials), n), trials)])
    whole = made(reference, layout)
    p = np.array([next(disagreement_level.compare(whole, one)).p_value for one in profiles])
    for level in (0.1, 0.01, 0.001):
        assert np.mean(p <= level) <= level + 3 * np.sqrt(level / trials) + 0.001
    assert np.mean(p <= 0.5) > 0.15


def test_models_that_drift_apart_are_found_and_models_that_agree_more_are_not() -> None:
    draw = np.random.default_rng(4)
    for rows, roles, more, less in ((scored, SCORED, 0.08, 0.01), (decided, DECIDED, 0.08, 0.0)):
        reference = rows(draw, 20_000)
        layout = layout_of(reference, roles)
        keyword = "apart" if rows is scored else "other"
        windows = (made(rows(draw, 1000, **{keyword: share}), layout) for share in (more, less))
        risen, fallen = (next(disagreement_level.compare(made(reference, layout), one)) for one in windows)
        assert risen.p_value < 1e-8
        assert risen.effect > disagreement_level.DETECTOR.min_effect
        assert fallen.p_value > 0.9


def test_one_detector_alerts_on_it_and_its_kind_is_its_own() -> None:
    layout = layout_of(scored(np.random.default_rng(5), 1000), SCORED)
    measured = [one for one in DETECTORS if one.kind in ("drift.data", "disagreement")]
    assert [one.name for one in measured if armed_for(one, NAME, layout)] == ["disagreement_level"]
    assert {kind_of(one, layout.by_name[NAME].role) for one in measured} == {"disagreement"}
