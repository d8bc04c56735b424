"""A small difference that lasts is accepted; chance is not taken for one, and what is worth telling never is."""

import numpy as np
import pyarrow as pa
import pytest

from monitor.config import Model
from monitor.detectors.detector import inflation
from monitor.profiles.accepted import with_offsets
from monitor.profiles.arrow import layout_of
from monitor.profiles.bins import CategoryBins
from monitor.profiles.groups import Groups, profile_groups, profile_table
from monitor.profiles.profile import Profile
from monitor.stats.divergence import chi_square_test
from monitor.steps.measure import least_told
from monitor.types import Roles

ROWS, WINDOWS = 500, 16
SHARES = np.full(8, 1 / 8)
MOVED = SHARES + 0.06 / 8 * np.array([1, -1, 1, -1, 1, -1, 1, -1])  # w = 0.06


def reference_of(rng: np.random.Generator, n: int = 20_000) -> Profile:
    table = pa.table({"x": rng.normal(size=n), "c": rng.choice(list("abcdefgh"), n, p=SHARES)})
    return profile_table(table, layout_of(table, Roles("at")))


def windows_of(
    reference: Profile, rng: np.random.Generator, *, level: float = 0.0, shares: np.ndarray = SHARES
) -> list[Profile]:
    n = WINDOWS * ROWS
    table = pa.table({"x": rng.normal(level, 1, n), "c": rng.choice(list("abcdefgh"), n, p=shares)})
    return profile_groups(table, reference.layout, Groups(np.repeat(np.arange(WINDOWS), ROWS), WINDOWS))


def offsets(reference: Profile, windows: list[Profile], **least: float) -> tuple[float, float]:
    layout = with_offsets(reference.layout, reference, windows, least=least)
    return layout.by_name["x"].offset, layout.by_name["c"].offset


def test_chance_is_rarely_taken_for_a_lasting_difference() -> None:
    rng = np.random.default_rng(1)
    found = [offsets(ref, windows_of(ref, rng), x=9, c=9) for ref in (reference_of(rng, 5_000) for _ in range(40))]
    assert np.mean(np.array(found) > 0) < 0.08


def test_values_that_a_small_reference_happens_to_lack_are_no_lasting_difference() -> None:
    rng, shares = np.random.default_rng(7), 1 / np.arange(1, 401) ** 1.2
    names = np.array([f"v{i}" for i in range(400)])
    found = []
    for _ in range(20):
        held, came = (names[rng.choice(400, n, p=shares / shares.sum())] for n in (2_000, WINDOWS * ROWS))
        table = pa.table({"c": held})
        reference = profile_table(table, layout_of(table, Roles("at")))
        groups = Groups(np.repeat(np.arange(WINDOWS), ROWS), WINDOWS)
        windows = profile_groups(pa.table({"c": came}), reference.layout, groups)
        found.append(with_offsets(reference.layout, reference, windows, least={"c": 9}).by_name["c"].offset)
    assert np.mean(np.array(found) > 0) < 0.15


def test_a_lasting_difference_is_measured_without_what_chance_adds() -> None:
    rng = np.random.default_rng(2)
    reference = reference_of(rng, 100_000)
    found = [offsets(reference, windows_of(reference, rng, level=0.1, shares=MOVED), x=9, c=9) for _ in range(40)]
    x, c = np.mean(found, axis=0)
    assert x == pytest.approx(0.1**2, rel=0.15)  # ten cells keep nearly all of a shift's information
    assert c == pytest.approx(0.06**2, rel=0.2)


def test_no_more_is_accepted_than_the_least_that_is_told() -> None:
    rng = np.random.default_rng(3)
    reference = reference_of(rng)
    least = least_told(reference.layout, Model(source={"push": True}, columns={"timestamp": "at"}, window="1d"))
    assert least["x"] == 0.03
    assert least["c"] == pytest.approx(0.094, abs=0.001)  # Cohen's w of a Jensen-Shannon distance of 0.04
    windows = windows_of(reference, rng, level=0.5, shares=SHARES[::-1].cumsum() / SHARES.cumsum().sum())
    assert offsets(reference, windows, **least) == pytest.approx((least["x"] ** 2, least["c"] ** 2))
    assert offsets(reference, windows) == (0.0, 0.0)


def test_the_users_own_least_effect_is_what_is_accepted_at_most() -> None:
    rng = np.random.default_rng(3)
    layout = reference_of(rng, 500).layout
    said = {"smooth_test(x)": {"min_effect": 0.2}, "drift.data": {"min_effect": 0.08}}
    settings = Model(source={"push": True}, columns={"timestamp": "at"}, window="1d", thresholds=said)
    found = least_told(layout, settings)
    assert found["x"] == 0.2
    assert found["c"] == pytest.approx(0.188, abs=0.001)


def test_windows_that_hold_only_what_was_accepted_breach_no_more_often_than_asked() -> None:
    rng = np.random.default_rng(4)
    reference = reference_of(rng)
    before, bins = reference.columns["c"].counts, reference.layout.by_name["c"].bins
    assert isinstance(bins, CategoryBins)
    shares = np.append(MOVED[["abcdefgh".index(value) for value in bins.values]], np.zeros(bins.size - 8))
    windows = [one for _ in range(4) for one in windows_of(reference, rng, shares=MOVED)]
    layout = with_offsets(reference.layout, reference, windows, least={"c": 0.094})
    told = Profile(layout, reference.rows, reference.counts, reference.sums, reference.low, reference.high)
    for rows in (500, 5_000):
        grown = inflation(told, told.columns["c"], one_of(reference, rng, rows).columns["c"])
        found = [chi_square_test(before, rng.multinomial(rows, shares), grown) for _ in range(2_000)]
        p = np.array([one[1] for one in found if one])
        unknowing = [chi_square_test(before, rng.multinomial(rows, shares)) for _ in range(2_000)]
        assert np.mean(p < 0.01) <= 0.01
        assert np.mean([one[1] < 0.01 for one in unknowing if one]) > np.mean(p < 0.01)


def one_of(reference: Profile, rng: np.random.Generator, rows: int) -> Profile:
    table = pa.table({"x": rng.normal(size=rows), "c": rng.choice(list("abcdefgh"), rows, p=MOVED)})
    return profile_table(table, reference.layout)
