"""Files of every kind: growing, rotated, broken off, corrupt."""

import gzip
import json
import os
import random
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from monitor.errors import SourceEmpty, SourceError
from monitor.profiles.reading import categories
from monitor.sources.files import FilesSource
from monitor.types import KEPT_CHARS, Batch, Cursor

ROWS = [{"id": i, "x": i / 2, "name": f"n{i}"} for i in range(10)]


def as_jsonl(rows: Iterable[dict[str, Any]]) -> bytes:
    return b"".join(json.dumps(row).encode() + b"\n" for row in rows)


def as_csv(rows: Iterable[dict[str, Any]]) -> bytes:
    return b"id,x,name\n" + b"".join(f"{row['id']},{row['x']},{row['name']}\n".encode() for row in rows)


def as_zstd(data: bytes) -> bytes:
    sink = pa.BufferOutputStream()
    with pa.CompressedOutputStream(sink, "zstd") as stream:
        stream.write(data)
    return sink.getvalue().to_pybytes()


def as_parquet(rows: list[dict[str, Any]], *, row_group_size: int = 4) -> bytes:
    sink = pa.BufferOutputStream()
    pq.write_table(pa.Table.from_pylist(rows), sink, row_group_size=row_group_size)
    return sink.getvalue().to_pybytes()


FILES = {
    "a.jsonl": as_jsonl(ROWS),
    "a.csv": as_csv(ROWS),
    "a.jsonl.gz": gzip.compress(as_jsonl(ROWS), mtime=0),
    "a.csv.gz": gzip.compress(as_csv(ROWS), mtime=0),
    "a.jsonl.zst": as_zstd(as_jsonl(ROWS)),
    "a.csv.zst": as_zstd(as_csv(ROWS)),
    "a.parquet": as_parquet(ROWS),
}


def pull(root: Path, cursors: dict[str, Cursor] | None = None, *, batch_rows: int = 65_536) -> list[Batch]:
    """Pull, and advance `cursors`, through JSON as the store does."""
    source = FilesSource(pattern="**/*", root=root, batch_rows=batch_rows, may_be_empty=True)
    batches = list(source.pull(cursors or {}))
    for batch in batches:
        assert batch.read == batch.rows.num_rows + len(batch.rejected)
        batch.rows.validate(full=True)
        if cursors is not None:
            cursors[batch.shard] = json.loads(json.dumps(batch.cursor))
    return batches


def rows_of(batches: Iterable[Batch]) -> list[dict[str, Any]]:
    return [row for batch in batches for row in batch.rows.to_pylist()]


def reasons(batches: Iterable[Batch]) -> list[str]:
    return [bad.reason for batch in batches for bad in batch.rejected]


@pytest.mark.parametrize("name", FILES)
def test_every_row_is_read_once(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(FILES[name])
    cursors: dict[str, Cursor] = {}
    assert rows_of(pull(tmp_path, cursors)) == ROWS
    assert pull(tmp_path, cursors) == []


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("batch_rows", [1, 3, 4, 7])
def test_a_restart_from_any_batch_gives_the_same_rest(tmp_path: Path, name: str, batch_rows: int) -> None:
    (tmp_path / name).write_bytes(FILES[name])
    batches = pull(tmp_path, batch_rows=batch_rows)
    for i, batch in enumerate(batches):
        assert batch.read <= batch_rows
        rest = pull(tmp_path, {name: json.loads(json.dumps(batch.cursor))}, batch_rows=batch_rows)
        assert rows_of(rest) == rows_of(batches[i + 1 :])


@pytest.mark.parametrize(("name", "write"), [("a.jsonl", as_jsonl), ("a.csv", as_csv)])
def test_a_file_that_grows_byte_by_byte_gives_each_row_once(tmp_path: Path, name: str, write: Any) -> None:  # noqa: ANN401
    cursors: dict[str, Cursor] = {}
    batches: list[Batch] = []
    for byte in write(ROWS):
        with (tmp_path / name).open("ab") as stream:
            stream.write(bytes([byte]))
        batches += pull(tmp_path, cursors)
    assert rows_of(batches) == [pytest.approx(row) for row in ROWS]
    assert reasons(batches) == []


MANY_LINES = b'a,"b\nc"\n1,"x\ny"\n2,"""\n\n"""\n3,z\n4,",\n,"\n'
OF_MANY_LINES = ["x\ny", '"\n\n"', "z", ",\n,"]


def test_a_record_over_several_lines_is_read_once_while_it_grows(tmp_path: Path) -> None:
    cursors: dict[str, Cursor] = {}
    batches: list[Batch] = []
    for byte in MANY_LINES:
        with (tmp_path / "a.csv").open("ab") as stream:
            stream.write(bytes([byte]))
        batches += pull(tmp_path, cursors)
    assert [row["b\nc"] for row in rows_of(batches)] == OF_MANY_LINES
    assert reasons(batches) == []
    assert cursors["a.csv"]["line"] == MANY_LINES.count(b"\n")


@pytest.mark.parametrize("name", ["a.csv", "a.csv.gz", "a.csv.zst"])
@pytest.mark.parametrize("batch_rows", [1, 2, 3])
def test_a_restart_between_records_over_several_lines_loses_none(tmp_path: Path, name: str, batch_rows: int) -> None:
    pack = {"a.csv": bytes, "a.csv.gz": gzip.compress, "a.csv.zst": as_zstd}[name]
    (tmp_path / name).write_bytes(pack(MANY_LINES))
    batches = pull(tmp_path, batch_rows=batch_rows)
    assert [row["b\nc"] for row in rows_of(batches)] == OF_MANY_LINES
    for i, batch in enumerate(batches):
        rest = pull(tmp_path, {name: json.loads(json.dumps(batch.cursor))}, batch_rows=batch_rows)
        assert rows_of(rest) == rows_of(batches[i + 1 :])


def test_an_open_quote_keeps_a_growing_file_waiting_but_not_for_ever(tmp_path: Path) -> None:
    cursors: dict[str, Cursor] = {}
    (tmp_path / "a.csv").write_bytes(b'a,b\n1,2\n3,"x\n' + b"5,6\n" * 10)
    assert rows_of(pull(tmp_path, cursors)) == [{"a": 1, "b": 2}]
    assert pull(tmp_path, cursors) == []
    with (tmp_path / "a.csv").open("ab") as stream:
        stream.write(b"5,6\n" * 1000)
    batches = pull(tmp_path, cursors)
    assert (len(rows_of(batches)), [bad.position for bad in batches[0].rejected]) == (1010, ["a.csv:line 3"])


def test_text_kept_as_a_dictionary_arrives_as_one_and_unique_text_does_not(tmp_path: Path) -> None:
    table = pa.table({"id": [f"row {i}" for i in range(5000)], "carrier": ["UA", None, "AA", "DL", "B6"] * 1000})
    pq.write_table(table, tmp_path / "a.parquet", row_group_size=1700)
    batches = pull(tmp_path, batch_rows=640)
    assert {str(batch.rows.schema.field("id").type) for batch in batches} == {"string"}
    assert all(pa.types.is_dictionary(batch.rows.schema.field("carrier").type) for batch in batches)
    assert max(len(batch.rows["carrier"].chunk(0).dictionary) for batch in batches) == 4
    assert rows_of(batches) == table.to_pylist()
    (rest, *_) = pull(tmp_path, {"a.parquet": batches[2].cursor}, batch_rows=640)
    assert rest.rows.to_pylist() == table.slice(batches[2].cursor["row"], rest.rows.num_rows).to_pylist()


@pytest.mark.parametrize(
    "rows",
    [
        [],  # emptied
        ROWS[7:8],  # shorter
        [{**row, "id": row["id"] + 50} for row in ROWS],  # as long or longer, another beginning
        [*ROWS[:9], {**ROWS[9], "name": "zz"}],  # same size, another end
    ],
)
@pytest.mark.parametrize(("name", "write"), [("a.jsonl", as_jsonl), ("a.csv", as_csv)])
def test_a_rotated_file_is_read_from_its_start(tmp_path: Path, name: str, write: Any, rows: list[Any]) -> None:  # noqa: ANN401
    cursors: dict[str, Cursor] = {}
    (tmp_path / name).write_bytes(write(ROWS))
    pull(tmp_path, cursors)
    (tmp_path / name).write_bytes(write(rows))
    assert rows_of(pull(tmp_path, cursors)) == rows


GOOD = b'{"id": 1}\n'


@pytest.mark.parametrize(
    ("name", "data", "stored", "why"),
    [
        ("a.jsonl", GOOD + b'{"id": \n' + GOOD, 2, ["not JSON"]),  # half a line
        ("a.jsonl", GOOD + b'[1]\n"x"\n3\nnull\n', 1, ["not a JSON object"] * 4),  # JSON, but no rows
        ("a.jsonl", GOOD + b'{"id": "\xff"}\n', 1, ["not UTF-8"]),  # bad UTF-8
        ("a.jsonl", GOOD + b'{"id": "a\0"}\n', 1, ["NUL byte"]),  # raw NUL
        ("a.jsonl", b'{"id": "a\\u0000"}\n', 1, []),  # escaped NUL in a value
        ("a.jsonl", b'{"a\\u0000": 1}\n', 0, ["column 'a\\x00' has a NUL character"]),  # and in a name
        ("a.jsonl", b'{"id": "a\\\\u0000"}\n', 1, []),  # a backslash and letters
        ("a.jsonl", b'{"id": "\\ud800"}\n', 1, []),  # half a surrogate pair
        ("a.jsonl", GOOD + b'{"id": 9223372036854775808}\n', 1, ["integer beyond"]),  # 2^63
        ("a.jsonl", b'{"id": ' + b"9" * 5000 + b"}\n", 0, ["integer beyond"]),  # more digits than int() takes
        ("a.jsonl", b"[" * 100_000 + b"\n" + GOOD, 1, ["nested too deep"]),  # recursion
        ("a.jsonl", b'{"id": 1e400}\n{"id": NaN}\n{"id": -Infinity}\n', 3, []),  # floats without a finite value
        ("a.jsonl", b'{"id": 9223372036854775807}\n{"id": 1.5}\n', 2, []),  # an int no double holds, and a float
        ("a.jsonl", b'{"id": 1, "id": 2}\n{}\n\n', 1, ["an empty object"]),  # repeated key, no key, blank line
        ("a.jsonl", b"\xef\xbb\xbf" + GOOD + b'{"id": 2}\r\n', 2, []),  # BOM, Windows line end
        ("a.jsonl", GOOD + b'{"id": 2}', 1, []),  # the last line is still being written
        ("a.jsonl.gz", gzip.compress(GOOD + b'{"id": 2}', mtime=0), 2, []),  # a closed file has a last line
        ("a.jsonl.gz", gzip.compress(GOOD * 500, mtime=0)[:-9], 0, ["cannot be unpacked"]),  # broken off
        ("a.jsonl.gz", GOOD, 0, ["cannot be unpacked"]),  # not gzip
        ("a.jsonl.zst", as_zstd(GOOD * 500)[:-5], 0, ["cannot be unpacked"]),  # broken off
        ("a.jsonl.zst", GOOD, 0, ["cannot be unpacked"]),  # not zstd
        ("a.csv", b"a,b\n1,2\n1\n1,2,3\n", 1, ["1 fields", "3 fields"]),  # field counts
        ("a.csv", b'a,b\n1,"x\ny"\n3,4\n', 2, []),  # a record over two lines
        ("a.csv", b'\xef\xbb\xbf"a\n1","b\r\n"\r\n1,"x\r\n""y"""\r\n', 1, []),  # a header over three lines
        ("a.csv", b'a,b\n1,"x\ny",2\n3,4\n', 1, ["a quote", "a quote"]),  # over two lines, a field too many
        ("a.csv", b'a,b\n1,"x\n3,4\n5,6\n7,y"z\n8,9\n', 3, ["a quote", "a quote"]),  # two stray quotes
        ("a.csv", b'a,b\n1,5" pipe\n3,4\n', 1, ["a quote"]),  # no field begins with it
        ("a.csv", b'a,b\n1,"x\n' + b"3,4\n" * 1000, 1000, ["a quote"]),  # never closed
        (
            "a.csv",
            b'a,b\n1,"x\n' + b"3," + b"4" * 70_000 + b"x\n" + b"3,4" * 400_000 + b"\n",
            1,
            ["a quote", "400001 fields"],
        ),
        ("a.csv", b'a,b\n1,"x\n\xff"\n3,4\n', 1, ["a quote", "not UTF-8"]),  # bad UTF-8 inside
        ("a.csv.gz", gzip.compress(b'a,b\n1,"x\n3,4\n5,6', mtime=0), 2, ["a quote"]),  # the end closes nothing
        ("a.csv", b'a,b\n1,"x"y"z"\n"1, 2",3\n', 1, ["not CSV"]),  # text behind a quote
        ("a.csv", b"a,b\n1,\xff\n1,\x00\n1,99999999999999999999\n", 0, ["not UTF-8", "NUL", "integer"]),  # bad cells
        ("a.csv", b"a,\xff\n1,2\n", 0, ["not UTF-8", "the file has no readable header"]),  # bad header
        ("a.csv", b"\xef\xbb\xbfa,a\n1,2\n", 1, []),  # BOM, repeated column
        ("a.csv", b"a,b\n", 0, []),  # nothing but a header
        ("a.parquet", b"", 0, []),  # empty: being created
        ("a.parquet", b"PAR1", 0, ["not readable as Parquet"]),  # broken off
        ("a.parquet", GOOD, 0, ["not readable as Parquet"]),  # something else
    ],
)
def test_bad_lines_are_turned_away_and_good_ones_kept(
    tmp_path: Path, name: str, data: bytes, stored: int, why: list[str]
) -> None:
    (tmp_path / name).write_bytes(data)
    cursors: dict[str, Cursor] = {}
    batches = pull(tmp_path, cursors)
    assert len(rows_of(batches)) == stored
    assert len(reasons(batches)) == len(why)
    assert all(reason.startswith(start) for reason, start in zip(reasons(batches), why, strict=True))
    assert sum(batch.read for batch in batches) == stored + len(why)
    assert pull(tmp_path, cursors) == []


def test_a_rejected_line_says_where_it_stood_and_is_kept_up_to_a_bound(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_bytes(GOOD + b"\n" + b"x" * 1000 + b"\n" + b"y" * 100_000 + b"\n")
    short, long = pull(tmp_path)[0].rejected
    assert (short.position, short.excerpt) == ("a.jsonl:line 3", "x" * 1000)
    assert long.excerpt == "y" * KEPT_CHARS


def test_files_that_are_all_gone_are_told_of_where_rows_should_go_on_coming(tmp_path: Path) -> None:
    cursors: dict[str, Cursor] = {"a.jsonl": {"offset": 9}}
    assert list(FilesSource("*.jsonl", tmp_path).pull(cursors)) == []
    with pytest.raises(SourceEmpty, match=r"no file matches '\*.jsonl' in .* any more"):
        list(FilesSource("*.jsonl", tmp_path, live=True).pull(cursors))


def test_lines_keep_their_numbers_over_restarts(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes(b"a,b\n1,2\n3,4\n5\n")
    batches = pull(tmp_path, batch_rows=2)
    (again,) = pull(tmp_path, {"a.csv": batches[0].cursor})
    assert again.rejected[0].position == batches[1].rejected[0].position == "a.csv:line 4"


def test_mixed_types_in_a_column_become_strings(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_bytes(b'{"v": 1}\n{"v": "a"}\n{"v": [1, null]}\n{"v": true}\n{"v": null}\n')
    assert [row["v"] for row in rows_of(pull(tmp_path))] == ["1", "a", "[1, null]", "true", None]


def test_csv_columns_get_the_type_all_their_values_share(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes(b"i,f,s,code,none\n1,1,1,007,\n2,2.5,x,1,\n,,,,\n")
    assert rows_of(pull(tmp_path)) == [
        {"i": 1, "f": 1.0, "s": "1", "code": "007", "none": None},
        {"i": 2, "f": 2.5, "s": "x", "code": "1", "none": None},
        {"i": None, "f": None, "s": None, "code": None, "none": None},
    ]


def test_a_broken_closed_file_is_read_once_it_is_whole(tmp_path: Path) -> None:
    for name in ("a.parquet", "a.jsonl.gz", "a.jsonl.zst"):
        cursors: dict[str, Cursor] = {}
        (tmp_path / name).write_bytes(FILES[name][:-6])
        assert len(reasons(pull(tmp_path, cursors))) == 1
        assert pull(tmp_path, cursors) == []
        (tmp_path / name).write_bytes(FILES[name])
        assert rows_of(pull(tmp_path, cursors)) == ROWS
        (tmp_path / name).unlink()


@pytest.mark.parametrize("name", ["a.csv.gz", "a.jsonl.zst"])
def test_a_packed_file_is_done_with_its_last_batch(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(FILES[name])
    assert [batch.cursor["done"] for batch in pull(tmp_path, batch_rows=5)] == [False, True]


def test_a_replaced_parquet_file_of_the_same_size_is_new(tmp_path: Path) -> None:
    cursors: dict[str, Cursor] = {}
    (tmp_path / "a.parquet").write_bytes(FILES["a.parquet"])
    pull(tmp_path, cursors)
    os.utime(tmp_path / "a.parquet", ns=(0, 0))
    assert rows_of(pull(tmp_path, cursors)) == ROWS


@pytest.mark.parametrize("seed", range(30))
def test_damaged_parquet_never_crashes_and_is_not_read_twice(tmp_path: Path, seed: int) -> None:
    rng = random.Random(seed)
    data = bytearray(as_parquet(ROWS * 50, row_group_size=100))
    if seed % 3 == 0:
        del data[rng.randrange(len(data)) :]
    for _ in range(rng.randrange(1, 20) if data else 0):
        data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
    (tmp_path / "a.parquet").write_bytes(data)
    cursors: dict[str, Cursor] = {}
    batches = pull(tmp_path, cursors, batch_rows=64)
    assert sum(batch.read for batch in batches) == len(rows_of(batches)) + len(reasons(batches))
    assert pull(tmp_path, cursors) == []


def test_only_files_inside_the_root_are_read(tmp_path: Path) -> None:
    root = tmp_path / "root"
    (root / "x.parquet").mkdir(parents=True)
    (root / "notes.txt").write_bytes(b"x")
    (root / "deep").mkdir()
    (root / "deep" / "a.jsonl").write_bytes(GOOD)
    (tmp_path / "secret.jsonl").write_bytes(GOOD)
    (root / "link.jsonl").symlink_to(tmp_path / "secret.jsonl")
    assert [batch.shard for batch in pull(root)] == ["deep/a.jsonl"]
    assert list(FilesSource(pattern="../*.jsonl", root=root, may_be_empty=True).pull({})) == []
    with pytest.raises(SourceError, match="not a pattern relative to"):
        list(FilesSource(pattern="/etc/*", root=root).pull({}))


@pytest.mark.parametrize(
    ("pattern", "why"),
    [
        # another ending, a folder that is not there, an empty folder
        ("logs/*.parquet", "no file matches 'logs/*.parquet' in {root}; there are: logs/a.csv, logs/deep/"),
        ("log/*.csv", "no file matches 'log/*.csv' in {root}; there are: logs/"),
        ("logs/deep/*", "no file matches 'logs/deep/*' in {root}; there is nothing"),
    ],
)
def test_a_pattern_that_never_matched_is_an_error_that_names_what_is_there(
    tmp_path: Path, pattern: str, why: str
) -> None:
    (tmp_path / "logs" / "deep").mkdir(parents=True)
    (tmp_path / "logs" / "a.csv").write_bytes(FILES["a.csv"])
    with pytest.raises(SourceError) as caught:
        list(FilesSource(pattern, tmp_path).pull({}))
    assert str(caught.value) == why.format(root=tmp_path)


def test_a_pattern_that_matches_no_more_and_labels_that_are_still_to_come_are_no_error(tmp_path: Path) -> None:
    assert list(FilesSource("*.csv", tmp_path).pull({"a.csv": {"offset": 1}})) == []
    assert list(FilesSource("*.csv", tmp_path, may_be_empty=True).pull({})) == []


def test_truth_values_are_the_same_categories_in_every_format(tmp_path: Path) -> None:
    table = pa.table({"b": [True, False, None, True]})
    (tmp_path / "a.csv").write_bytes(b"n,b\n1,True\n2,false\n3,\n4,TRUE\n")
    (tmp_path / "b.jsonl").write_bytes(b'{"b": true}\n{"b": false}\n{"b": null}\n{"b": true}\n')
    pq.write_table(table, tmp_path / "c.parquet")
    columns = [batch.rows["b"] for batch in pull(tmp_path)]
    assert [column.type for column in columns] == [pa.bool_()] * 3
    read = [categories(column) for column in columns]
    assert {tuple(one.texts) for one in read} == {("true", "false")}
    assert {tuple(one.positions) for one in read} == {(0, 1, 2, 0)}


def test_lines_that_bring_ever_new_names_are_turned_away_and_the_next_batch_begins_anew(tmp_path: Path) -> None:
    rows = [json.dumps({"id": i} | {f"n{i}_{j}": 1 for j in range(500)}) for i in range(6)]
    (tmp_path / "a.jsonl").write_text("".join(row + "\n" for row in rows))
    first, last = FilesSource("*.jsonl", tmp_path, batch_rows=5).pull({})
    assert (first.rows["id"].to_pylist(), [bad.position for bad in first.rejected]) == (
        [0, 1, 2],
        ["a.jsonl:line 4", "a.jsonl:line 5"],
    )
    assert last.rows["id"].to_pylist() == [5]


def test_a_header_of_too_many_columns_is_turned_away(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(",".join(["x"] * 200_000) + "\n")
    (batch,) = FilesSource("*.csv", tmp_path).pull({})
    assert [bad.reason for bad in batch.rejected] == ["200000 columns, at most 2000 are taken"]


def test_a_link_that_leads_out_of_the_folder_is_said_to_be_passed_over(tmp_path: Path) -> None:
    for name in ("here", "there"):
        (tmp_path / name).mkdir()
    (tmp_path / "there" / "a.csv").write_text("a,b\n1,2\n")
    (tmp_path / "here" / "logs").symlink_to(tmp_path / "there")
    said = "logs/a.csv leads out of that folder, to .*there/a.csv, and is passed over; name the files by that path"
    with pytest.raises(SourceError, match=said):
        list(FilesSource("logs/*.csv", tmp_path / "here").pull({}))
