"""Profiles: exact bins, every odd column an ordinary case, and the merge law."""

import math
import sys

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from monitor.profiles.arrow import bins_of, kind_of, profile_column, profile_table
from monitor.profiles.bins import MAX_BINS, CategoryBins, NumericBins
from monitor.profiles.profile import merge

floats = st.one_of(st.floats(width=64), st.sampled_from([0.0, -0.0, 1.0, 5e-324, 1.7e308, -1.7e308]))


@example([sys.float_info.max], [math.inf])
@example([0.0, 1e16], [math.inf])
@given(st.lists(floats, min_size=1, max_size=300), st.lists(floats, max_size=100))
def test_the_grid_counts_like_plain_comparisons(reference: list[float], values: list[float]) -> None:
    bins = NumericBins.of(np.array(reference))
    probes = np.array([v for v in values + bins.edges.tolist() if not math.isnan(v)])
    assert bins.size <= MAX_BINS
    assert bins.codes(probes).tolist() == np.searchsorted(bins.edges, probes, side="right").tolist()


@pytest.mark.parametrize("draw", ["normal", "lognormal", "exponential", "spiked"])
def test_bins_hold_about_equal_reference_mass(draw: str) -> None:
    rng = np.random.default_rng(7)
    spiked = np.where(rng.random(20_000) < 0.5, 0.0, rng.normal(size=20_000))
    x = spiked if draw == "spiked" else getattr(rng, draw)(size=20_000)
    counts = np.bincount(NumericBins.of(x).codes(x))
    free = counts[counts < 0.4 * x.size]
    assert counts.sum() == x.size
    assert counts[0] == 0
    assert free.max() <= 2.5 * x.size / MAX_BINS


ODD_COLUMNS = {
    # every value is absent
    "null": (pa.nulls(4), "numeric", (0, 4, 0)),
    # strings where numbers were: two of them parse
    "mixed": (pa.array(["1", "x", None, "2.5"]), "numeric", (2, 1, 1)),
    # NaN is missing, infinities are values
    "infinite": (pa.array([math.inf, -math.inf, math.nan, 1.0]), "numeric", (3, 1, 0)),
    # larger than a float can tell apart, but counted
    "huge": (pa.array([2**63 - 1, -(2**63), None, 7]), "numeric", (3, 1, 0)),
    # numbers in a categorical column are their text
    "retyped": (pa.array([1, 2, 2, None]), "categorical", (3, 1, 0)),
    # an empty string has a length
    "text": (pa.array(["", "ab", None, "abc"]), "text", (3, 1, 0)),
    # no rows at all
    "empty": (pa.array([], pa.float64()), "numeric", (0, 0, 0)),
    # a boolean read as a number
    "boolean": (pa.array([True, False, None, True]), "numeric", (3, 1, 0)),
}


@pytest.mark.parametrize("name", ODD_COLUMNS)
def test_odd_columns_are_ordinary(name: str) -> None:
    values, kind, expected = ODD_COLUMNS[name]
    column = pa.chunked_array([values])
    profile = profile_column(column, bins_of(column, kind), kind)
    assert (profile.n, profile.missing, profile.invalid) == expected
    assert profile.rows == len(column)
    assert math.isfinite(profile.sum)


def test_unseen_categories_are_told_from_rare_ones() -> None:
    bins = CategoryBins.of([f"v{i}" for i in range(300)], range(300, 0, -1))
    profile = profile_column(pa.chunked_array([["v0", "v299", "new", "new"]]), bins, "categorical")
    assert profile.counts[bins.other] == 1
    assert profile.counts[bins.unseen] == 2
    assert profile.unseen == {"new": 2}


def test_a_dropped_column_is_missing_in_every_row() -> None:
    bins = {"x": NumericBins.of(np.arange(5.0))}
    assert profile_table(pa.table({"y": [1, 2]}), bins, {"x": "numeric"}).columns["x"].missing == 2


def test_strings_that_hardly_repeat_are_text() -> None:
    assert kind_of(pa.chunked_array([[f"comment {i}" for i in range(3000)]])) == "text"
    assert kind_of(pa.chunked_array([["a", "b"] * 1500])) == "categorical"


values = st.lists(st.one_of(st.none(), st.floats(-1e6, 1e6), st.just(math.inf)), max_size=60)
names = st.lists(st.one_of(st.none(), st.sampled_from("abcdxyz")), min_size=60, max_size=60)


@given(values, names, st.integers(0, 60))
def test_merging_profiles_is_profiling_the_rows_together(x: list[float | None], c: list[str | None], cut: int) -> None:
    rows = pa.table({"x": pa.array(x, pa.float64()), "c": pa.array(c[: len(x)], pa.string())})
    bins = {"x": NumericBins.of(np.arange(-50.0, 50)), "c": CategoryBins.of(["a", "b", "c"], [3, 2, 1])}
    kinds = {"x": "numeric", "c": "categorical"}
    whole = profile_table(rows, bins, kinds)
    parts = merge(profile_table(rows[:cut], bins, kinds), profile_table(rows[cut:], bins, kinds))
    assert parts.rows == whole.rows
    for name in bins:
        a, b = parts.columns[name], whole.columns[name]
        assert a.counts.tolist() == b.counts.tolist()
        assert (a.missing, a.invalid, a.infinite, a.low, a.high, a.unseen) == (
            b.missing,
            b.invalid,
            b.infinite,
            b.low,
            b.high,
            b.unseen,
        )
        assert [a.sum, a.sum_sq] == pytest.approx([b.sum, b.sum_sq])


def test_profiles_of_different_columns_do_not_merge() -> None:
    a = profile_table(pa.table({"x": [1.0]}), {"x": NumericBins.of(np.arange(5.0))}, {"x": "numeric"})
    b = profile_table(pa.table({"y": [1.0]}), {"y": NumericBins.of(np.arange(5.0))}, {"y": "numeric"})
    with pytest.raises(ValueError, match="x, y"):
        merge(a, b)
