"""Estimates of windows whose rows are other ones than the reference's, by a model that errs differently by region."""

from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest
from scipy import stats

from monitor.detectors import ESTIMATES
from monitor.detectors.performance.estimated import METRICS, estimate_spreads, harm_of
from monitor.profiles.arrow import layout_of, profile_table
from monitor.profiles.layout import Layout
from monitor.profiles.outcome import BinaryOutcome
from monitor.profiles.outcome_layout import Binary
from monitor.profiles.profile import Profile, merge
from monitor.types import Measurement, Roles

ROLES = Roles(timestamp="at", scores=("p",), label="was")
SIZE = 500


def rows(draw: np.random.Generator, n: int, *, shift: float = 0.0, plain: bool = False) -> pa.Table:
    """Give scores that promise too much where `age` is high and too little where it is low, and in one `place`."""
    age, place = draw.normal(shift, 1, n), draw.choice(["town", "land"], n)
    z = draw.normal(0.2, 1.5, n)
    missed = 0.0 if plain else -0.9 * age + np.where(place == "land", 0.5, -0.5)
    was = draw.random(n) < 1 / (1 + np.exp(-z - missed))
    table = {"age": age, "place": place, "noise": draw.normal(size=n), "p": 1 / (1 + np.exp(-z))}
    return pa.table({**table, "was": was.astype(int)})


def told(table: pa.Table) -> Profile:
    layout = layout_of(table, ROLES)
    whole = profile_table(table, layout, reference=True)
    parts = [profile_table(table.slice(i, SIZE), layout, reference=True) for i in range(0, table.num_rows, SIZE)]
    return replace(whole, layout=replace(layout, spreads=estimate_spreads(whole, parts), windows=len(parts)))


@pytest.fixture(scope="module")
def reference() -> Profile:
    return told(rows(np.random.default_rng(1), 10_000))


def measured(reference: Profile, window: Profile) -> list[Measurement]:
    """Give the estimates in the order of METRICS."""
    scored = [d for d in ESTIMATES if any(d.name == m.name for m in METRICS)]
    return [one for detector in scored for one in detector.compare(reference, window)]


def scores_alone(reference: Profile) -> Profile:
    """Give the reference as if its features had done harm."""
    harmed = {harm_of(metric): 1.0 for metric in METRICS}
    return replace(reference, layout=replace(reference.layout, spreads=dict(reference.layout.spreads) | harmed))


def test_windows_of_other_rows_are_estimated_nearer_than_by_scores_alone(reference: Profile) -> None:
    draw, bare = np.random.default_rng(2), scores_alone(reference)
    off, held = [], []
    for shift in np.tile([-1.0, 1.0], 30):
        window = profile_table(rows(draw, SIZE, shift=shift), reference.layout)
        real = np.array([metric.realised.estimate(window.outcome).value for metric in METRICS])
        by_features, by_scores = measured(reference, window), measured(bare, window)
        off.append(
            [[abs(one.value - r) for one, r in zip(each, real, strict=True)] for each in (by_features, by_scores)]
        )
        held.append([one.low <= r <= one.high for one, r in zip(by_features, real, strict=True)])
    near, far = np.mean(off, axis=0)
    assert (near < [1.3, 0.8, 0.3, 0.5, 0.5] * far).all()
    assert np.mean(held) > 0.9


def test_rows_as_ever_keep_the_level_and_the_intervals_hold(reference: Profile) -> None:
    p: list[list[float]] = []
    held: list[list[bool]] = []
    draw = np.random.default_rng(3)
    for _ in range(80):
        before, now = (profile_table(rows(draw, n), reference.layout) for n in (3000, 400))
        found = measured(replace(before, layout=replace(before.layout, spreads={})), now)
        real = [metric.realised.estimate(now.outcome).value for metric in METRICS]
        p.append([one.p_value or 1.0 for one in found])
        held.append([one.low <= r <= one.high for one, r in zip(found, real, strict=True)])
    for values in np.array(p).T:
        assert stats.kstest(values, "uniform").pvalue > 0.001
        assert (values <= 0.01).mean() <= 0.01 + 3 * np.sqrt(0.01 / len(values))
    assert 0.9 <= np.mean(held) <= 0.99


def test_where_scores_tell_all_nothing_is_added() -> None:
    draw = np.random.default_rng(4)
    reference = told(rows(draw, 6000, plain=True))
    window = profile_table(rows(draw, SIZE, plain=True, shift=1.0), reference.layout)
    for one, other in zip(measured(reference, window), measured(scores_alone(reference), window), strict=True):
        assert one.value == pytest.approx(other.value, abs=0.01)


def test_a_window_without_the_features_is_estimated_by_scores_alone(reference: Profile) -> None:
    table = rows(np.random.default_rng(5), SIZE, shift=1.0).drop_columns(["age"])
    window = profile_table(table, reference.layout)
    by_scores = measured(scores_alone(reference), window)
    assert [one.value for one in measured(reference, window)] == [one.value for one in by_scores]


def test_a_layout_that_holds_the_trees_is_kept_and_its_profiles_add_up(reference: Profile) -> None:
    layout = Layout.unpacked(reference.layout.packed())
    assert layout.digest == reference.layout.digest
    assert isinstance(layout.outcome, Binary)
    assert layout.outcome.excess not in layout.by_name
    table = rows(np.random.default_rng(6), 300)
    both = merge(profile_table(table.slice(0, 100), layout), profile_table(table.slice(100), layout))
    whole = profile_table(table, reference.layout)
    assert (both.counts == whole.counts).all()
    assert np.allclose(both.sums, whole.sums)
    assert isinstance(whole.outcome, BinaryOutcome)
    assert (whole.outcome.told == whole.outcome.served).all()


def test_features_that_did_harm_on_the_references_own_windows_are_left_aside(reference: Profile) -> None:
    draw, windows = np.random.default_rng(7), []
    for shift in np.tile([-0.7, 0.7], 6):
        table = rows(draw, SIZE, shift=shift)
        turned = table.set_column(0, "age", pa.array(-np.asarray(table["age"])))
        windows.append(profile_table(turned, reference.layout))
    spreads = estimate_spreads(reference, windows)
    harmed = replace(reference, layout=replace(reference.layout, spreads=spreads))
    assert spreads["harm(estimated_precision)"] > 0.005
    assert not any(name.startswith("harm") for name in reference.layout.spreads)
    values = [[one.value for one in measured(each, windows[0])] for each in (harmed, scores_alone(reference))]
    assert values[0][2] == values[1][2]


def test_features_that_mean_another_thing_in_the_second_half_of_the_reference_are_not_learned() -> None:
    draw, half = np.random.default_rng(8), 4000
    turned = [rows(draw, half, shift=1.0), rows(draw, half, shift=1.0)]
    turned[1] = turned[1].set_column(0, "age", pa.array(2 - np.asarray(turned[1]["age"])))
    steady = layout_of(rows(draw, 2 * half), ROLES).outcome
    # what age tells in one half would put the other off, of which it is the mean
    drifting = pa.concat_tables(turned)
    drifting = drifting.set_column(0, "age", pa.array(np.asarray(drifting["age"]) + np.repeat([0.0, 1.5], half)))
    outcome = layout_of(drifting, ROLES).outcome
    assert isinstance(steady, Binary)
    assert isinstance(outcome, Binary)
    assert (steady.excess is None, outcome.excess is None) == (False, True)
