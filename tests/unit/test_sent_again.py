"""Rows that a client sends again, as who polls or tries again does, are no near copies of poison."""

import numpy as np
import pyarrow as pa

from monitor.steps.repeats import sent_again
from monitor.types import Roles

ROLES = Roles(timestamp="at", client="key", label="y")
ROWS = pa.table(
    {
        "key": ["a", "a", "b", "a", "a", None, None],
        "x": [1.0, 1.0, 1.0, 2.0, 1.0, 1.0, 1.0],
        "kind": ["p", "p", "p", "p", "p", "p", "p"],
        "y": [1, 1, 1, 1, 0, 1, 1],
    }
)


def test_a_row_came_again_where_its_client_sent_it_before_with_the_same_label() -> None:
    assert sent_again(ROWS, ROLES, ["x", "kind"]).tolist() == [False, True, False, False, False, False, False]


def test_without_clients_or_beside_vectors_nothing_is_known_to_have_come_again() -> None:
    assert not sent_again(ROWS.drop_columns(["key"]), ROLES, ["x", "kind"]).any()
    vectors = ROWS.append_column("v", pa.array([[1.0, 2.0]] * 7))
    assert not sent_again(vectors, ROLES, ["x", "v"]).any()


def test_labels_may_be_numbers_that_lack_some() -> None:
    rows = pa.table({"key": ["a"] * 3, "x": [None, None, np.nan], "y": [1, 1, 1]})
    assert sent_again(rows, ROLES, ["x"]).tolist()[:2] == [False, True]
