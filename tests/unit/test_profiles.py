"""Profiles: exact bins, every odd column an ordinary case, and the merge law."""

import math
import sys
from decimal import Decimal
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from monitor.profiles import stretches
from monitor.profiles.arrow import (
    Groups,
    bins_of,
    kind_of,
    layout_of,
    positive_of,
    profile_groups,
    profile_labels,
    profile_table,
)
from monitor.profiles.bins import MAX_BINS, CategoryBins, NumericBins
from monitor.profiles.layout import Column, Layout
from monitor.profiles.profile import ColumnProfile, Profile, merge
from monitor.types import ColumnKind, Roles

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


NOTHING = Roles(timestamp="at")

STRAYED = {
    "amounts": (["n/a", *(f"{i}.5" for i in range(400))], "numeric"),
    "a word among fractions": (["abc", *(f"{i}.5" for i in range(400))], "numeric"),
    "whole numbers, and a mark for none": (["?", *map(str, range(400))], "numeric"),
    "codes": (["A7", *map(str, range(400))], "categorical"),
    "too many": (["n/a"] * 5 + [f"{i}.5" for i in range(400)], "categorical"),
    "padded codes": (["n/a", *(f"{i:05}" for i in range(400))], "categorical"),
}


@pytest.mark.parametrize("name", STRAYED)
def test_a_few_other_values_leave_a_column_of_numbers_one(name: str) -> None:
    values, kind = STRAYED[name]
    table = pa.table({"x": values})
    layout = layout_of(table, NOTHING)
    assert layout.columns[0].kind == kind
    if kind == "numeric":
        held = profile_table(table, layout).columns["x"]
        assert (held.invalid, held.n) == (1, 400)
        clean = profile_table(pa.table({"x": [0.5, 1.5]}), layout).columns["x"]
        assert (clean.invalid, clean.retyped) == (0, 0)


ODD_COLUMNS = {
    # every value is absent
    "null": (pa.nulls(4), "numeric", (0, 4, 0)),
    # strings where numbers were: two of them parse
    "mixed": (pa.array(["1", "x", None, "2.5"]), "numeric", (2, 1, 1)),
    # the same as a dictionary, as Arrow reads it from Parquet
    "mixed dictionary": (pa.array(["1", "x", None, "x"]).dictionary_encode(), "numeric", (1, 1, 2)),
    # NaN is missing, infinities are values
    "infinite": (pa.array([math.inf, -math.inf, math.nan, 1.0]), "numeric", (3, 1, 0)),
    # larger than a float can tell apart, but counted
    "huge": (pa.array([2**63 - 1, -(2**63), None, 7]), "numeric", (3, 1, 0)),
    "huge without sign": (pa.array([2**64 - 1, 2**63, None, 7], pa.uint64()), "numeric", (3, 1, 0)),
    "huge decimal": (pa.array([Decimal(2**70), Decimal(-1), None, Decimal(7)]), "numeric", (3, 1, 0)),
    "huge text": (pa.array([str(2**70), "1e400", None, "-7"]), "numeric", (3, 1, 0)),
    "half precision": (pa.array(np.array([1.5, np.nan], np.float16)), "numeric", (1, 1, 0)),
    # numbers in a categorical column are their text
    "retyped": (pa.array([1, 2, 2, None]), "categorical", (3, 1, 0)),
    # no category
    "not a number": (pa.array([1.0, math.nan, 2.0, None]), "categorical", (2, 2, 0)),
    # a text without any character is missing
    "text": (pa.array(["", "ab", None, "abc"]), "text", (2, 2, 0)),
    "text dictionary": (pa.array(["", "ab", None, "abc"]).dictionary_encode(), "text", (2, 2, 0)),
    "text view": (pa.array(["", "ab", None, "abc"], pa.string_view()), "text", (2, 2, 0)),
    # no rows at all
    "empty": (pa.array([], pa.float64()), "numeric", (0, 0, 0)),
    "no categories": (pa.array([], pa.string()), "categorical", (0, 0, 0)),
    # a boolean read as a number
    "boolean": (pa.array([True, False, None, True]), "numeric", (3, 1, 0)),
    # a value without a text or a number
    "list": (pa.array([[1], None, [2, 3]]), "categorical", (0, 1, 2)),
    "list as number": (pa.array([[1], None, [2, 3]]), "numeric", (0, 1, 2)),
    "bytes": (pa.array([b"\xff", None, b"a"]), "categorical", (2, 1, 0)),
    "time": (pa.array([0, 1, None], pa.timestamp("us", "UTC")), "numeric", (0, 1, 2)),
    "null in the dictionary": (
        pa.DictionaryArray.from_arrays(pa.array([0, 1, None]), pa.array(["a", None])),
        "categorical",
        (1, 2, 0),
    ),
}


def profiled(column: pa.ChunkedArray, kind: ColumnKind, bins: NumericBins | CategoryBins) -> ColumnProfile:
    layout = Layout((Column("x", kind, "feature", "number", bins),))
    return profile_table(pa.table({"x": column}), layout).columns["x"]


@pytest.mark.parametrize("name", ODD_COLUMNS)
def test_odd_columns_are_ordinary(name: str) -> None:
    values, kind, expected = ODD_COLUMNS[name]
    column = pa.chunked_array([values])
    profile = profiled(column, kind, bins_of(column, kind))
    assert (profile.n, profile.missing, profile.invalid) == expected
    assert profile.rows == len(column)
    assert math.isfinite(profile.sum)


@pytest.mark.parametrize("name", ODD_COLUMNS)
@pytest.mark.parametrize("reference", ODD_COLUMNS)
def test_no_row_is_lost_when_a_column_changes_its_type(reference: str, name: str) -> None:
    before, kind, _ = ODD_COLUMNS[reference]
    column = pa.chunked_array([ODD_COLUMNS[name][0]])
    profile = profiled(column, kind, bins_of(pa.chunked_array([before]), kind))
    assert profile.rows == len(column)


def test_chunks_with_different_dictionaries_count_by_value() -> None:
    parts = [pa.array(["a", "b"]).dictionary_encode(), pa.array(["b", None, "z"]).dictionary_encode()]
    profile = profiled(pa.chunked_array(parts), "categorical", CategoryBins(("b", "a")))
    assert profile.counts.tolist() == [2, 1, 0, 1]
    assert profile.unseen == {"z": 1}


def test_unseen_categories_are_told_from_rare_ones() -> None:
    bins = CategoryBins.of([f"v{i}" for i in range(300)], range(300, 0, -1))
    profile = profiled(pa.chunked_array([["v0", "v299", "new", "new"]]), "categorical", bins)
    assert profile.counts[bins.other] == 1
    assert profile.counts[bins.unseen] == 2
    assert profile.unseen == {"new": 2}


def test_only_the_most_frequent_unseen_values_are_named() -> None:
    values = pa.array([f"n{i % 100}" for i in range(150)])
    profile = profiled(pa.chunked_array([values]), "categorical", CategoryBins(("a",)))
    assert profile.counts.tolist() == [0, 0, 150]
    assert len(profile.unseen) == 64
    assert profile.unseen["n0"] == 2


def test_a_dropped_column_is_absent_and_missing_in_every_row_and_a_new_one_is_added() -> None:
    profile = profile_table(pa.table({"y": [1, 2]}), layout_of(pa.table({"x": np.arange(5.0)}), NOTHING))
    column = profile.columns["x"]
    assert (column.missing, column.absent, column.n) == (2, 2, 0)
    assert profile.added == {"y": 2}


def test_of_ever_new_columns_the_most_frequent_are_kept() -> None:
    layout = layout_of(pa.table({"x": np.arange(5.0)}), NOTHING)
    batches = [pa.table({"z": [0], **{f"y{batch}_{i:02}": [1] for i in range(40)}}) for batch in range(5)]
    whole = profile_table(batches[0], layout)
    for batch in batches[1:]:
        whole = merge(whole, profile_table(batch, layout))
    assert (whole.added["z"], len(whole.added)) == (5, 64)
    assert list(whole.added) == sorted(whole.added)
    wide = pa.table({f"y{i:03}": [1, 1] for i in range(2000)})
    assert profile_table(wide, layout).added == {f"y{i:03}": 2 for i in range(64)}


def test_rows_of_another_type_are_counted_as_retyped() -> None:
    layout = layout_of(pa.table({"x": np.arange(5.0)}), NOTHING)
    tables = [pa.table({"x": values}) for values in (["1", None, "x"], [1, 2, None], pa.nulls(3))]
    assert [profile_table(t, layout).columns["x"].retyped for t in tables] == [2, 0, 0]


DELAYS = np.linspace(0, 1, 200)


@pytest.mark.parametrize(
    ("said", "columns", "positive"),
    [
        ({"scores": ("p",)}, {"label": np.where(DELAYS > 0.6, "late", "on time")}, "late"),
        ({"scores": ("p",)}, {"label": np.where(DELAYS > 0.6, "on time", "late")}, "on time"),
        ({"scores": ("p",), "classes": ("on time",)}, {"label": np.where(DELAYS > 0.6, "late", "on time")}, "on time"),
        ({"scores": ("p",)}, {"label": np.tile(["late", "on time"], 100)}, "on time"),
        # of what has an order, the last is the positive one, and `check` says where it is not
        ({"scores": ("p",)}, {"label": (DELAYS < 0.6).astype(int)}, "1"),
        ({"scores": ("p",)}, {"label": np.where(DELAYS < 0.6, "yes", "no")}, "yes"),
        # a reference without labels has decisions
        ({"scores": ("p",), "prediction": "said"}, {"said": np.where(DELAYS > 0.6, "late", "on time")}, "late"),
    ],
)
def test_a_score_is_that_of_the_word_for_which_it_is_high(
    said: dict[str, Any], columns: dict[str, Any], positive: str
) -> None:
    roles = Roles(timestamp="at", label="label", **said)
    assert positive_of(pa.table({"p": DELAYS, **columns}), roles) == positive


def test_vectors_are_the_same_as_lists_and_as_text() -> None:
    rows = np.random.default_rng(4).normal(size=(200, 3)).round(4).tolist()
    layout = layout_of(pa.table({"v": rows}), Roles(timestamp=""))
    lists, texts = (
        profile_table(pa.table({"v": held}), layout).columns["v"] for held in (rows, [str(row) for row in rows])
    )
    assert (lists.retyped, texts.retyped, texts.invalid) == (0, 0, 0)
    assert lists.counts.tolist() == texts.counts.tolist()
    broken = profile_table(pa.table({"v": ["[1.0, 2.0]", "three", "[1.0, 2.0, 3.0]"]}), layout).columns["v"]
    assert (broken.n, broken.invalid) == (1, 2)


def test_strings_that_hardly_repeat_are_text() -> None:
    assert kind_of(pa.chunked_array([[f"comment {i}" for i in range(3000)]])) == "text"
    assert kind_of(pa.chunked_array([["a", "b"] * 1500])) == "categorical"


values = st.lists(st.one_of(st.none(), st.floats(-1e6, 1e6), st.sampled_from([math.inf, math.nan])), max_size=60)
names = st.lists(st.one_of(st.none(), st.sampled_from("abcdxyz")), min_size=60, max_size=60)
places = st.lists(st.integers(-1, 11), min_size=60, max_size=60)
ROLES = Roles("at", scores=("p",), label="y", segments=("c",))
REFERENCE = pa.table(
    {
        "x": np.arange(-50.0, 50),
        "c": [*"aaabbc", *"a" * 94],
        "p": np.linspace(0, 1, 100),
        "y": [0, 1] * 50,
    }
)
LAYOUT = layout_of(REFERENCE, ROLES)


def table_of(x: list[float | None], c: list[str | None]) -> pa.Table:
    chances = pa.array([None if v is None or not 0 <= abs(v) <= 100 else abs(v) / 100 for v in x], pa.float64())
    labels = pa.array([{"a": 0, "b": 1, "x": 1}.get(v or "") for v in c[: len(x)]], pa.int64())
    return pa.table(
        {"x": pa.array(x, pa.float64()), "c": pa.array(c[: len(x)], pa.string()), "p": chances, "y": labels}
    )


def assert_equal(a: Profile, b: Profile) -> None:
    assert (a.rows, a.unseen, a.added) == (b.rows, b.unseen, b.added)
    assert a.counts.tolist() == b.counts.tolist()
    assert (a.low.tolist(), a.high.tolist()) == (b.low.tolist(), b.high.tolist())
    assert a.sums.tolist() == pytest.approx(b.sums.tolist(), rel=1e-9, abs=1e-6)


@given(values, names, st.integers(0, 60))
def test_merging_profiles_is_profiling_the_rows_together(x: list[float | None], c: list[str | None], cut: int) -> None:
    rows = table_of(x, c)
    parts = merge(profile_table(rows[:cut], LAYOUT), profile_table(rows[cut:], LAYOUT))
    assert_equal(parts, profile_table(rows, LAYOUT))


@pytest.mark.parametrize("size", [7, 65_536])
@given(x=values, c=names, group=places)
def test_profiles_of_groups_are_those_of_each_groups_rows(
    size: int, x: list[float | None], c: list[str | None], group: list[int]
) -> None:
    rows, index = table_of(x, c), np.array(group[: len(x)], np.int64)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(stretches, "SLICE", size)
        found = profile_groups(rows, LAYOUT, Groups(index, 12))
    assert len(found) == 12
    for g, profile in enumerate(found):
        assert_equal(profile, profile_table(rows.filter(pa.array(index == g)), LAYOUT))


@given(values, names)
def test_late_labels_add_up_to_what_labels_at_once_would_have_been(x: list[float | None], c: list[str | None]) -> None:
    rows = table_of(x, c)
    one = Groups(np.zeros(len(x), np.intp), 1)
    late = profile_labels(rows.select(["p", "y"]), LAYOUT, one)[0]
    assert late.rows == 0
    assert_equal(merge(profile_table(rows.drop_columns(["y"]), LAYOUT), late), profile_table(rows, LAYOUT))


def test_rows_without_a_label_yet_are_not_missing() -> None:
    profile = profile_table(table_of([1.0, 2.0], ["a", None]), LAYOUT)
    assert (profile.columns["y"].n, profile.columns["y"].missing) == (1, 0)


def test_an_index_may_be_of_any_integer_type() -> None:
    small = profile_groups(REFERENCE, LAYOUT, Groups(np.arange(100, dtype=np.uint8)[::-1] % 3, 3))
    large = profile_groups(REFERENCE, LAYOUT, Groups(np.arange(100)[::-1] % 3, 3))
    for a, b in zip(small, large, strict=True):
        assert_equal(a, b)


def test_an_index_that_is_not_of_these_rows_is_refused() -> None:
    with pytest.raises(ValueError, match="group 3 is none of 3"):
        profile_groups(REFERENCE, LAYOUT, Groups(np.full(100, 3), 3))
    with pytest.raises(ValueError, match="index of 2"):
        profile_groups(REFERENCE, LAYOUT, Groups(np.zeros(2, np.intp), 3))


def test_a_mean_of_zeros_is_zero_however_far_the_references_mean_lies() -> None:
    reference = pa.table({"x": np.random.default_rng(1).normal(38.7, 9.3, 1000)})
    layout = layout_of(reference, Roles(timestamp="at"))
    zeros = profile_table(pa.table({"x": np.zeros(73)}), layout)
    moments = zeros.columns["x"].moments
    assert moments is not None
    assert moments[1] == 0.0


def test_profiles_of_different_columns_do_not_merge() -> None:
    a, b = (profile_table(t, layout_of(t, NOTHING)) for t in (pa.table({"x": [1.0]}), pa.table({"y": [1.0]})))
    with pytest.raises(ValueError, match="x, y"):
        merge(a, b)


def test_of_a_column_that_nearly_always_holds_one_value_other_rows_have_a_bin_of_their_own() -> None:
    for usual, rare in ((0.0, [4.0, 44.0]), (7.0, [2.0, 2.5]), (7.0, [2.0, 9.0])):
        values = np.array([usual] * 2_000 + rare)
        bins = NumericBins.of(values)
        held = np.bincount(bins.codes(values), minlength=bins.size)
        assert held.max() == 2_000
        assert held[[0, -1]].sum() == 0
    assert NumericBins.of(np.full(50, 3.0)).size == 3
