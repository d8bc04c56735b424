"""Rows as numbers that can be compared, whatever became of the length of a vector."""

import numpy as np
import pyarrow as pa
import pytest
from numpy.typing import NDArray

from monitor.detectors.attack import baseline_of, validate
from monitor.detectors.attack.space import Space
from monitor.profiles.arrow import layout_of
from monitor.types import Roles

ROLES = Roles(timestamp="at", prediction="answer")


def table(vectors: NDArray[np.float64]) -> pa.Table:
    amount = np.arange(len(vectors)) % 7 * 1.5
    answer = np.where(vectors[:, 0] > 0, "a", "b")
    at = np.arange(len(vectors)).astype("M8[s]")
    return pa.table({"at": at, "amount": amount, "place": list(vectors), "answer": answer})


def drawn(rows: int, seed: int = 1) -> NDArray[np.float64]:
    rng = np.random.default_rng(seed)
    return rng.normal(size=(rows, 4)) * rng.uniform(0.8, 1.2, (rows, 1))


REFERENCE = table(drawn(2000))
LAYOUT = layout_of(REFERENCE, ROLES)
SPACE = Space.of(LAYOUT.columns, REFERENCE)


def lengths(of: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.linalg.norm(of[:, 1:], axis=1)


def test_usual_vectors_stay_as_they_are() -> None:
    rows = SPACE.rows(table(drawn(50, 2)))
    least, median, greatest = SPACE.lengths[1]
    assert least < median < greatest
    usual = rows.take((lengths(rows.numbers) > least) & (lengths(rows.numbers) < greatest))
    assert len(usual) > 40
    assert SPACE.comparable(usual) is usual


@pytest.mark.parametrize("times", [1e-3, 1e3])
def test_vectors_of_another_length_point_where_they_did(times: float) -> None:
    rows = SPACE.rows(table(drawn(50, 3) * times))
    found = SPACE.comparable(rows).numbers
    assert lengths(found) == pytest.approx(np.full(50, SPACE.lengths[1][1]))
    assert found[:, 1:] / lengths(found)[:, None] == pytest.approx(rows.numbers[:, 1:] / lengths(rows.numbers)[:, None])
    assert (found[:, 0] == rows.numbers[:, 0]).all()


def test_numbers_that_are_not_looked_at_do_not_hide_the_length_of_the_others() -> None:
    rows = SPACE.rows(table(drawn(50, 4) * 100))
    rows.numbers[:, 2] = np.nan
    found = SPACE.comparable(rows).numbers[:, [1, 3, 4]]
    assert np.linalg.norm(found, axis=1) == pytest.approx(np.full(50, SPACE.lengths[1][1] * np.sqrt(3 / 4)))


def test_a_vector_of_zeros_and_one_that_is_missing_stay() -> None:
    rows = SPACE.rows(table(np.array([[0.0] * 4, [np.nan] * 4])))
    assert SPACE.comparable(rows) is rows


def test_a_vector_is_one_column_whichever_of_its_numbers_is_flagged() -> None:
    flags = np.zeros((2, 5), np.bool_)
    flags[0, 3] = flags[1, 0] = True
    assert SPACE.by_column(flags).tolist() == [[False, True], [True, False]]


def test_the_guard_says_that_a_vector_is_too_short_or_long() -> None:
    baseline = baseline_of(REFERENCE, ROLES, LAYOUT, rng=np.random.default_rng(2))
    assert baseline
    usual, short, long = validate(baseline, None, table(drawn(1, 5) * [[1], [1e-3], [1e3]]))
    assert not any("long, unlike" in reason for reason in usual.reasons)
    for one in (short, long):
        assert not one.belongs
        assert any(reason.startswith("place is ") for reason in one.reasons)


@pytest.mark.parametrize(("times", "normalised", "other"), [(1.0, 0, 0), (1.08, 50, 0), (0.9, 50, 0), (10.0, 50, 50)])
def test_vectors_that_are_all_as_long_are_of_odd_length_from_a_fiftieth_on(
    times: float, normalised: int, other: int
) -> None:
    def unit(seed: int, rows: int) -> NDArray[np.float64]:
        vectors = drawn(rows, seed)
        return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)

    of_one = table(unit(5, 2000))
    space = Space.of(layout_of(of_one, ROLES).columns, of_one)
    assert len(list(space.of_odd_length(space.rows(table(unit(6, 50) * times))))) == normalised
    usual = drawn(50, 7) / np.linalg.norm(drawn(50, 7), axis=1, keepdims=True) * float(SPACE.lengths[1][1])
    assert len(list(SPACE.of_odd_length(SPACE.rows(table(usual * times))))) == (0 if times < 10 else other)
