"""Small batches are taken together, and what comes before a broken one is not lost."""

from collections.abc import Iterator

import pyarrow as pa
import pytest

from monitor.errors import SourceError
from monitor.steps import pull
from monitor.steps.pull import gathered, rows_of
from monitor.types import Batch


def batch(shard: str, rows: int, column: str = "x") -> Batch:
    return Batch(shard, pa.table({column: pa.array(range(rows), pa.int64())}), {"row": rows})


def shards(groups: list[list[Batch]]) -> list[list[str]]:
    return [[one.shard for one in group] for group in groups]


def test_batches_come_together_until_they_are_worth_a_transaction(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pull, "TOGETHER", 10)
    groups = list(gathered([batch("a", 4), batch("b", 4), batch("c", 4), batch("d", 40), batch("e", 1)]))
    assert shards(groups) == [["a", "b", "c"], ["d"], ["e"]]
    assert rows_of(groups[0])["x"].to_pylist() == [0, 1, 2, 3] * 3


def test_rows_with_other_columns_come_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pull, "TOGETHER", 10)
    assert shards(list(gathered([batch("a", 1), batch("b", 1, "y"), batch("c", 1)]))) == [["a"], ["b"], ["c"]]


def test_what_came_before_a_broken_batch_is_given_before_the_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pull, "TOGETHER", 10)

    def broken() -> Iterator[Batch]:
        yield batch("a", 1)
        yield batch("b", 1)
        raise SourceError("c: cannot be read")

    found = gathered(broken())
    assert shards([next(found)]) == [["a", "b"]]
    with pytest.raises(SourceError, match="c: cannot be read"):
        next(found)


def test_words_of_many_files_become_those_of_one_table() -> None:
    one, other = (Batch(name, pa.table({"x": pa.array([word]).dictionary_encode()}), {}) for name, word in ("ab", "cd"))
    rows = rows_of([one, other])
    assert rows["x"].to_pylist() == ["b", "d"]
    assert {chunk.dictionary.to_pylist()[0] for chunk in rows["x"].chunks} == {"b"}
