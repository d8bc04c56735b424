"""What the quality detectors say of columns that come, go, change or stand still, and of rows that stay away."""

from datetime import timedelta

import numpy as np
import pyarrow as pa
import pytest

from monitor.config.model import KINDS
from monitor.detectors import DETECTORS, HISTORY_DETECTORS, TIME_DETECTORS, Detector
from monitor.detectors.quality import constant_column
from monitor.detectors.quality.freshness import compare_age
from monitor.detectors.quality.volume import compare_counts
from monitor.profiles.arrow import layout_of, profile_table
from monitor.types import Measurement, Roles


def rows(seed: int, n: int) -> pa.Table:
    draw = np.random.default_rng(seed)
    return pa.table({"x": draw.normal(size=n), "c": draw.choice(["a", "b"], n, p=[0.99, 0.01])})


LAYOUT = layout_of(rows(1, 4000), Roles(timestamp="at"))
REFERENCE = profile_table(rows(1, 4000), LAYOUT)


def found(name: str, table: pa.Table) -> dict[str, Measurement]:
    detector = next(d for d in DETECTORS if d.name == name)
    return {m.column: m for m in detector.compare(REFERENCE, profile_table(table, LAYOUT))}


def test_a_column_that_is_gone_from_every_row_is_dropped() -> None:
    whole, lacking = found("dropped_column", rows(2, 100)), found("dropped_column", rows(2, 100).drop(["x"]))
    assert (whole["x"].value, whole["x"].p_value) == (0, 1)
    assert (lacking["x"].value, lacking["c"].value) == (1, 0)
    assert lacking["x"].p_value < 1e-12


def test_a_column_that_the_reference_lacks_is_added() -> None:
    assert found("added_column", rows(2, 100)) == {}
    more = found("added_column", rows(2, 100).append_column("new", pa.array(range(100))))
    assert more.keys() == {"new"}
    assert more["new"].value == 1
    assert more["new"].p_value < 1e-12


def test_numbers_that_come_as_text_are_retyped() -> None:
    table = rows(2, 100)
    text = found("retyped_column", table.set_column(0, "x", table["x"].cast(pa.string())))
    assert (text["x"].value, text["c"].value) == (1, 0)
    assert text["x"].p_value < 1e-12


def test_two_words_in_a_column_that_is_text_because_of_them_do_not_retype_the_numbers() -> None:
    table = rows(2, 100)
    words = pa.array(["forty", "n/a", *map(str, table["x"].to_pylist()[2:])])
    text = found("retyped_column", table.set_column(0, "x", words))["x"]
    assert (text.value, text.p_value) == (None, None)
    assert "no numbers" in text.note
    assert found("invalid_share", table.set_column(0, "x", words))["x"].value == 0.02


def test_standing_still_is_the_less_likely_the_more_a_column_used_to_vary() -> None:
    still = found("constant_column", pa.table({"x": np.full(80, 0.5), "c": ["a"] * 80}))
    assert [m.value for m in still.values()] == [1, 1]
    assert still["x"].p_value < 1e-30
    # nine rows may all be of one person, who asked again and again
    few = found("constant_column", pa.table({"x": np.full(9, 0.5), "c": ["a"] * 9}))
    assert few["x"].p_value > 1e-5
    assert still["c"].p_value > 0.5, "twenty rows of the usual value are nothing to speak of"
    one = found("constant_column", rows(2, 1))["x"]
    assert (one.value, one.note) == (None, "one row cannot vary")


def test_rows_that_are_counted_alike_and_may_differ_are_not_told_as_one_value() -> None:
    draw = np.random.default_rng(3)
    several = {name: [f"{name}{i}" for i in range(400)] for name in ("common", "rare")}
    categories = draw.permutation(several["common"] * 9 + several["rare"])
    texts = ["x" * int(n) + f"{draw.random():.9f}" for n in draw.integers(1, 9, categories.size)]
    vectors = draw.normal(size=(categories.size, 3)).tolist()
    before = pa.table({"code": categories, "note": texts, "place": vectors})
    layout = layout_of(before, Roles(timestamp="at"))
    reference = profile_table(before, layout)

    def said(code: list[str], note: list[str], place: list[list[float]]) -> dict[str, Measurement]:
        table = pa.table({"code": code, "note": note, "place": place})
        return {m.column: m for m in constant_column.compare(reference, profile_table(table, layout))}

    distinct = said(several["rare"][:200], [f"y{i:08}" for i in range(200)], [[0.0, 0.0, 3.0], [3.0, 0.0, 0.0]] * 100)
    for name in ("code", "note", "place"):
        assert (distinct[name].value, distinct[name].note) == (None, constant_column.UNKNOWN)
    stuck = said(["never seen"] * 200, ["y"] * 100 + ["no"] * 100, vectors[:200])
    assert [stuck[name].value for name in ("code", "note", "place")] == [1, 0, 0]
    assert stuck["code"].p_value < 1e-18


def test_an_outage_is_found_and_an_ordinary_hour_is_not() -> None:
    history = np.random.default_rng(1).negative_binomial(20, 20 / 520, 26).tolist()
    outage, usual = compare_counts(history, 0), compare_counts(history, 480)
    assert (outage.value, usual.value) == (0, 480)
    assert outage.p_value < 1e-5
    assert usual.p_value > 0.05
    assert outage.effect > 5
    assert usual.effect < 0.5
    assert compare_counts(history[:7], 0).note == "7 of 8 comparable windows needed"
    assert compare_counts(history[:2], 0, awaited=True).note == "2 of 8 comparable windows needed"
    early = compare_counts(history[:3], 0, awaited=True)
    assert early.p_value is not None
    assert early.p_value < 0.01
    assert compare_counts(history[:3], 1, awaited=True).p_value is None
    assert compare_counts([*history[:3], 0], 0, awaited=True).p_value is None


def test_a_silence_is_judged_by_those_before_it() -> None:
    gaps = [timedelta(minutes=m) for m in (55, 60, 65) * 8]
    usual, long = compare_age(timedelta(minutes=60), gaps), compare_age(timedelta(hours=12), gaps)
    assert (usual.value, long.value) == (1, 12)
    assert long.p_value < 1e-3
    assert usual.p_value > 0.3
    assert long.effect == pytest.approx(np.log2(12))
    assert compare_age(timedelta(hours=9), gaps[:3]).p_value is None


@pytest.mark.parametrize("detector", HISTORY_DETECTORS, ids=lambda d: d.name)
def test_people_can_read_what_looks_at_history(detector: Detector) -> None:
    assert detector.method.endswith(".") or detector.method.endswith(")")
    assert detector.unit
    assert detector.kind in KINDS
    assert detector.armed


@pytest.mark.parametrize("detector", TIME_DETECTORS, ids=lambda d: d.name)
def test_people_can_read_what_looks_at_the_calendar(detector: Detector) -> None:
    assert "Undefined" in detector.method
    assert "Blind to" in detector.method
    assert detector.unit
    assert not detector.armed
