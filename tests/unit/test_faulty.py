"""A client whose system breaks a column is told from one that makes its rows up."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pyarrow as pa
import pytest

from monitor.detectors.attack import Sighting
from monitor.detectors.suspicion.faulty import ODD, faulty_columns
from monitor.profiles.arrow import layout_of
from monitor.profiles.groups import profile_table
from monitor.profiles.profile import merge
from monitor.steps.client_values import made_up, rounded_columns, tries_values
from monitor.steps.faulty import _of_few_rows, _off_contract, _others_send, seldom_broken, written_otherwise
from monitor.steps.unexplained import asks_more, shows_more, sweeps
from monitor.types import Roles

ROWS = 60
Table = dict[str, np.ndarray]


def rows(count: int, seed: int) -> Table:
    rng = np.random.default_rng(seed)
    return {
        "at": np.arange(count).astype("M8[s]"),
        "age": np.round(rng.normal(40, 8, count)),
        "income": rng.lognormal(10, 0.4, count),
        "debt": rng.normal(0, 1, count),
        "plan": rng.choice(["free", "basic"], count),
    }


def faults(
    table: Table,
    *,
    others: Table | None = None,
    odd: dict[str, float] | None = None,
    coarse: dict[str, tuple[str, float]] | None = None,
    make: Callable[[int, int], Table] = rows,
) -> dict[str, str]:
    reference = pa.table(make(2_000, 1))
    layout = layout_of(reference, Roles(timestamp="at"))
    told = pa.table({name: pa.array(values, from_pandas=True) for name, values in table.items()})
    rest = pa.table({n: pa.array(v, from_pandas=True) for n, v in (others or make(500, 9)).items()})
    own, beside = profile_table(told, layout), profile_table(rest, layout)
    known = profile_table(reference, layout, reference=True)
    return faulty_columns(known, own, merge(own, beside), odd=odd, coarse=coarse)


@pytest.mark.parametrize(
    ("column", "value", "said"),
    [
        ("age", np.nan, "no value"),
        ("income", 0.0, "nothing but zeros"),
        ("debt", 0.0, "nothing but zeros"),
        ("age", -999.0, "values beyond the reference's range"),
        ("plan", "????", "unheard-of categories"),
    ],
)
def test_a_column_that_is_broken_in_all_rows_is_named(column: str, value: float | str, said: str) -> None:
    table = rows(ROWS, 2)
    table[column] = np.full(ROWS, value)
    assert faults(table) == {column: said}


def test_a_column_in_another_unit_is_named_where_its_values_stay_within_the_reference_s_range() -> None:
    table, many = rows(ROWS, 2), rows(2_000, 1)
    table["income"] = np.minimum(table["income"] * 5, many["income"].max() - 1)
    table["income"][:10] = rows(10, 3)["income"]
    assert faults(table) == {"income": "values above nearly all of the reference's"}
    table["income"] = np.maximum(rows(ROWS, 2)["income"] / 5, many["income"].min() + 1)
    assert faults(table) == {"income": "values below nearly all of the reference's"}


def test_rows_drawn_over_the_ranges_are_made_up_though_most_of_a_skewed_column_lie_above_nearly_all() -> None:
    table, many, draw = rows(ROWS, 2), rows(2_000, 1), np.random.default_rng(5)
    for name in ("age", "income", "debt"):
        table[name] = draw.uniform(many[name].min(), many[name].max(), ROWS)
    table["income"] = draw.uniform(np.quantile(many["income"], 0.995), many["income"].max(), ROWS)
    assert faults(table) == {}


def test_a_column_that_is_broken_in_most_rows_is_named() -> None:
    table = rows(ROWS, 2)
    table["income"][: ROWS * 4 // 5] = 999_999.0
    assert faults(table) == {"income": "values beyond the reference's range"}


def test_a_column_that_comes_with_more_decimals_is_named() -> None:
    assert faults(rows(ROWS, 2), odd={"age": 1.0, "income": 0.1}) == {
        "age": "more decimals, or a wider range, than any honest row"
    }
    assert faults(rows(ROWS, 2), odd={"age": 1.0, "income": 0.4}) == {}


@pytest.mark.parametrize("wider", [1.2, 1.5, 2.5])
def test_rows_drawn_evenly_from_a_wide_box_break_no_column(wider: float) -> None:
    reference, rng = rows(2_000, 1), np.random.default_rng(11)
    table = rows(ROWS, 2)
    for name in ("age", "income", "debt"):
        low, high = reference[name].min(), reference[name].max()
        middle, half = (low + high) / 2, wider * (high - low) / 2
        table[name] = rng.uniform(middle - half, middle + half, ROWS)
    assert faults(table) == {}


def test_an_honest_client_breaks_nothing() -> None:
    assert faults(rows(ROWS, 3)) == {}


def test_one_that_breaks_a_column_now_and_then_is_none() -> None:
    table = rows(ROWS, 4)
    table["age"][::2] = -5.0
    assert faults(table) == {}


@pytest.mark.parametrize(("every", "found"), [(2, {"age": "no value"}), (4, {"age": "no value"}), (8, {})])
def test_values_that_are_missing_hide_nothing_and_are_named_where_a_fifth_of_the_rows_lacks_them(
    every: int, found: dict[str, str]
) -> None:
    table = rows(ROWS, 4)
    table["age"][::every] = np.nan
    assert faults(table) == found


def wide(count: int, seed: int) -> Table:
    """Give rows with three lengths of one thing, and more."""
    draw, size = np.random.default_rng(seed), np.random.default_rng(seed + 1).lognormal(2, 0.3, count)
    lengths = {name: size * draw.normal(1, 0.02, count) for name in ("long", "broad", "high")}
    weight = {"weight": size**3 * draw.normal(1, 0.02, count)}
    return rows(count, seed) | lengths | weight | {f"other{place}": draw.normal(5, 1, count) for place in range(2)}


@pytest.mark.parametrize(("columns", "named"), [(3, 3), (4, 0)])
def test_as_many_as_a_third_of_the_columns_may_be_broken_at_once(columns: int, named: int) -> None:
    table = wide(ROWS, 2)
    for name in ("long", "broad", "high", "weight")[:columns]:
        table[name] = table[name] / 100
    assert len(faults(table, make=wide)) == named


def test_rounded_numbers_are_named_where_the_others_are_not_rounded() -> None:
    reference = pa.table(wide(2_000, 1))
    known = profile_table(reference, layout_of(reference, Roles(timestamp="at")), reference=True)
    table, others = wide(ROWS, 2), [pa.table(wide(300, 3)), pa.table(wide(200, 4))]
    told = pa.table({**table, "long": np.round(table["long"]), "weight": np.round(table["weight"], -2)})
    found = rounded_columns(told, others, known)
    assert found == {
        "long": ("values rounded to whole numbers", 1.0),
        "weight": ("values rounded to multiples of 100", 1.0),
    }
    assert faults(table, coarse=found, make=wide) == {name: says for name, (says, _) in found.items()}
    assert rounded_columns(told, [told], known) == {}
    about_one_row = pa.table({**table, "long": np.where(np.arange(ROWS) < 40, 20.0, np.round(table["long"]))})
    assert rounded_columns(about_one_row, others, known) == {}


def test_values_of_several_columns_that_have_nothing_to_do_with_their_rows_are_made_up() -> None:
    reference = pa.table(wide(2_000, 1))
    known = profile_table(reference, layout_of(reference, Roles(timestamp="at")), reference=True)
    table, others, draw = wide(ROWS, 2), [pa.table(wide(500, 3))], np.random.default_rng(5)
    broken = dict.fromkeys(("long", "broad"), "values beyond the reference's range")
    inches = pa.table({**table, **{name: table[name] / 2.54 for name in broken}})
    random = pa.table({**table, **{name: draw.uniform(0, 50, ROWS) for name in broken}})
    assert not made_up(inches, others, broken, known)
    assert made_up(random, others, broken, known)
    assert not made_up(random, others, {"long": broken["long"]}, known), "one column is told by other means"


def test_rows_that_differ_in_nothing_but_what_is_broken_are_tried_out() -> None:
    reference = pa.table(wide(2_000, 1))
    known = profile_table(reference, layout_of(reference, Roles(timestamp="at")), reference=True)
    table = wide(ROWS, 2)
    one = {name: np.repeat(values[:1], ROWS) for name, values in table.items()}
    tried = pa.table({**one, "long": table["long"], "broad": table["broad"]})
    assert tries_values(tried, ["long", "broad"], known)
    assert not tries_values(pa.table(table), ["long", "broad"], known)
    assert not tries_values(pa.table(one), ["long", "broad"], known), "the same row again and again"
    assert not tries_values(tried, ["long"], known), "one column is told by other means"


def test_what_others_show_as_well_without_some_columns_comes_of_leaving_them_out() -> None:
    left = [off(detector="odd_combination", hits=16)]
    usual = [replace(off(detector="odd_combination", hits=hits), total=True) for hits in (9, 7)]
    assert shows_more(left, alarm=13.8)
    assert not shows_more(left, alarm=13.8, usual=lambda: usual[:1])
    assert shows_more(left, alarm=13.8, usual=lambda: usual[1:])


def test_rows_made_up_in_several_columns_are_none() -> None:
    table = rows(ROWS, 5)
    table["age"][:], table["income"][:] = -5.0, -5.0
    assert faults(table) == {}


def test_a_handful_of_rows_is_not_judged() -> None:
    table = {name: values[:9] for name, values in rows(ROWS, 7).items()}
    table["age"] = np.full(9, np.nan)
    assert faults(table) == {}


def test_what_others_send_too_is_not_the_clients_fault() -> None:
    table, others = rows(ROWS, 7), rows(500, 8)
    table["debt"] += 30
    assert faults(table) == {"debt": "values beyond the reference's range"}
    others["debt"][::4] += 30
    assert faults(table, others=others) == {}


def off(*columns: tuple[str, float], detector: str = "off_contract", hits: int = 18) -> Sighting:
    told = {"columns": [{"column": column, "share": share} for column, share in columns]}
    return Sighting(detector, "who", datetime(2026, 3, 1, tzinfo=UTC), 20, hits, 0.005, 40.0, evidence=told)


def test_decimals_in_one_column_alone_are_a_fault_unless_rows_are_varied_step_by_step() -> None:
    assert _off_contract([off(("age", 0.9))]) == {"age": pytest.approx(0.81)}
    assert _off_contract([off(("age", 0.9), hits=2)]) == {"age": pytest.approx(0.09)}
    assert _off_contract([off(("age", 1.0), ("debt", 0.4))]) == {}
    assert _off_contract([off(("age", 0.9)), off(("age", 0.9), detector="near_duplicate_starts")]) == {}


def test_a_few_rows_that_break_the_contract_in_one_column_and_show_nothing_else_are_a_fault() -> None:
    assert _of_few_rows([off(("plan", 1.0), detector="malformed")]) == {
        "plan": "values that no row of the reference has"
    }
    assert _of_few_rows([off(("plan", 1.0), ("age", 0.2), detector="malformed")]) == {}
    assert _of_few_rows([off(("plan", 1.0), detector="malformed"), off(detector="far_from_class")]) == {}
    assert _of_few_rows([]) == {}


@pytest.mark.parametrize(
    ("detector", "more"),
    [("near_duplicates", True), ("odd_combination", True), ("distrusted", False), ("malformed", False)],
)
def test_a_broken_column_explains_no_near_copies_nor_what_is_odd_beside_it(
    detector: str,
    more: bool,  # noqa: FBT001
) -> None:
    left = off(detector=detector)
    assert shows_more([left], alarm=13.8) == more
    assert shows_more([left], alarm=13.8, contract=True) == (more or detector == "malformed")
    assert not shows_more([left], alarm=25.0)
    assert not shows_more([replace(left, total=True)], alarm=13.8)


@pytest.mark.parametrize(("varied", "swept"), [(["debt"], True), (["debt", "age"], False), ([], False)])
def test_who_tries_one_value_after_the_other_in_a_column_does_not_break_it(varied: list[str], swept: bool) -> None:  # noqa: FBT001
    sweep = replace(off(detector="one_column_sweep"), evidence={"cluster": {"varied": varied}})
    assert sweeps([sweep], {"debt": "values above nearly all of the reference's"}, alarm=13.8) == swept
    assert not sweeps([replace(sweep, log_e=9.0)], {"debt": "no value"}, alarm=13.8)


@pytest.mark.parametrize(
    ("detector", "varied", "more"),
    [
        ("volume", [], True),
        ("one_column_sweep", ["age"], True),
        ("one_column_sweep", ["debt", "age"], True),
        ("one_column_sweep", ["debt"], False),
        ("one_column_sweep", [], False),
        ("far_from_class", ["age"], False),
    ],
)
def test_a_broken_column_explains_neither_how_much_is_asked_nor_a_search_in_others(
    detector: str,
    varied: list[str],
    more: bool,  # noqa: FBT001
) -> None:
    shown = replace(off(detector=detector), evidence={"cluster": {"varied": varied}}, log_e=14.0)
    assert asks_more([shown], {"debt": "no value"}, alarm=13.8) == more
    assert not asks_more([replace(shown, log_e=13.0)], {"debt": "no value"}, alarm=13.8)


def test_two_rows_of_ten_that_lie_far_out_in_another_column_are_chance() -> None:
    table = {name: values[:10] for name, values in rows(ROWS, 21).items()}
    table["age"] = np.full(10, np.nan)
    table["income"][:2] = 1e6
    assert faults(table) == {"age": "no value"}
    table["income"][:4] = 1e6
    assert faults(table) == {}


@pytest.mark.parametrize(
    ("plans", "found"),
    [
        (["family"] * 8, {"plan": "one unheard-of category"}),  # a firmware that knows a new one
        (["family"] * 7 + ["famili"], {}),  # one after the other is tried
        (["basic"] * 8, {}),
        ([None] * 8, {"plan": "no value in some of its rows"}),
        ([None] * 7 + ["family"], {}),
    ],
)
def test_one_new_category_is_no_probing_however_few_rows_have_it(
    plans: list[str | None], found: dict[str, str]
) -> None:
    table = rows(60, 4)
    plan = pa.array([*plans, *table["plan"][8:]], pa.string())
    told = pa.table({**{n: pa.array(v) for n, v in table.items()}, "plan": plan})
    reference = pa.table(rows(2_000, 1))
    known = profile_table(reference, layout_of(reference, Roles(timestamp="at")), reference=True)
    assert seldom_broken(told, known, [off(("plan", 1.0), detector="malformed", hits=8)]) == found
    assert seldom_broken(told, known, [off(("plan", 1.0), ("age", 0.1), detector="malformed", hits=8)]) == {}
    assert seldom_broken(told, known, [off(("plan", 1.0), detector="odd_all_round")]) == {}


@pytest.mark.parametrize(
    ("own", "found"),
    [
        ([off(("debt", 0.4))], {"debt": ODD}),  # means are filled in
        ([off(("debt", 0.4), ("income", 0.4))], {}),  # of four features one is few
        ([off(("debt", 1.0)), off(detector="near_duplicate_starts")], {}),  # steps from one row to the next
        ([off(("debt", 1.0)), off(detector="doubtful")], {}),
        ([off(detector="doubtful")], {}),
    ],
)
def test_more_decimals_in_few_columns_are_a_fault_where_nothing_else_speaks_against_a_client(
    own: list[Sighting], found: dict[str, str]
) -> None:
    reference = pa.table(rows(2_000, 1))
    known = profile_table(reference, layout_of(reference, Roles(timestamp="at")), reference=True)
    assert written_otherwise(own, known, alarm=13.8) == found


@pytest.mark.parametrize(("of_others", "theirs"), [(0, False), (30, False), (31, False), (40, True)])
def test_a_new_category_that_others_send_as_well_is_no_fault(of_others: int, *, theirs: bool) -> None:
    reference = pa.table(rows(2_000, 1))
    layout = layout_of(reference, Roles(timestamp="at"))
    own = pa.table(rows(60, 2) | {"plan": np.array(["free"] * 20 + ["gold"] * 40)})
    rest = pa.table(rows(500, 3) | {"plan": np.array(["basic"] * (500 - of_others) + ["gold"] * of_others)})
    everybody = profile_table(pa.concat_tables([own, rest]), layout)
    assert _others_send(own, "plan", everybody) == theirs
    assert not _others_send(own, "age", everybody)
