"""Tables of different types are joined without losing a value."""

import pyarrow as pa

from monitor.profiles.tables import joined


def test_numbers_of_any_kind_stay_numbers() -> None:
    whole = joined([pa.table({"x": [1, 2]}), pa.table({"x": [0.5]}), pa.table({"y": ["a"]})])
    assert whole["x"].to_pylist() == [1.0, 2.0, 0.5, None]
    assert whole["y"].to_pylist() == [None, None, None, "a"]


def test_types_that_do_not_go_together_become_text() -> None:
    whole = joined([pa.table({"x": [1.5, None], "y": [1, 2]}), pa.table({"x": [{"a": 1}], "y": [3]})])
    assert whole["x"].to_pylist() == ["1.5", None, '{"a": 1}']
    assert whole["y"].to_pylist() == [1, 2, 3]
    assert joined([pa.table({"x": ["a"]}), pa.table({"x": [True]})])["x"].to_pylist() == ["a", "true"]
