"""What a model's answers say in the words of the labels."""

import pyarrow as pa
import pytest

from monitor.profiles.meanings import translated
from monitor.types import Roles

MEANT = Roles(timestamp="at", prediction="said", others=("shadow",), meanings={"yes": True, "no": False, "1": "one"})


@pytest.mark.parametrize("kind", [pa.string(), pa.large_string(), pa.dictionary(pa.int8(), pa.string())])
def test_words_are_read_in_any_type_of_text_and_nothing_else_is_touched(kind: pa.DataType) -> None:
    said = pa.chunked_array([pa.array(["yes", None]).cast(kind), pa.array(["no"]).cast(kind)])
    rows = pa.table({"said": said, "shadow": ["no", "no", "yes"], "home": ["yes", "no", "no"]})
    found = translated(rows, MEANT)
    assert found["said"].to_pylist() == [True, None, False]
    assert found["shadow"].to_pylist() == [False, False, True]
    assert found["home"].to_pylist() == ["yes", "no", "no"]
    assert found.column_names == rows.column_names


def test_numbers_have_meanings_too_and_what_has_none_stays() -> None:
    rows = pa.table({"said": [1, 2, 1]})
    assert translated(rows, MEANT)["said"].to_pylist() == ["one", "2", "one"]
    assert translated(pa.table({"said": [3, 4]}), MEANT)["said"].type == pa.int64()
    assert translated(rows, Roles(timestamp="at", prediction="said")) is rows
    assert translated(rows.slice(0, 0), MEANT).num_rows == 0
