"""When an answer counts as another one."""

import math

import pytest

from monitor.detectors.versions import probe

SAME = [
    (0.25, 0.25 + 1e-9, "within the tolerance"),
    (1e9, 1e9 + 100, "relative to large numbers"),
    (1, 1.0, "a whole number is a number"),
    ({"a": 1, "b": [1, 2]}, {"b": [1, 2], "a": 1}, "keys have no order"),
    (math.nan, math.nan, "not a number is not a number"),
    (math.inf, math.inf, "infinite alike"),
    (None, None, "nothing"),
    (10**400, 10**400, "beyond the floats"),
]
OTHER = [
    (0.25, 0.2501, "$ 0.25 → 0.2501"),
    (1, True, "$ 1 → True"),
    ("0.5", 0.5, "$ '0.5' → 0.5"),
    (None, 0, "$ None → 0"),
    (math.nan, 0.0, "$ nan → 0.0"),
    (math.inf, -math.inf, "$ inf → -inf"),
    (10**400, 10**400 + 1, "$ 1000"),
    ([1, 2], [1, 2, 3], "$ a list of 2 → a list of 3"),
    ([1, 2], [2, 1], "$[0] 1 → 2"),
    ({"a": 1}, {"a": 1, "b": 2}, "$ an object of 1 keys → an object of 2 keys"),
    ({"a": {"p": [0.1, 0.9]}}, {"a": {"p": [0.1, 0.8]}}, "$.a.p[1] 0.9 → 0.8"),
    ({"a": 1}, [1], "$ an object of 1 keys → a list of 1"),
    ("x" * 200, "y", "$ 'xxx"),
]


@pytest.mark.parametrize(("was", "now", "why"), SAME, ids=[why for *_, why in SAME])
def test_these_are_the_same(was: object, now: object, why: str) -> None:
    assert probe.first_difference(was, now, 1e-6) == "", why


@pytest.mark.parametrize(("was", "now", "said"), OTHER, ids=[said for *_, said in OTHER])
def test_these_differ_and_it_is_said_where(was: object, now: object, said: str) -> None:
    found = probe.first_difference(was, now, 1e-6)
    assert found.startswith(said)
    assert len(found) < 150


def test_the_share_of_changed_answers_is_measured() -> None:
    (m,) = probe.compare([1, 2, 3, 4], [1, 2, 9, 9], 0.0)
    assert (m.value, m.effect, m.p_value, m.n) == (0.5, 0.5, 0.0, 4)
    assert m.note == "input 3: $ 3 → 9"
    (still,) = probe.compare([1], [1], 0.0)
    assert (still.value, still.p_value, still.note) == (0.0, 1.0, "")
    (none,) = probe.compare([], [], 0.0)
    assert none.value is None


def test_keys_that_are_ignored_may_differ_or_be_missing_wherever_they_stand() -> None:
    was, now = {"p": 0.5, "meta": {"id": "a", "took": 1}}, {"p": 0.5, "meta": {"id": "b"}}
    assert probe.first_difference(was, now, 0.0, ("id", "took")) == ""
    assert probe.first_difference(was, now, 0.0, ("id",)) == "$.meta an object of 2 keys → an object of 1 keys"
    (m,) = probe.compare([was], [{**now, "p": 0.6}], 0.0, ignore=("id", "took"))
    assert m.note == "input 1: $.p 0.5 → 0.6"


def test_a_deep_answer_is_compared_too() -> None:
    deep: object = 1
    for _ in range(5000):
        deep = [deep]
    assert probe.first_difference(deep, deep, 0.0) == ""
