"""Rows are validated as they would be tracked, and nothing is remembered of them."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cache

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from monitor.detectors.attack import Baseline, State, baseline_of, track, validate
from monitor.detectors.attack.contract import Contract
from monitor.detectors.attack.space import Rows
from monitor.detectors.attack.validation import _several
from monitor.profiles.arrow import layout_of
from monitor.types import Roles

ROLES = Roles(timestamp="at", prediction="answer")
START = datetime(2024, 1, 1, tzinfo=UTC)


def rows(count: int, seed: int) -> pa.Table:
    rng = np.random.default_rng(seed)
    age, income = rng.integers(18, 80, count), np.round(rng.lognormal(8, 0.5, count), 2)
    home, member = rng.choice(["rent", "own", "family"], count), rng.random(count) < 0.3
    at = [START + timedelta(seconds=i) for i in range(count)]
    answer = (income > 3000).astype(int)
    return pa.table({"at": at, "age": age, "income": income, "home": home, "member": member, "answer": answer})


@cache
def fitted() -> Baseline:
    reference = rows(4000, 1)
    found = baseline_of(reference, ROLES, layout_of(reference, ROLES), rng=np.random.default_rng(2))
    assert found
    return found


def changed(**values: object) -> pa.Table:
    one = rows(1, 3)
    for name, value in values.items():
        one = one.set_column(one.column_names.index(name), name, pa.array([value]))
    return one


def test_honest_rows_belong_at_the_share_that_is_promised() -> None:
    found = validate(fitted(), None, rows(2000, 4))
    p_values = np.array([one.p_value for one in found if one.contract])
    for share in (0.01, 0.05, 0.2):
        assert (p_values <= share).mean() <= share + 3 * np.sqrt(share / 2000)
    assert np.mean([one.belongs for one in found]) > 0.97


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ({"age": 40.123}, "age has more decimals than any value of the reference"),
        ({"age": 900}, "age is beyond the range of the reference"),
        ({"income": 3.5}, "income is 3.5, far below every value of the reference"),
        ({"age": None}, "age has no value"),
        ({"home": "castle"}, "home is a category that the reference does not hold"),
        ({"home": None}, "home has no value"),
        ({"age": "nine"}, "age is 'nine', which is no number"),
        ({"age": "x" * 100}, f"age is '{'x' * 38}…, which is no number"),
        ({"age": float("nan")}, "age has no value"),
    ],
)
def test_what_breaks_the_contract_is_named(values: dict[str, object], reason: str) -> None:
    (found,) = validate(fitted(), None, changed(**values))
    assert not found.contract
    assert not found.belongs
    assert reason in found.reasons


@cache
def fitted_to_gaps() -> Baseline:
    """Every column lacks a value now and then, and costs have a long tail and are never negative."""
    rng, table = np.random.default_rng(8), rows(4000, 1).drop_columns(["member"])
    cost = np.round(rng.lognormal(9, 1.5, 4000) + 391)
    emb = pa.FixedSizeListArray.from_arrays(pa.array(rng.normal(size=16_000)), 4)
    table = table.append_column("cost", pa.array(cost)).append_column("emb", emb)
    some = pa.array(rng.random(4000) < 0.05)
    for name in ("age", "home", "cost"):
        held = pc.if_else(some, pa.scalar(None, table[name].type), table[name])
        table = table.set_column(table.column_names.index(name), name, held)
    found = baseline_of(table, ROLES, layout_of(table, ROLES), rng=np.random.default_rng(2))
    assert found
    return found


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ({"age": "abc"}, "age is 'abc', which is no number"),
        ({"age": True}, "age is True, which is no number"),
        ({"cost": "18.000,50"}, "cost is '18.000,50', which is no number"),
        ({"home": ["rent"]}, "home is ['rent'], which is no category"),
        ({"emb": [1.0, 2.0]}, "emb is [1.0, 2.0], which is no list of 4 numbers"),
        ({"emb": [0.0, 0.0]}, "emb is [0.0, 0.0], which is no list of 4 numbers"),
        ({"emb": [0.0, 0.0, 0.0, 0.0]}, "emb is all zeros, a vector without a direction"),
        ({"cost": -5.0}, "cost is -5, and no value of the reference is below 0"),
        ({"cost": -60_000.0}, "cost is -60000, and no value of the reference is below 0"),
    ],
)
def test_a_value_that_cannot_be_is_off_contract_also_where_values_may_lack(
    values: dict[str, object], reason: str
) -> None:
    known = {"age": 40, "income": 3000.0, "home": "rent", "cost": 9000.0, "emb": [0.1, 0.2, 0.3, 0.4]}
    good, bad, lacking = (pa.Table.from_pylist([known | more]) for more in ({}, values, dict.fromkeys(values)))
    (found,) = validate(fitted_to_gaps(), None, bad)
    assert (found.contract, found.belongs, found.reasons[0]) == (False, False, reason)
    assert validate(fitted_to_gaps(), None, good)[0].contract
    assert validate(fitted_to_gaps(), None, lacking)[0].contract == ("emb" not in values)


def test_a_sign_is_odd_only_where_the_reference_has_one_sign() -> None:
    held = np.array([[2.0, -3.0, -1.0, np.nan, 0.0], [900.0, -90.0, 90.0, np.nan, 0.3]])
    contract = Contract.of(Rows(held, np.zeros((2, 0), np.int64)), np.array([], np.int64))
    tried = np.array([[-1.0, 1.0, -5.0, -1.0, -0.01], [1.0, -1.0, 5.0, 1.0, 0.01], [0.0] * 5])
    odd = contract.odd_sign(Rows(tried, np.zeros((3, 0), np.int64)))
    assert odd.tolist() == [[True, True, False, False, True], [False] * 5, [False] * 5]


def test_a_scale_is_odd_only_where_the_reference_holds_nothing_near_0() -> None:
    held = np.array([[16.0, 0.0, -5.0, np.nan], [81.0 * 16, 90.0, 90.0, np.nan]])
    contract = Contract.of(Rows(held, np.zeros((2, 0), np.int64)), np.array([], np.int64))
    tried = np.array([[5.3, 0.001, 0.001, 0.1], [5.4, 1.0, 1.0, 1.0], [-5.0, -1.0, -1.0, -1.0]])
    odd = contract.odd_scale(Rows(tried, np.zeros((3, 0), np.int64)))
    assert odd.tolist() == [[True, False, False, False], [False] * 4, [False] * 4]


def test_the_largest_numbers_are_beyond_the_range_and_on_no_lattice() -> None:
    contract = Contract.of(Rows(np.array([[1.25], [9.5]]), np.zeros((2, 0), np.int64)), np.array([], np.int64))
    tried = Rows(np.array([[1e308], [-1e308], [1.255], [1.5]]), np.zeros((4, 0), np.int64))
    assert contract.off_lattice(tried).ravel().tolist() == [False, False, True, False]
    assert contract.beyond(tried).ravel().tolist() == [True, True, False, False]


def test_what_cannot_be_is_told_before_what_is_missing() -> None:
    row = changed(home="castle").drop_columns(["age", "income", "member"])
    (found,) = validate(fitted(), None, row)
    assert found.reasons[:2] == (
        "home is a category that the reference does not hold",
        "age, income and member have no value",
    )


@pytest.mark.parametrize(
    ("names", "said"),
    [
        (["a"], "a has"),
        (["a", "b"], "a and b have"),
        (list("abcd"), "a, b, c and d have"),
        (list("abcde"), "a, b, c and 2 more have"),
    ],
)
def test_missing_values_are_told_in_one_reason(names: list[str], said: str) -> None:
    assert _several(names) == said


@pytest.mark.parametrize("role", ["segments", "sensitive"])
def test_a_segment_or_group_that_no_row_names_is_not_asked_for(role: str) -> None:
    roles, reference = replace(Roles(timestamp="at", prediction="answer"), **{role: ("home",)}), rows(4000, 1)
    baseline = baseline_of(reference, roles, layout_of(reference, roles), rng=np.random.default_rng(2))
    assert baseline
    left_out, lacking = rows(200, 4).drop_columns(["home"]), changed(home=None)
    assert np.mean([one.belongs for one in validate(baseline, None, left_out)]) > 0.95
    assert validate(baseline, None, lacking)[0].reasons[0] == "home has no value"
    assert validate(fitted(), None, left_out)[0].reasons[0] == "home has no value"


def test_a_column_that_nobody_knows_is_named_with_the_one_that_is_meant() -> None:
    known = frozenset(fitted().space.names) | {"at", "answer"}
    row = (
        rows(2, 3).rename_columns(["at", "agee", "income", "home", "member", "answer"]).append_column("x", [[None, 1]])
    )
    first, second = validate(fitted(), None, row, known=known)
    assert "agee is no column of the reference; did you mean age?" in first.reasons
    assert first.reasons[0] == "age has no value"
    assert "x is no column of the reference" in second.reasons
    assert not any("x is" in reason for reason in first.reasons)


def test_a_row_far_from_the_population_does_not_belong() -> None:
    (found,) = validate(fitted(), None, changed(age=99, income=30_000.0))
    assert found.p_value < 0.01
    assert not found.belongs
    assert "of honest rows lie as far from the population" in found.reasons[-1]


def test_near_copies_of_what_came_are_known_and_nothing_is_remembered() -> None:
    base = rows(1, 5)
    copies = pa.concat_tables([base] * 12)
    income = np.round(base["income"][0].as_py() + np.arange(12) * 0.37, 2)
    copies = copies.set_column(2, "income", pa.array(income))
    state, _ = track(fitted(), State.empty(fitted()), copies, ROLES, length=timedelta(hours=1))
    before = {name: array.copy() for name, array in state.arrays().items()}
    again, other = copies.slice(11, 1), rows(1, 6)
    assert [(one.repeated, one.near_duplicate) for one in validate(fitted(), state, again)] == [(True, False)]
    assert validate(fitted(), state, other)[0].repeated is False
    assert all((before[name] == array).all() for name, array in state.arrays().items())


def test_a_few_rows_are_read_as_many_are() -> None:
    table = rows(64, 7)
    many = validate(fitted(), None, table)
    assert [one for i in range(64) for one in validate(fitted(), None, table.slice(i, 1))] == many


TEXTS = (
    "the offer ends today",
    "voilà, the café's menu",
    "лучшее предложение дня",
    "family \U0001f468\u200d\U0001f469 dinner",
)


def spoken(count: int, seed: int) -> pa.Table:
    rng, table = np.random.default_rng(seed), rows(count, seed)
    texts = [f"{rng.choice(TEXTS)} {rng.integers(10**6)}" for _ in range(count)]
    return table.append_column("text", pa.array(texts)).append_column(
        "plain", pa.array([f"no {i}" for i in range(count)])
    )


@cache
def fitted_to_texts() -> Baseline:
    roles = Roles(timestamp="at", prediction="answer", kinds={"text": "text", "plain": "text"})
    reference = spoken(1000, 5)
    found = baseline_of(reference, roles, layout_of(reference, roles), rng=np.random.default_rng(2))
    assert found
    return Baseline.unpacked(found.packed())


# column, text, reason
HIDDEN = [
    # a zero-width space between all letters
    ("text", "\u200b".join("the offer ends"), "48.1% of the characters of text are invisible"),
    # Cyrillic letters that look like Latin ones
    (
        "text",
        "the offer ends today 777777".translate(dict(zip(map(ord, "oe"), "\u043e\u0435", strict=True))),
        "29.4% of the letters of text",
    ),
    # one character where no text of the reference has any, though those of another column do
    ("plain", "no\u200b 7", "20.0% of the characters of plain are invisible"),
    ("text", "x" * 300, "text has 300 characters, a length beyond the range of the reference"),
    # ordinary ones, in another script and with a character that joins, and no text
    ("text", "лучшее предложение для вас", ""),
    ("text", "a \U0001f468\u200d\U0001f469 breakfast at home", ""),
    ("plain", None, ""),
]


@pytest.mark.parametrize(("column", "text", "reason"), HIDDEN)
def test_what_is_hidden_in_texts_as_in_none_of_the_reference_breaks_the_contract(
    column: str, text: str, reason: str
) -> None:
    row = spoken(2, 6)
    row = row.set_column(row.column_names.index(column), column, pa.array([row[column][0].as_py(), text]))
    honest, found = validate(fitted_to_texts(), None, row)
    assert honest.contract
    said = [
        each for each in found.reasons if column in each and not any(one in each for one in ("no value", "population"))
    ]
    assert (said[0] if said else "").startswith(reason) if reason else not said
    assert not (reason and (found.contract or found.belongs))


def test_honest_texts_break_the_contract_no_oftener_than_the_reference_can_tell() -> None:
    broken = [one for one in validate(fitted_to_texts(), None, spoken(4000, 7)) if "text" in " ".join(one.reasons)]
    assert len(broken) <= 4000 / 1000 + 3 * 2
