"""The mean of a column of vectors: its sums in a profile, and the test of whether it moved."""

import numpy as np
import pyarrow as pa
import pytest
from numpy.typing import NDArray
from scipy import stats

from monitor.alerts.thresholds import Threshold
from monitor.detectors.drift import mean_vector as detector
from monitor.detectors.drift.mean_vector import mean_spreads
from monitor.profiles import mean_vector
from monitor.profiles.arrow import layout_of, profile_groups, profile_table
from monitor.profiles.derivation import Derivation, fitting_rows
from monitor.profiles.groups import Groups
from monitor.profiles.layout import Layout
from monitor.profiles.profile import Profile, merge
from monitor.stats.mean_vector import Sums, between_windows, mean_vector_test
from monitor.steps.blindness import unreachable
from monitor.types import Measurement, Roles

Floats = NDArray[np.float64]


def table(vectors: Floats) -> pa.Table:
    return pa.table({"v": pa.FixedSizeListArray.from_arrays(pa.array(vectors.ravel()), vectors.shape[1])})


def correlated(rows: int, width: int, rng: np.random.Generator) -> Floats:
    return np.asarray(rng.normal(size=(rows, width)) * np.arange(1, width + 1) ** -0.5)


def far_tailed(rows: int, width: int, rng: np.random.Generator) -> Floats:
    return np.asarray(correlated(rows, width, rng) / np.sqrt(rng.chisquare(3, rows) / 3)[:, None])


def told(reference: Profile, vectors: Floats) -> Measurement:
    (found,) = detector.compare(reference, profile_table(table(vectors), reference.layout))
    return found


def learned(vectors: Floats) -> Profile:
    return profile_table(table(vectors), layout_of(table(vectors), Roles(timestamp="")), reference=True)


def drawn(vectors: Floats, fitted: Derivation) -> Floats:
    return mean_vector.mixed(vectors - fitted.arrays["center"], fitted).astype(np.float64)


def sums_of(rows: Floats) -> Sums:
    return Sums(len(rows), rows.mean(axis=0), float(rows.var(axis=0, ddof=1).sum()))


def test_sums_of_parts_add_up_to_those_of_the_whole_and_rows_without_a_vector_are_left_out() -> None:
    rng = np.random.default_rng(0)
    layout = learned(correlated(600, 12, rng)).layout
    vectors = correlated(300, 12, rng)
    vectors[7, 3] = np.nan
    parts = profile_groups(table(vectors), layout, Groups(np.arange(300) % 3, 3))
    both = merge(merge(*parts[:2]), parts[2]).means["v"]
    expected = drawn(np.delete(vectors, 7, axis=0), layout.derivations[-1])
    for found in (
        both,
        profile_table(table(vectors), layout).means["v"],
        Profile.unpacked(profile_table(table(vectors), layout).packed(), layout).means["v"],
    ):
        assert found.n == 299
        np.testing.assert_allclose(found.total, expected.sum(axis=0), atol=1e-4)
        np.testing.assert_allclose(found.scatter, expected.var(axis=0, ddof=1).sum(), rtol=1e-5)


def test_the_references_mean_leaves_out_the_rows_that_it_was_fitted_on() -> None:
    vectors = correlated(700, 12, np.random.default_rng(1))
    reference = learned(vectors)
    assert reference.means["v"].n == 700 - fitting_rows(700).sum()


@pytest.mark.parametrize("width", [8, 300])
@pytest.mark.parametrize("rows", [50, 500])
@pytest.mark.parametrize("draw", [correlated, far_tailed])
def test_p_values_are_uniform_or_larger_when_nothing_changed(width: int, rows: int, draw: object) -> None:
    rng, p_values = np.random.default_rng(2), []
    for _ in range(10):
        reference = learned(draw(4_000, width, rng))  # type: ignore[operator]
        (fitted,) = reference.layout.derivations
        mine = reference.means["v"]
        before = Sums(mine.n, mine.mean, mine.scatter)
        for _ in range(30):
            after = sums_of(drawn(draw(rows, width, rng), fitted))  # type: ignore[operator]
            found = mean_vector_test(before, after, squares=float(fitted.arrays["squares"][0]))
            p_values.append(found.p_value if found else 1.0)
    for level in (0.2, 0.05, 0.01):
        # those that share a reference are alike
        assert np.mean(np.array(p_values) <= level) <= level + 4 * np.sqrt(level * (1 - level) / 100)


def test_of_few_numbers_it_says_what_hotellings_test_says() -> None:
    rng, width = np.random.default_rng(3), 6
    before = correlated(2_000, width, rng)
    reference = learned(before)
    held, found = before[~fitting_rows(len(before))], []
    for shift in np.linspace(0, 0.3, 30):
        after = correlated(200, width, rng) + shift * np.arange(1, width + 1) ** -0.5
        n, m = len(held), len(after)
        pooled = ((n - 1) * np.cov(held.T) + (m - 1) * np.cov(after.T)) / (n + m - 2)
        apart = after.mean(axis=0) - held.mean(axis=0)
        squared = n * m / (n + m) * apart @ np.linalg.solve(pooled, apart)
        exact = stats.f.logsf((n + m - width - 1) / (width * (n + m - 2)) * squared, width, n + m - width - 1)
        found.append((exact, np.log(told(reference, after).p_value)))
    exact, ours = np.array(found).T
    assert np.corrcoef(exact, ours)[0, 1] > 0.98
    assert np.abs(ours - exact)[exact > np.log(1e-6)].max() < 2


def test_a_small_shift_in_every_dimension_and_a_small_topic_are_seen_that_no_component_sees() -> None:
    rng, width = np.random.default_rng(4), 384
    reference = learned(correlated(2_000, width, rng))
    signs, topic = rng.choice([-1, 1], width), rng.normal(size=width) * np.arange(1, width + 1) ** -0.5
    shifted = correlated(50, width, rng) + 0.2 * signs * np.arange(1, width + 1) ** -0.5
    assert told(reference, shifted).p_value < 1e-6
    mixed = correlated(2_000, width, rng)
    mixed[:100] += topic
    assert told(reference, mixed).p_value < 1e-6


def test_vectors_that_only_spread_more_have_not_moved_their_mean() -> None:
    rng = np.random.default_rng(5)
    reference = learned(correlated(1_000, 40, rng))
    assert (
        min(told(reference, wider * correlated(60, 40, rng)).p_value for wider in (1.5, 3) for _ in range(20)) > 0.001
    )


def test_windows_that_differ_among_themselves_are_told_no_more_often_than_they_should() -> None:
    rng, rows, width = np.random.default_rng(6), 200, 30
    direction = rng.normal(size=width) * np.arange(1, width + 1) ** -0.5 / 6

    def window() -> Floats:
        return correlated(rows, width, rng) + rng.normal() * direction

    plain = found = 0
    for _ in range(12):
        windows = [window() for _ in range(12)]
        reference = learned(np.concatenate(windows))
        layout = reference.layout
        profiles = [profile_table(table(one), layout) for one in windows]
        spreads = mean_spreads(profiles)
        aware = Layout(layout.columns, layout.outcome, layout.roles, rows, 12, spreads, layout.derivations)
        known = Profile(aware, reference.rows, reference.counts, reference.sums, reference.low, reference.high)
        later = [window() for _ in range(20)]
        plain += sum(told(reference, one).p_value <= 0.01 for one in later)
        found += sum(told(known, one).p_value <= 0.01 for one in later)
    assert plain > 24
    assert found <= 8


def test_between_windows_there_is_nothing_where_rows_are_drawn_at_random_and_it_is_unknown_of_few() -> None:
    rng = np.random.default_rng(7)
    windows = [sums_of(correlated(100, 20, rng)) for _ in range(40)]
    assert between_windows(windows[:7]) is None
    assert between_windows(windows) == pytest.approx(0.0, abs=0.02)
    moved = [Sums(one.n, one.mean + rng.normal(), one.scatter) for one in windows]
    assert between_windows(moved) == pytest.approx(20.0, rel=0.6)


def test_there_is_no_mean_of_vectors_that_are_constant_or_very_wide() -> None:
    assert layout_of(table(np.ones((300, 4))), Roles(timestamp="")).means == {}
    wide = np.zeros((300, 1_100))
    wide[:, 0] = np.arange(300)
    assert layout_of(table(wide), Roles(timestamp="")).means == {}


def test_a_window_without_vectors_has_no_answer() -> None:
    reference = learned(correlated(600, 12, np.random.default_rng(8)))
    found = told(reference, np.full((5, 12), np.nan))
    assert (found.value, found.note) == (None, "no rows with a value in this window")


def test_a_mean_that_moves_far_can_be_told_so_that_nobody_is_said_to_be_blind_to_it() -> None:
    reference = learned(correlated(600, 12, np.random.default_rng(9)))
    threshold = {("mean_vector", "v"): Threshold(alpha=0.001, min_effect=0.1)}
    assert unreachable(reference, threshold, rows=100) == []


def test_the_number_that_makes_most_of_a_shift_is_named_and_none_where_many_do() -> None:
    rng = np.random.default_rng(31)
    reference, vectors = learned(correlated(4000, 24, rng) + 2.0), correlated(800, 24, rng) + 2.0
    vectors[:, 17] = 0.0
    assert told(reference, vectors).evidence["foremost"] == [17]
    assert "foremost" not in told(reference, correlated(800, 24, rng) + 2.3).evidence
