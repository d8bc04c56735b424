"""Texts laid beside each other by their words: what is a near-copy, what is the same row, and what only looks alike."""

import numpy as np
import pyarrow as pa
import pytest

from monitor.detectors.attack.fingerprint import Fingerprint
from monitor.detectors.attack.sketches import TABLES, Sketches
from monitor.detectors.attack.space import Rows, Space
from monitor.profiles.arrow import layout_of
from monitor.types import Roles

WORDS = np.array([f"word{chr(97 + i // 20)}{chr(97 + i % 20)}" for i in range(400)])


def texts(seed: int, count: int, words: int = 20) -> list[str]:
    rng = np.random.default_rng(seed)
    return [" ".join(rng.choice(WORDS, words, replace=False)) for _ in range(count)]


def with_one_other_word(text: str, place: int) -> str:
    words = text.split()
    return " ".join([*words[:place], "otherwise", *words[place + 1 :]])


def space_and_rows(said: list[str | None]) -> tuple[Space, Rows]:
    table = pa.table({"plan": ["a", "b"] * 50, "age": np.arange(100.0), "text": texts(1, 100)})
    space = Space.of(layout_of(table, Roles(timestamp="at", kinds={"text": "text"})).columns, table)
    same = pa.table({"plan": ["a"] * len(said), "age": [7.0] * len(said), "text": pa.array(said, pa.string())})
    return space, space.rows(same)


@pytest.mark.parametrize("shared", [0, 5, 10, 15, 19])
def test_texts_share_as_many_words_of_the_tables_as_the_share_of_words_that_both_have(shared: int) -> None:
    rng = np.random.default_rng(shared)
    found = []
    for _ in range(200):
        chosen = rng.choice(WORDS, 40 - shared, replace=False)
        one, other = chosen[:20], np.concatenate([chosen[:shared], chosen[20:]])
        sketches = Sketches.of([(0, [" ".join(one), " ".join(rng.permutation(other))])])
        assert sketches is not None
        found.append(np.mean(sketches.smallest[0, 0] == sketches.smallest[1, 0]))
    assert np.mean(found) == pytest.approx(shared / (40 - shared), abs=0.03)


def test_a_text_is_the_same_with_the_same_words_in_the_same_order_whatever_its_numbers() -> None:
    said = ["to be 1 or not", "to be 22:30 or not", "not to be 1 or", "to be or", "", None]
    rows = space_and_rows(said)[1]
    same = rows.hashes()[:, None] == rows.hashes()
    assert same[0].tolist() == [True, True, False, False, False, False]
    assert same[2].sum() == same[3].sum() == 1


def test_one_account_s_texts_are_near_copies_where_few_words_differ_and_not_where_they_are_as_long() -> None:
    text = texts(3, 1)[0]
    space, rows = space_and_rows([text, with_one_other_word(text, 4), *texts(4, 8)])
    fingerprint = Fingerprint.of(space, rng=np.random.default_rng(5))
    buckets = fingerprint.buckets(space.scaled(rows), rows)
    shared = (buckets[0] == buckets).sum(axis=1)
    assert shared[1] >= TABLES // 2
    assert shared[2:].max() < TABLES // 2
    assert shared[2:].mean() < TABLES // 8


def test_few_rows_are_hashed_as_many_are() -> None:
    space, rows = space_and_rows([*texts(6, 30), "", None])
    fingerprint = Fingerprint.of(space, rng=np.random.default_rng(7))
    many = fingerprint.buckets(space.scaled(rows), rows)
    few = [rows.take(slice(start, start + 4)) for start in range(0, len(rows), 4)]
    assert (np.concatenate([fingerprint.buckets(space.scaled(part), part) for part in few]) == many).all()


def test_every_table_looks_at_a_text() -> None:
    space, _ = space_and_rows(["a"])
    place = space.names.index("text")
    for seed in range(20):
        assert (Fingerprint.of(space, rng=np.random.default_rng(seed)).weights[:, place] != 0).all()


def test_rows_without_a_text_are_near_to_none_but_their_equals() -> None:
    space, rows = space_and_rows(["", None, "", "one word"])
    rows = Rows(rows.numbers + np.array([[0.0], [0.0], [0.1], [0.0]]), rows.codes, rows.sketches)
    fingerprint = Fingerprint.of(space, rng=np.random.default_rng(8))
    buckets = fingerprint.buckets(space.scaled(rows), rows)
    assert (buckets[0] == buckets).sum(axis=1).tolist() == [TABLES, TABLES, 0, 0]
