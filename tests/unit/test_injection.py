"""Changes put into history: how they are written, what they do to rows, and which rows they take."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pyarrow as pa
import pytest

from monitor.alerts.finding import Finding
from monitor.alerts.lifecycle import Alert
from monitor.commands.found import Outcome, sentences
from monitor.errors import ConfigError
from monitor.injection.changes import Facts, altered
from monitor.injection.source import AlteredLabels, Changed, InjectedRecords, Plan
from monitor.injection.words import read_injection, read_shares
from monitor.types import Batch, Cursor, Roles, Window

NOON = datetime(2024, 5, 1, 12, tzinfo=UTC)
ROLES = Roles(timestamp="at", id="id", prediction="decided", scores=("p",), label="late")
FACTS = Facts(ROLES, {"age": 10.0}, ("0", "1"), "1", "decided")


def rows(n: int = 200, seed: int = 1) -> pa.Table:
    rng = np.random.default_rng(seed)
    p = rng.random(n)
    return pa.table(
        {
            "at": pa.array([NOON + timedelta(minutes=i) for i in range(n)], pa.timestamp("us", "UTC")),
            "id": [f"r{i}" for i in range(n)],
            "age": rng.integers(20, 60, n),
            "carrier": rng.choice(["UA", "DL"], n),
            "p": p,
            "decided": (p >= 0.5).astype(int),
            "late": (rng.random(n) < p).astype(int),
        }
    )


@dataclass(frozen=True)
class Given:
    """A source of batches that are there already."""

    batches: tuple[pa.Table, ...]
    repeats: bool = False

    def pull(self, cursors: Mapping[str, Cursor]) -> Iterator[Batch]:  # noqa: ARG002
        yield from (Batch("file", table, {"batch": number}) for number, table in enumerate(self.batches))


def pulled(plan: Plan, *tables: pa.Table) -> tuple[list[Batch], Changed]:
    changed = Changed()
    return list(InjectedRecords(Given(tables), plan, changed).pull({})), changed


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("shift", "names no column"),
        ("shift:age", "says no amount"),
        ("shift:age:much", "'much' is no amount"),
        ("shift:age:*2sd", "'*2sd' is no amount"),  # a factor has no unit
        ("scale:age:3sd", "'3sd' is no amount"),
        ("swap:age", "needs two columns"),
        ("evasion:age", "takes no column"),
        ("moved:age:3", "no change 'moved'"),
    ],
)
def test_what_cannot_be_read_is_named_with_how_to_write_it(text: str, said: str) -> None:
    with pytest.raises(ConfigError, match=r"--inject") as caught:
        read_injection(text)
    assert said in str(caught.value)


@pytest.mark.parametrize(
    ("text", "amount", "unit"),
    [("shift:a:0.5sd", 0.5, "sd"), ("shift:a:-2sd", -2, "sd"), ("shift:a:+3", 3, ""), ("shift:a:*1.2", 1.2, "times")],
)
def test_an_amount_has_a_sign_and_a_unit(text: str, amount: float, unit: str) -> None:
    found = read_injection(text)
    assert (found.columns, found.amount, found.unit) == (("a",), amount, unit)


def test_a_column_may_have_colons_in_its_name() -> None:
    assert read_injection("scale:a:b:1000").columns == ("a:b",)
    assert read_injection("swap:a:b:c", ["a:b", "c"]).columns == ("a:b", "c")


@pytest.mark.parametrize("text", ["0", "1.5", "half", "", "nan", "0.1,,0.2"])
def test_a_share_is_above_0_and_at_most_1(text: str) -> None:
    with pytest.raises(ConfigError, match="no share of rows"):
        read_shares(text)


def change(text: str, table: pa.Table) -> pa.Table:
    return altered(table, table, read_injection(text), FACTS, np.random.default_rng(0))


def test_a_shift_in_sd_uses_the_references() -> None:
    before, after = rows()["age"].to_numpy(), change("shift:age:0.5sd", rows())["age"].to_numpy()
    np.testing.assert_allclose(after - before, 5.0)
    np.testing.assert_allclose(change("shift:age:*1.2", rows())["age"].to_numpy(), before * 1.2)


def test_columns_vanish_empty_and_change_places() -> None:
    assert "age" not in change("drop:age", rows()).column_names
    assert change("missing:carrier", rows())["carrier"].null_count == 200
    swapped = change("swap:age:carrier", rows())
    assert swapped["age"].to_pylist() == rows()["carrier"].to_pylist()
    assert swapped["carrier"].to_pylist() == rows()["age"].to_pylist()


@pytest.mark.parametrize("kind", [pa.int64(), pa.float64(), pa.string(), pa.bool_()])
def test_a_flipped_label_keeps_its_type_and_null_stays_null(kind: pa.DataType) -> None:
    labels = pa.array([0, 1, 1, None]).cast(pa.bool_() if kind == pa.bool_() else pa.int64()).cast(kind)
    flipped = change("label-flip", rows(4).set_column(6, "late", labels))["late"]
    assert flipped.type == kind
    assert [None if v is None else str(v).lower()[0] for v in flipped.to_pylist()] in (
        ["1", "0", "0", None],
        ["t", "f", "f", None],
    )


def test_an_evasion_takes_over_barely_negative_rows_and_keeps_label_id_and_time() -> None:
    table = rows(1000)
    positive = table.filter(pa.array(table["decided"].to_numpy() == 1))
    after = altered(positive, table, read_injection("evasion"), FACTS, np.random.default_rng(0))
    assert after.select(["id", "at", "late"]).equals(positive.select(["id", "at", "late"]))
    assert set(after["decided"].to_pylist()) == {0}
    assert 0.4 < min(after["p"].to_pylist()) <= max(after["p"].to_pylist()) < 0.5
    # a whole row is taken over, so that the features belong to the score
    known = set(zip(table["age"].to_pylist(), table["p"].to_pylist(), strict=True))
    assert set(zip(after["age"].to_pylist(), after["p"].to_pylist(), strict=True)) <= known


def test_rows_are_changed_in_their_span_only_and_none_is_lost() -> None:
    at, until = NOON + timedelta(minutes=50), NOON + timedelta(minutes=150)
    plan = Plan(read_injection("missing:age"), FACTS, 1.0, at, until)
    batches, changed = pulled(plan, rows())
    whole = pa.concat_tables([batch.rows for batch in batches])
    assert whole.num_rows == 200
    assert whole["age"].null_count == 100 == changed.until(until)
    assert changed.until(at + timedelta(minutes=10)) == 10


def test_a_larger_share_holds_the_rows_of_a_smaller_one_and_repeats() -> None:
    def chosen(share: float) -> set[str]:
        batches, _ = pulled(Plan(read_injection("missing:age"), FACTS, share, NOON), rows(), rows(seed=2))
        whole = pa.concat_tables([batch.rows for batch in batches])
        return set(whole.filter(whole["age"].is_null())["id"].to_pylist())

    assert chosen(0.1) == chosen(0.1)
    assert chosen(0.1) < chosen(0.4)


def test_labels_of_their_own_are_flipped_for_the_chosen_records_only() -> None:
    plan = Plan(read_injection("label-flip"), FACTS, 0.5, NOON, apart=True)
    records, labels = rows().drop_columns(["late"]), rows().select(["id", "late"])
    batches, changed = pulled(plan, records)
    assert pa.concat_tables([batch.rows for batch in batches]).equals(records)
    found = pa.concat_tables(
        [batch.rows for batch in AlteredLabels(Given((labels,)), plan, changed).pull({})]
    ).to_pylist()
    before = {row["id"]: row["late"] for row in labels.to_pylist()}
    assert {row["id"] for row in found if row["late"] != before[row["id"]]} == changed.ids
    assert 60 < len(changed.ids) < 140
    assert len(found) == 200


def test_labels_of_their_own_that_are_numbers_are_shifted_for_the_chosen_records_only() -> None:
    facts = replace(FACTS, roles=replace(FACTS.roles, label="cost"), sd={"cost": 10.0}, classes=())
    plan = Plan(read_injection("shift:cost:2sd"), facts, 0.5, NOON, apart=True)
    records = rows().drop_columns(["late"])
    labels = rows().select(["id"]).append_column("cost", pa.array(np.arange(200.0)))
    _, changed = pulled(plan, records)
    found = pa.concat_tables([batch.rows for batch in AlteredLabels(Given((labels,)), plan, changed).pull({})])
    before = {row["id"]: row["cost"] for row in labels.to_pylist()}
    moved = {row["id"]: row["cost"] - before[row["id"]] for row in found.to_pylist()}
    assert {name for name, by in moved.items() if by} == changed.ids
    assert set(moved.values()) == {0.0, 20.0}


def test_only_rows_decided_positive_evade() -> None:
    by_score = replace(FACTS, decision=None)
    for facts in (FACTS, by_score):
        _, changed = pulled(Plan(read_injection("evasion"), facts, 1.0, NOON), rows())
        assert changed.until(NOON + timedelta(days=1)) == sum(rows()["decided"].to_pylist())


@pytest.mark.parametrize(("kind", "why"), [("evasion", "no row is decided positive"), ("missing:age", "earlier --at")])
def test_a_change_that_met_no_row_is_not_said_to_be_missed(kind: str, why: str) -> None:
    plan = Plan(read_injection(kind), FACTS, 0.5, NOON)
    said = list(
        sentences(Outcome("m", plan, (), (), (Window(NOON, NOON + timedelta(hours=1)),), Changed()), without=False)
    )
    assert "nothing was changed" in said[1]
    assert why in said[1]
    met = Outcome(
        "m",
        plan,
        (),
        (),
        (Window(NOON, NOON + timedelta(hours=1)),),
        Changed([np.array([int(NOON.timestamp() * 1e6)])]),
    )
    said = list(sentences(met, without=False))
    assert "not found in 1 window, 1 changed row" in said[1]


@pytest.mark.parametrize(
    ("change", "before_the_model"),
    [
        ("shift:age:1sd", True),
        ("swap:age:p", True),
        ("shift:p:1sd", False),
        ("missing:late", False),
        ("label-flip", False),
    ],
)
def test_a_feature_whose_change_is_not_found_is_said_to_have_left_the_answers_as_they_were(
    change: str, *, before_the_model: bool
) -> None:
    window = Window(NOON, NOON + timedelta(hours=1))
    plan = Plan(read_injection(change), FACTS, 0.5, NOON)
    met = Outcome("m", plan, (), (), (window,), Changed([np.array([int(NOON.timestamp() * 1e6)])]))
    said = list(sentences(met, without=False))
    assert any("scores and decisions stay as logged" in one for one in said) == before_the_model


def test_what_labels_show_is_said_to_be_known_later() -> None:
    plan, window = Plan(read_injection("missing:age"), FACTS, 0.5, NOON), Window(NOON, NOON + timedelta(hours=1))
    alert = Alert("f", "firing", 1, since=NOON, fired_at=window.end, window_end=window.end)
    for kind, detector, later in (("performance.realised", "accuracy", True), ("drift.data", "psi", False)):
        found = Finding(alert, "m", kind, detector, window, transition="fired", value=0.5)
        outcome = Outcome("m", plan, (found,), (), (window,), Changed([]), delay=timedelta(days=3))
        said = [line for line in sentences(outcome, without=False) if "up to 3 days after its end" in line]
        assert bool(said) == later
