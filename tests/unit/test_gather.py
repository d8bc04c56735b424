"""Small batches are stored together where nothing is lost by it."""

from collections.abc import Iterator
from dataclasses import replace

import pyarrow as pa
import pytest

from monitor.errors import SourceError, SourceStopped
from monitor.steps.gather import MOST_BATCHES, MOST_ROWS, Gathered, gathered
from monitor.types import Batch, Rejected


def batch(shard: str, rejected: int = 0, **columns: list[object]) -> Batch:
    bad = tuple(Rejected(f"{shard}:line {line}", "no time", "") for line in range(rejected))
    return Batch(shard, pa.table(columns), {"row": len(next(iter(columns.values()), []))}, bad)


def put_together(*batches: Batch) -> list[Gathered]:
    return list(gathered(batches, admitted=lambda one: one))


def shards(found: list[Gathered]) -> list[list[str]]:
    return [[one.shard for one in group.batches] for group in found]


def test_batches_of_the_same_columns_are_one() -> None:
    (found,) = put_together(batch("a", x=[1, 2]), batch("b", 3, x=[3]), batch("b", x=[4, 5, 6]))
    assert found.rows.to_pydict() == {"x": [1, 2, 3, 4, 5, 6]}
    assert found.cursors == {"a": {"row": 2}, "b": {"row": 3}}
    assert (found.read, [row.position for row in found.rejected]) == (9, ["b:line 0", "b:line 1", "b:line 2"])


def test_a_row_is_told_by_its_place_in_its_batch() -> None:
    (found,) = put_together(batch("a", x=[1, 2]), batch("none"), batch("b", x=[3]))
    assert [found.place(row) for row in range(3)] == [
        "a row 1 of the batch",
        "a row 2 of the batch",
        "b row 1 of the batch",
    ]
    with pytest.raises(IndexError):
        found.place(3)


def test_a_column_more_or_less_parts_batches() -> None:
    found = put_together(batch("a", x=[1]), batch("b", x=[1], y=[2]), batch("c", x=[1], y=[2]), batch("d", y=[2]))
    assert shards(found) == [["a"], ["b", "c"], ["d"]]


def test_the_order_of_columns_does_not() -> None:
    (found,) = put_together(batch("a", x=[1], y=["s"]), batch("b", y=["t"], x=[2]))
    assert found.rows.to_pydict() == {"x": [1, 2], "y": ["s", "t"]}


@pytest.mark.parametrize("other", [[1.0], ["1"], [True], [[1.0]]], ids=str)
def test_a_value_never_becomes_another(other: list[object]) -> None:
    found = put_together(batch("a", x=[1]), batch("b", x=other))
    assert [group.rows["x"].to_pylist() for group in found] == [[1], other]


def test_a_column_without_values_takes_the_others_type() -> None:
    (found,) = put_together(batch("a", x=[None]), batch("b", x=["s"]), batch("c", x=[None]), batch("none"))
    assert found.rows["x"].to_pylist() == [None, "s", None]
    assert found.rows["x"].type == pa.string()


def test_coded_texts_with_different_words_are_one_column() -> None:
    coded = [pa.table({"x": pa.array(words).dictionary_encode()}) for words in (["a", "b"], ["c", "a"])]
    (found,) = put_together(*(replace(batch("f"), rows=table) for table in coded))
    assert found.rows["x"].to_pylist() == ["a", "b", "c", "a"]
    assert len({chunk.dictionary.to_string() for chunk in found.rows["x"].chunks}) == 1


def test_no_more_rows_are_taken_at_once_than_a_large_batch_has() -> None:
    half = [0] * (MOST_ROWS // 2)
    found = put_together(batch("a", x=half), batch("b", x=half), batch("c", x=[1]), batch("d", x=[0] * (MOST_ROWS + 1)))
    assert shards(found) == [["a", "b"], ["c"], ["d"]]


def test_nor_more_batches() -> None:
    found = put_together(*(batch(str(n), x=[n]) for n in range(MOST_BATCHES + 1)))
    assert [len(group.batches) for group in found] == [MOST_BATCHES, 1]


def test_what_was_read_before_an_error_is_taken() -> None:
    def broken() -> Iterator[Batch]:
        yield batch("a", x=[1])
        yield batch("b", x=[2])
        raise SourceError("the disk is gone")

    found = list[Gathered]()
    with pytest.raises(SourceError, match="disk"):
        found.extend(gathered(broken(), admitted=lambda one: one))
    assert shards(found) == [["a", "b"]]


def test_what_was_read_before_a_batch_that_is_not_admitted_is_taken() -> None:
    def admitted(one: Batch) -> Batch:
        if one.shard == "c":
            raise SourceStopped("all rows are bad")
        return one

    found = list[Gathered]()
    with pytest.raises(SourceStopped):
        found.extend(gathered([batch(shard, x=[1]) for shard in "abcd"], admitted=admitted))
    assert shards(found) == [["a", "b"]]


def test_nothing_is_gathered_from_nothing() -> None:
    assert put_together() == []
    (found,) = put_together(batch("a"), batch("b"))
    assert (found.rows.num_rows, found.read, list(found.cursors)) == (0, 0, ["a", "b"])
