"""Pushed bodies: JSON in its forms, Arrow, and everything that is neither."""

import json
import random
import struct
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from monitor.sources.push import PushSource, admitted_records, parse
from monitor.types import KEPT_CHARS, Batch, Roles

ROWS = [{"id": i, "x": i / 2, "name": f"n{i}"} for i in range(5)]
ARROW = "application/vnd.apache.arrow.stream"
LINES = "application/x-ndjson"


def as_arrow(table: pa.Table, *, compression: str | None = None) -> bytes:
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema, options=pa.ipc.IpcWriteOptions(compression=compression)) as writer:
        writer.write_table(table)
    return sink.getvalue().to_pybytes()


def coded(table: pa.Table) -> pa.Table:
    return table.set_column(2, "name", table["name"].dictionary_encode())


def pull(bodies: list[tuple[bytes, str]], *, after: int = 0, batch_rows: int = 100) -> list[Batch]:
    def read(after: int) -> Iterator[tuple[int, bytes, str]]:
        return ((i, *body) for i, body in enumerate(bodies, start=1) if i > after)

    cursors = {"push": {"id": after}} if after else {}
    batches = list(PushSource(read, batch_rows=batch_rows).pull(cursors))
    assert all(batch.read == batch.rows.num_rows + len(batch.rejected) for batch in batches)
    return batches


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (json.dumps({"records": ROWS}).encode(), "application/json"),
        (json.dumps(ROWS).encode(), "application/json; charset=utf-8"),
        (json.dumps(ROWS).encode(), ""),
        (b"\xef\xbb\xbf" + json.dumps(ROWS).encode(), "application/json"),
        (b"\r\n\n".join(json.dumps(row).encode() for row in ROWS), LINES),
        (as_arrow(pa.Table.from_pylist(ROWS)), ARROW),
        (as_arrow(pa.Table.from_pylist(ROWS), compression="zstd"), ARROW),
        (as_arrow(pa.Table.from_pylist(ROWS), compression="lz4"), ARROW),
        (as_arrow(coded(pa.Table.from_pylist(ROWS)), compression="zstd"), ARROW),
    ],
)
def test_records_come_in_every_form(body: bytes, kind: str) -> None:
    table, bad = parse(body, kind)
    assert (table.to_pylist(), bad) == (ROWS, ())


@pytest.mark.parametrize(
    ("body", "kind", "told"),
    [
        (b"", "application/json", "the body is empty"),
        (b"{", "application/json", "not JSON"),
        (b"3", "application/json", "has no records"),
        (b'{"id": 1}', "application/json", "has no records"),
        (b'{"records": {"id": 1}}', "application/json", "has no records"),
        (b"[" * 100_000, "application/json", "nested too deep"),
        (b"[\xff]", "application/json", "not UTF-8 at byte 1"),
        (b'[{"a": "\0"}]', "application/json", "NUL byte"),
        (b"a,b\n1,2\n", LINES, "no line holds a record; the first one is not JSON"),
        (b"a,b\n1,2\n", "text/csv", "content type 'text/csv' is not taken; send application/json"),
        (b"a,b\n1,2\n", ARROW, "no Arrow stream"),
        (as_arrow(pa.Table.from_pylist(ROWS))[:-200], ARROW, "no Arrow stream"),
    ],
)
def test_a_body_that_holds_no_records_is_answered_with_a_sentence(body: bytes, kind: str, told: str) -> None:
    with pytest.raises(ValueError, match=told):
        parse(body, kind)
    (batch,) = pull([(body, kind)])
    assert [bad.position for bad in batch.rejected] == ["push 1"]
    assert batch.cursor == {"id": 1}


GOOD = '{"id": 1}'


@pytest.mark.parametrize(("sent", "kept"), [("a\\u0000", "a\0"), ("a\\ud83d", "a\ufffd")])
def test_odd_characters_in_a_value_cost_no_record(sent: str, kept: str) -> None:
    record = f'{{"id": 1, "agent": "{sent}", "of": {{"agent": "{sent}"}}}}'
    for body, kind in ((f"[{record}]", "application/json"), (record, LINES)):
        (batch,) = pull([(body.encode(), kind)])
        (row,) = batch.rows.to_pylist()
        assert (row["id"], row["agent"], batch.rejected) == (1, kept, ())


@pytest.mark.parametrize(
    ("record", "reason"),
    [
        ("3", "not a JSON object"),
        ("null", "not a JSON object"),
        ("{}", "an empty object"),
        ('{"id": 9223372036854775808}', "integer beyond 64 bits"),
        ('{"id": [{"deep": ' + "9" * 5000 + "}]}", "integer beyond 64 bits"),
        ('{"a\\u0000": 1}', "column 'a\\x00' has a NUL character in its name; leave it out"),
    ],
)
def test_one_bad_record_is_turned_away_alone(record: str, reason: str) -> None:
    for body, kind in ((f"[{GOOD}, {record}, {GOOD}]", "application/json"), (f"{GOOD}\n{record}\n{GOOD}", LINES)):
        (batch,) = pull([(body.encode(), kind)])
        assert batch.rows.to_pylist() == [{"id": 1}, {"id": 1}]
        assert [(bad.position, bad.reason) for bad in batch.rejected] == [("push 1, record 2", reason)]
        assert len(batch.rejected[0].excerpt) <= KEPT_CHARS


NOW = datetime(2024, 1, 2, tzinfo=UTC)
AT = '"at": "2024-01-01T00:00:00Z"'


def test_the_sender_hears_at_once_which_records_will_lie_in_quarantine() -> None:
    body = f'[{{"id": 1}}, 3, {{{AT}}}, {{"at": "nonsense"}}]'
    taken = admitted_records(parse(body.encode(), "application/json"), Roles("at"), now=NOW)
    assert taken.rows.num_rows == 1
    assert [(one.position, one.reason) for one in taken.rejected] == [
        ("record 2", "not a JSON object"),
        ("record 1", "'at' is missing; every record needs its time"),
        ("record 4", "'at' 'nonsense' is no time; write ISO 8601 or the seconds since 1970"),
    ]


@pytest.mark.parametrize(("good", "bad", "refused"), [(0, 10, False), (0, 11, True), (300, 15, False), (100, 15, True)])
def test_a_body_of_which_too_much_cannot_be_taken_is_refused_whole(good: int, bad: int, *, refused: bool) -> None:
    body = f"[{', '.join([f'{{{AT}}}'] * good + [GOOD] * bad)}]".encode()
    if refused:
        with pytest.raises(ValueError, match=rf"{bad} of {good + bad} records cannot be taken, .* none was taken"):
            admitted_records(parse(body, "application/json"), Roles("at"), now=NOW)
    else:
        assert len(admitted_records(parse(body, "application/json"), Roles("at"), now=NOW).rejected) == bad


def test_text_of_an_arrow_stream_that_is_not_utf8_is_turned_away_alone() -> None:
    words = pa.array([b"a", b"\xff", b"c"]).view(pa.string())
    coded = pa.DictionaryArray.from_arrays(pa.array([0, 0, 2], pa.int8()), pa.array(["a", "b", "c"]))
    table, bad = parse(as_arrow(pa.table([words, coded, [1, 2, 3]], names=["w", "c", "w"])), ARROW)
    assert table.to_pylist() == [{"w": "a", "c": "a", "w.1": 1}, {"w": "c", "c": "c", "w.1": 3}]
    assert [(each.position, each.reason) for each in bad] == [("record 2", "'w' is not UTF-8")]


@pytest.mark.parametrize("seed", range(60))
def test_a_damaged_arrow_stream_never_crashes(seed: int) -> None:
    rng = random.Random(seed)
    words = pa.array([f"w{i % 7}" for i in range(300)])
    table = pa.table({"i": list(range(300)), "s": words, "d": words.dictionary_encode(), "l": [[1, 2]] * 300})
    data = bytearray(as_arrow(table))
    if seed % 3 == 0:
        del data[rng.randrange(len(data)) :]
    for _ in range(rng.randrange(1, 20) if data else 0):
        data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
    try:
        parsed, _ = parse(bytes(data), ARROW)
    except ValueError as error:
        assert str(error)  # noqa: PT017 - either a sentence or a sound table
    else:
        parsed.validate(full=True)
        parsed.to_pylist()


def body(*values: Any) -> tuple[bytes, str]:  # noqa: ANN401
    return json.dumps([{"v": value} for value in values]).encode(), "application/json"


def test_bodies_are_joined_up_to_the_size_of_a_batch() -> None:
    bodies = [body(1, 2), body(3), body(4, 5), body(6, 7, 8, 9), body(10)]
    batches = pull(bodies, batch_rows=3)
    assert [batch.rows["v"].to_pylist() for batch in batches] == [[1, 2, 3], [4, 5], [6, 7, 8, 9], [10]]
    assert [batch.cursor["id"] for batch in batches] == [2, 3, 4, 5]
    assert [batch.rows["v"].to_pylist() for batch in pull(bodies, after=3)] == [[6, 7, 8, 9, 10]]
    assert pull(bodies, after=5) == []


def test_bodies_whose_types_differ_come_apart() -> None:
    batches = pull([body(1), body(1.5), body("a"), body(None), (b'[{"w": 1}]', "")])
    assert [batch.rows.to_pylist() for batch in batches] == [
        [{"v": 1.0}, {"v": 1.5}],
        [{"v": "a", "w": None}, {"v": None, "w": None}, {"v": None, "w": 1}],
    ]


def test_rows_may_repeat() -> None:
    assert PushSource(lambda _: ()).repeats


ROOM = 2**20  # of rows, and of the bytes of a word
ZEROS = pa.array(np.zeros(ROOM))
WORD, ONES = pa.array(["x" * ROOM]), pa.array(np.zeros(300, np.int32))
NOTHING = pa.nulls(3 * 2**28)
VIEWS = pa.Array.from_buffers(
    pa.string_view(), 300, [None, pa.py_buffer(struct.pack("<i4sii", ROOM, b"xxxx", 0, 0) * 300), WORD.buffers()[2]]
)


@pytest.mark.parametrize(
    ("table", "told"),
    [
        # a hundred kilobytes of zeros
        (pa.table({f"x{i}": ZEROS for i in range(33)}), r"unpacked it has 276\d{6} bytes; send at most 268435456"),
        # rows that take no bytes
        (pa.table({"x": pa.nulls(ROOM + 1)}), "1048577 records are too many; send at most 1048576"),
        (pa.table({"x": pa.nulls(1, pa.struct({"a": pa.null()}))}), ""),
        (pa.table({"x": pa.FixedSizeListArray.from_arrays(NOTHING, len(NOTHING))}), "unpacked it has"),
        (pa.table({"x": pa.ListArray.from_arrays([0, len(NOTHING)], NOTHING)}), "unpacked it has"),
        # one word for all rows
        (pa.table({"x": pa.DictionaryArray.from_arrays(ONES, WORD)}), "unpacked it has 314572800 bytes"),
        (pa.table({"x": pa.DictionaryArray.from_arrays(ONES.slice(0, 3), WORD)}), ""),
        (pa.table({"x": VIEWS}), "unpacked it has 314572800 bytes"),
        (pa.table({"x": pa.RunEndEncodedArray.from_arrays([ROOM], WORD)}), "run_end_encoded.* not taken; send plain"),
        (pa.table({f"x{i}": [1] for i in range(2001)}), "2001 columns are too many; send at most 2000"),
    ],
)
def test_a_body_that_would_unpack_to_far_more_than_was_sent_is_refused(table: pa.Table, told: str) -> None:
    body = as_arrow(table, compression="zstd")
    assert len(body) < 2**21
    if not told:
        assert parse(body, ARROW)[0].num_rows == table.num_rows
        return
    with pytest.raises(ValueError, match=told):
        parse(body, ARROW)
    (batch,) = pull([(body, ARROW)])
    assert (batch.rows.num_rows, len(batch.rejected), batch.cursor) == (0, 1, {"id": 1})


def test_spoiled_messages_of_a_compressed_stream_are_refused_with_a_sentence() -> None:
    rng, body = random.Random(1), as_arrow(coded(pa.Table.from_pylist(ROWS)), compression="lz4")
    for _ in range(500):
        spoiled = bytearray(body)
        for at in rng.sample(range(len(body)), 3):
            spoiled[at] = rng.randrange(256)
        with suppress(ValueError):
            parse(bytes(spoiled), ARROW)


@pytest.mark.parametrize("kind", ["application/json", LINES])
def test_records_that_bring_ever_new_names_are_turned_away(kind: str) -> None:
    rows = [json.dumps({"id": i} | {f"n{i}_{j}": 1 for j in range(100)}) for i in range(30)]
    body = f"[{','.join(rows)}]" if kind != LINES else "\n".join(rows)
    (batch,) = pull([(body.encode(), kind)])
    assert (batch.rows.num_rows, batch.rows.num_columns, len(batch.rejected)) == (19, 1901, 11)
    assert batch.rejected[0].reason == (
        "it would bring the batch to more than 2000 different names; name columns alike"
    )


def test_a_body_of_few_values_for_many_columns_is_refused() -> None:
    names = json.dumps(dict.fromkeys(map(str, range(2000)), 1))
    body = f"[{names}" + ', {"1": 1}' * 20_000 + "]"
    with pytest.raises(ValueError, match="20001 records with 2000 different names are too many; send fewer at a time"):
        parse(body.encode(), "application/json")


def test_bodies_with_ever_new_names_are_not_put_together() -> None:
    bodies = [json.dumps([{f"n{i}_{j}": 1 for j in range(900)}]).encode() for i in range(5)]
    assert [batch.rows.num_columns for batch in pull([(body, "") for body in bodies])] == [1800, 1800, 900]
