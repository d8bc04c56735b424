"""Rows that vary an earlier one of the same client, beside a plain look back over its last four rows."""

import numpy as np
import pyarrow as pa

from monitor.detectors.attack.space import Rows, Space
from monitor.detectors.attack.templates import Templates
from monitor.detectors.attack.variations import COLUMNS, chained, crowd_of, crowded, empty_last, few_of, marks_of
from monitor.profiles.arrow import layout_of
from monitor.types import Roles


def by_hand(rows: Rows, places: np.ndarray, fresh: np.ndarray) -> np.ndarray:
    """Look back over each client's last four rows, one after the other."""
    seen: dict[int, list[tuple[np.ndarray, int]]] = {}
    found = np.zeros(len(rows), np.int64)
    for i, place in enumerate(places.tolist()):
        row = np.concatenate([rows.numbers[i], rows.codes[i]])
        before = seen.setdefault(place, [])
        near = [length for one, length in before[-4:] if (row != one).sum() <= few_of(row.size)]
        length = near[-1] + int(fresh[i]) if near and place >= 0 else 0
        found[i] = max(length, 1) if near and place >= 0 else 0
        before.append((row, length))
    return found


def some(rows: int, seed: int) -> tuple[Rows, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    numbers, codes = rng.integers(0, 4, (rows, 5)).astype(float), rng.integers(0, 2, (rows, 2))
    return Rows(numbers, codes), rng.integers(-1, 9, rows), rng.random(rows) < 0.7


def test_it_is_what_a_look_back_gives_however_the_rows_are_cut() -> None:
    rows, places, fresh = some(2000, 1)
    expected = by_hand(rows, places, fresh)
    assert 0.1 < (expected > 0).mean() < 0.9
    assert expected.max() > 2
    for cuts in ([2000], [1, 7, 500, 2000], list(range(100, 2001, 100))):
        last, parts, first = empty_last(9, 7), [], 0
        for cut in cuts:
            parts.append(chained(last, rows.take(slice(first, cut)), places[first:cut], fresh[first:cut]).length)
            first = cut
        np.testing.assert_array_equal(np.concatenate(parts), expected)


def test_of_wide_rows_some_columns_are_kept() -> None:
    rng = np.random.default_rng(2)
    numbers = rng.normal(size=(3, 200))
    numbers[1] = numbers[0]
    last, new = empty_last(4, 200), np.ones(3, np.bool_)
    assert last["marks"].shape == (4, 4, COLUMNS)
    assert chained(last, Rows(numbers, np.zeros((3, 0), np.int64)), np.array([3, 3, 3]), new).length.tolist() == [
        0,
        1,
        0,
    ]
    assert not chained(last, Rows(numbers[:0], np.zeros((0, 0), np.int64)), np.zeros(0, np.intp), new[:0]).length.size


def said(texts: list[str]) -> Templates:
    """Read texts of a model that has no column but them and their vector of two numbers."""
    vectors = [[0.5, 0.1]] * len(texts)
    table = pa.table({"t": texts, "v": vectors})
    columns = layout_of(table, Roles("at", kinds={"t": "text", "v": "vector"})).columns[:2]
    found = Templates.of(Space(columns, (1, 2), np.zeros(3), np.ones(3), np.full((2, 3), np.nan)), table)
    assert found
    return found


def test_texts_are_varied_in_their_numbers_alone_however_their_vectors_change() -> None:
    texts = ["order 12 came at 9:30", "order 1.255 came at 10:15", "order 3 went at 7:00", "order 12 came at 8:00", ""]
    rows = Rows(np.random.default_rng(3).normal(size=(5, 3)), np.zeros((5, 0), np.int64))
    templates, places, new = said(texts), np.zeros(5, np.intp), np.ones(5, np.bool_)
    assert chained(empty_last(1, 3, texts=True), rows, places, new, templates).length.tolist() == [0, 1, 0, 2, 0]
    assert templates.numbered.tolist() == [True] * 4 + [False]
    last = empty_last(1, 3, texts=True)
    parts = [
        chained(last, rows.take(slice(i, i + 1)), places[:1], new[:1], templates.part(slice(i, i + 1))).length
        for i in range(5)
    ]
    assert np.concatenate(parts).tolist() == [0, 1, 0, 2, 0]


def test_a_chain_counts_the_rows_that_vary_one_row() -> None:
    numbers = np.tile(np.arange(6.0), (30, 1))
    numbers[:, 2] = np.arange(30) / 7
    numbers[20:] += 100
    found = chained(
        empty_last(1, 6), Rows(numbers, np.zeros((30, 0), np.int64)), np.zeros(30, np.intp), np.ones(30, np.bool_)
    )
    assert found.length.tolist() == [*range(20), *range(10)]


def test_a_row_that_only_has_values_where_one_before_had_none_fills_it() -> None:
    lacks = np.nan
    numbers = np.array([[1, lacks, lacks], [1, 5, lacks], [1, 5, 7], [1, 5, 8], [lacks, 5, 8], [1, 6, 9]])
    codes = np.array([[-1], [-1], [-1], [-1], [2], [2]])
    places = np.array([0, 0, 0, 0, 1, 0])
    for cuts in ([6], [1, 2, 3, 4, 5, 6]):
        last, found, first = empty_last(2, 4), list[bool](), 0
        for cut in cuts:
            rows = Rows(numbers[first:cut], codes[first:cut])
            found += chained(last, rows, places[first:cut], np.ones(cut - first, np.bool_)).fills.tolist()
            first = cut
        # the fourth varies the third; the fifth is another client's; the last differs from all in more than one
        assert found == [False, True, True, False, False, False]


def stepping(columns: int, steps: int) -> Rows:
    """Change one column after the other of one row, each by one step that is kept, one of `columns` in turn."""
    numbers = np.tile(np.arange(12.0), (steps + 1, 1))
    for step in range(1, steps + 1):
        numbers[step:, step % columns] += 0.5
    return Rows(numbers, np.zeros((steps + 1, 0), np.int64))


def test_a_chain_is_wide_once_more_than_few_columns_were_changed_in_it_however_the_rows_are_cut() -> None:
    assert few_of(12) == 3
    for columns, first_wide in ((3, None), (5, 4)):
        for cuts in ([13], [2, 3, 9, 13], list(range(1, 14))):
            rows, last, found, first = stepping(columns, 12), empty_last(1, 12), list[bool](), 0
            for cut in cuts:
                part, many = rows.take(slice(first, cut)), cut - first
                found += chained(last, part, np.zeros(many, np.intp), np.ones(many, np.bool_)).widely.tolist()
                first = cut
            wide = [i for i, one in enumerate(found) if one]
            assert wide == ([] if first_wide is None else list(range(first_wide, 13)))


def test_a_row_is_crowded_where_more_than_a_thousandth_of_the_reference_differs_in_few_columns() -> None:
    rng = np.random.default_rng(5)
    none = np.zeros((3000, 0), np.int64)
    numbers = rng.normal(size=(3000, 8))
    numbers[::200, 2:] = np.arange(6)
    crowd = crowd_of(Rows(numbers, none))
    asked = rng.normal(size=(3, 8))
    asked[0, 2:], asked[1, 3:] = np.arange(6), np.arange(1, 6)
    asked[2] = numbers[1]
    # the first and second lie in the corner of one in two hundred, the third beside one row of the reference only
    found = crowded(crowd, marks_of(Rows(asked, none[:3]), None), few=2)
    assert found.tolist() == [True, False, False]
    assert crowded(crowd, marks_of(Rows(asked, none[:3]), None), few=3).tolist() == [True, True, False]
