"""What every detector keeps."""

import math

import numpy as np
import pyarrow as pa
import pytest

from monitor.detectors import DETECTORS, Detector
from monitor.profiles.arrow import layout_of, profile_table
from monitor.profiles.profile import Profile
from monitor.types import Roles

ROWS = 4000


def rows(seed: int, n: int = ROWS, *, shift: float = 0.0) -> pa.Table:
    """Make columns of numbers, categories and vectors; `shift` in [0, 1] spoils that share of the rows in every way."""
    rng = np.random.default_rng(seed)
    spoiled = rng.random(n) < shift
    x = np.where(spoiled, rng.normal(6, 0.1, n), rng.normal(size=n))
    c = np.where(spoiled, "new", rng.choice(["a", "b", "c"], n, p=[0.6, 0.3, 0.1]))
    gone = spoiled & (rng.random(n) < 0.3)
    v = (rng.normal(size=(n, 3)) + 4 * spoiled[:, None]) * [3, 2, 1]
    held = pa.array([None if none else one for none, one in zip(gone, v.tolist(), strict=True)], pa.list_(pa.float64()))
    return pa.table({"x": pa.array(x, mask=gone), "c": pa.array(c, mask=gone), "v": held})


REFERENCE_ROWS = rows(1)
LAYOUT = layout_of(REFERENCE_ROWS, Roles(timestamp="at"))


def profiled(table: pa.Table) -> Profile:
    return profile_table(table, LAYOUT)


REFERENCE = profiled(REFERENCE_ROWS)
# an added column, predictions beside scores, and labels are measured where there are such: see
# test_quality_detectors.py, test_contradicted_share.py and test_unknown_label_share.py
SEEN_ELSEWHERE = {"added_column", "contradicted_share", "unknown_label_share"}
PLAIN = [d for d in DETECTORS if d.kind in {"quality", "drift.data"} and d.name not in SEEN_ELSEWHERE]
every = pytest.mark.parametrize("detector", PLAIN, ids=lambda d: d.name)
# these see what `rows` does not spoil: values of the wrong kind or type, and a column that stands still or is gone
ELSEWHERE = {"invalid_share", "constant_column", "dropped_column", "retyped_column"}


@every
def test_values_are_finite_on_ordinary_data(detector: Detector) -> None:
    found = list(detector.compare(REFERENCE, profiled(rows(2))))
    assert found
    assert all(m.value is not None and math.isfinite(m.value) and m.value >= 0 for m in found)
    assert all(m.p_value is None or 0 <= m.p_value <= 1 for m in found)
    assert all(m.detector == detector.name and m.column for m in found)


@every
def test_the_same_input_gives_the_same_answer_and_stays_as_it_was(detector: Detector) -> None:
    current = profiled(rows(3, shift=0.2))
    before = {name: column.counts.copy() for name, column in current.columns.items()}
    assert list(detector.compare(REFERENCE, current)) == list(detector.compare(REFERENCE, current))
    assert all((before[name] == column.counts).all() for name, column in current.columns.items())


@every
def test_an_empty_window_is_undefined_and_says_so(detector: Detector) -> None:
    for m in detector.compare(REFERENCE, profiled(rows(4, 0))):
        assert m.value is None
        assert m.note


@pytest.mark.parametrize("detector", [d for d in PLAIN if d.name not in ELSEWHERE], ids=lambda d: d.name)
def test_values_rise_as_the_data_shift(detector: Detector) -> None:
    little, much = (
        {m.column: m.value for m in detector.compare(REFERENCE, profiled(rows(5, shift=spoiled)))}
        for spoiled in (0.05, 0.4)
    )
    assert little
    assert all(little[name] < much[name] for name in little)


@every
def test_people_can_read_what_it_does(detector: Detector) -> None:
    assert detector.method.endswith(".")
    assert detector.unit
    assert detector.kind in {"quality", "drift.data"}


def test_text_in_a_numeric_column_is_invalid() -> None:
    table = pa.table({"x": pa.array(["oops", "1", "2", "3"]), "c": pa.array(["a"] * 4)})
    detector = next(d for d in DETECTORS if d.name == "invalid_share")
    found = {m.column: m.value for m in detector.compare(REFERENCE, profiled(table))}
    assert (found["x"], found["c"]) == (0.25, 0.0)


def test_a_feed_that_goes_to_zero_is_a_constant_column() -> None:
    table = rows(6).set_column(0, "x", pa.array(np.zeros(ROWS)))
    detector = next(d for d in DETECTORS if d.name == "constant_column")
    found = {m.column: m.value for m in detector.compare(REFERENCE, profiled(table))}
    assert {name for name, value in found.items() if value} == {"x"}
