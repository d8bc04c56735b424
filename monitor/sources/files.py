"""Pull rows from Parquet, CSV and JSON Lines files under one folder, each time only what is new."""

import gzip
import hashlib
import io
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from os.path import relpath
from pathlib import Path
from typing import IO, Any, cast

import pyarrow as pa
import pyarrow.parquet as pq

from monitor.errors import SourceEmpty, SourceError
from monitor.sources.textlines import (
    MOST_CELLS,
    Row,
    TextFormat,
    check_names,
    parse_header,
    parse_line,
    read_records,
    rejected,
    to_table,
    unique_names,
)
from monitor.types import REFUSED, Batch, Cursor, Rejected

_TEXT: Mapping[str, TextFormat] = {".csv": "csv", ".jsonl": "jsonl", ".ndjson": "jsonl"}
_PARQUET = (".parquet", ".pq")
_PACKED = (".gz", ".zst")
_BOM = b"\xef\xbb\xbf"
_MARK_BYTES = 1024
_NAMED = 5
_PARQUET_BUFFER = 256 * 1024
_UNREADABLE = (pa.ArrowException, OSError, ValueError, EOFError, MemoryError, OverflowError, zlib.error)


@dataclass(frozen=True)
class FilesSource:
    """The files under `root` that match the glob `pattern`; a shard is a path relative to `root`.

    Plain text files may grow: they are read to their last newline, and a file that shrank or whose read part
    changed is a new file. Parquet and packed (`.gz`, `.zst`) text files are closed: a changed size or modification
    time makes them new. A quoted CSV field may hold line ends; a record whose quote stays open waits for more of a
    growing file, at most 1,000 lines or 1 MB of it, and is then turned away alone. Text that a Parquet file keeps as
    a dictionary arrives as one.
    A batch of text has at most 2,000 different names; a row that would bring more is turned away.
    Directories, empty files, other endings and links that lead out of `root` are passed over.
    live: rows go on coming, so that it is told when nothing matches any more.
    """

    pattern: str
    root: Path
    batch_rows: int = 65_536
    repeats: bool = False
    may_be_empty: bool = False
    live: bool = False

    def pull(self, cursors: Mapping[str, Cursor]) -> Iterator[Batch]:
        """Yield what is new behind `cursors`, shard by shard in the order of their names.

        Raises SourceError when the pattern is no glob or a file may not be read, and, unless it `may_be_empty`, when
        no file matches and none ever did; where it is `live`, SourceEmpty when none does any more.
        """
        shards = self._shards()
        if not (shards or cursors or self.may_be_empty):
            raise SourceError(
                f"no file matches {self.pattern!r} in {self.root}; {_what_is_there(self.pattern, self.root)}"
            )
        if not shards and self.live:
            raise SourceEmpty(f"no file matches {self.pattern!r} in {self.root} any more")
        gone = cursors.keys() - {shard for shard, _ in shards}
        yield from (Batch(shard, pa.table({}), {}) for shard in sorted(gone) if REFUSED in cursors[shard])
        for shard, path in shards:
            try:
                yield from _pull_file(path, shard, cursors.get(shard, {}), batch_rows=self.batch_rows)
            except FileNotFoundError:
                continue
            except OSError as error:
                raise SourceError(f"{shard}: cannot be read: {error.strerror or error}") from error

    def _shards(self) -> list[tuple[str, Path]]:
        try:
            paths = [path for path in self.root.glob(self.pattern) if _is_inside(path, self.root)]
        except (NotImplementedError, ValueError) as error:
            raise SourceError(f"{self.pattern!r} is not a pattern relative to {self.root}: {error}") from error
        return sorted((path.relative_to(self.root).as_posix(), path) for path in paths)


def _is_inside(path: Path, root: Path) -> bool:
    return path.is_file() and path.resolve().is_relative_to(root.resolve()) and ".." not in path.parts


def _what_is_there(pattern: str, root: Path) -> str:
    """Say where a link leads that is passed over, or name a few files of the deepest folder of the pattern."""
    outside = next((path for path in root.glob(pattern) if path.is_file()), None)
    if outside is not None:
        link = f"{outside.relative_to(root).as_posix()} leads out of that folder, to {outside.resolve()}"
        return f"{link}, and is passed over; name the files by that path of their own"
    folder = root
    for part in Path(pattern).parts[:-1]:
        if not (folder / part).is_dir():
            break
        folder /= part
    if not folder.is_dir():
        return "there is no such folder"
    visible = sorted(path for path in folder.iterdir() if not path.name.startswith("."))
    names = [Path(relpath(path, root)).as_posix() + "/" * path.is_dir() for path in visible]
    more = ", …" if len(names) > _NAMED else ""
    return f"there are: {', '.join(names[:_NAMED])}{more}" if names else "there is nothing"


def _pull_file(path: Path, shard: str, cursor: Cursor, *, batch_rows: int) -> Iterator[Batch]:
    suffixes = [suffix.lower() for suffix in path.suffixes]
    packed = bool(suffixes) and suffixes[-1] in _PACKED
    ending = "".join(suffixes[-2:-1] if packed else suffixes[-1:])
    if path.stat().st_size == 0:
        return
    if ending in _PARQUET and not packed:
        yield from _pull_parquet(path, shard, cursor, batch_rows=batch_rows)
    elif ending in _TEXT and packed:
        yield from _pull_packed(path, shard, cursor, kind=_TEXT[ending], batch_rows=batch_rows)
    elif ending in _TEXT:
        yield from _pull_growing(path, shard, cursor, kind=_TEXT[ending], batch_rows=batch_rows)


def _pull_growing(path: Path, shard: str, cursor: Cursor, *, kind: TextFormat, batch_rows: int) -> Iterator[Batch]:
    with path.open("rb") as stream:
        start = cursor if _same_beginning(stream, cursor) else {}
        stream.seek(start.get("offset", 0))
        for batch in _text_batches(stream, shard, start, kind=kind, batch_rows=batch_rows, closed=False):
            mark = {"mark": _mark(path, batch.cursor["offset"])}
            yield Batch(shard, batch.rows, {**batch.cursor, **mark}, batch.rejected)


def _same_beginning(stream: IO[bytes], cursor: Cursor) -> bool:
    return "mark" in cursor and _hash_around(stream, cursor["offset"]) == cursor["mark"]


def _mark(path: Path, offset: int) -> str:
    with path.open("rb") as stream:
        return _hash_around(stream, offset)


def _hash_around(stream: IO[bytes], offset: int) -> str:
    """Hash the file's first bytes and the last before `offset`; both, as rotated CSV files share their header."""
    stream.seek(0)
    head = stream.read(min(offset, _MARK_BYTES))
    stream.seek(max(0, offset - _MARK_BYTES))
    return hashlib.sha256(head + stream.read(min(offset, _MARK_BYTES))).hexdigest()


def _text_batches(
    stream: IO[bytes], shard: str, cursor: Cursor, *, kind: TextFormat, batch_rows: int, closed: bool
) -> Iterator[Batch]:
    """Yield batches of at most `batch_rows` lines, with cursors of `offset`, `line` and, for CSV, `header`."""
    offset, number, header = cursor.get("offset", 0), cursor.get("line", 0), cursor.get("header")
    begun, rows, bad, names = offset, list[Row](), list[Rejected](), set[str]()

    def batch() -> Batch:
        seen = {"offset": offset, "line": number, "header": header}
        return Batch(shard, to_table(rows, kind=kind, header=header), seen, tuple(bad))

    def fits(record: bytes) -> bool:
        line = record.removeprefix(_BOM)
        try:
            _ = parse_header(line) if header is None else parse_line(line, kind=kind, header=header)
        except ValueError:
            return False
        return True

    for raw, length, lines in read_records(stream, kind=kind, closed=closed, fits=fits):
        line = raw.removeprefix(_BOM) if number == 0 else raw
        first, offset, number = number + 1, offset + length, number + lines
        try:
            if not line.strip():
                continue
            if kind == "csv" and header is None:
                header = []
                header = parse_header(line)
            else:
                rows.append(check_names(parse_line(line, kind=kind, header=header), names))
        except ValueError as error:
            bad.append(rejected(f"{shard}:line {first}", str(error), line))
        if len(rows) + len(bad) >= batch_rows or len(rows) * len(names) >= MOST_CELLS:
            yield batch()
            begun, rows, bad, names = offset, [], [], set()
    if offset > begun:
        yield batch()


def _pull_packed(path: Path, shard: str, cursor: Cursor, *, kind: TextFormat, batch_rows: int) -> Iterator[Batch]:
    version = _version(path)
    start = _resume(cursor, version)
    if start.get("done"):
        return
    # A packed file that breaks off is refused before its first row, so that its repaired copy brings each row once.
    if not start and (reason := _unpacking_error(path)):
        yield _refused(shard, version, f"{shard}:line 1", reason)
        return
    with _unpack(path) as stream:
        _skip(stream, start.get("offset", 0))
        batches = _text_batches(stream, shard, start, kind=kind, batch_rows=batch_rows, closed=True)
        batch = next(batches, None)
        while batch is not None:
            following = next(batches, None)
            cursor = {**batch.cursor, **version, "done": following is None}
            yield Batch(shard, batch.rows, cursor, batch.rejected)
            batch = following


def _version(path: Path) -> dict[str, Any]:
    stat = path.stat()
    return {"size": stat.st_size, "mtime_ns": stat.st_mtime_ns}


def _resume(cursor: Cursor, version: Mapping[str, Any]) -> Cursor:
    return cursor if all(cursor.get(key) == value for key, value in version.items()) else {}


def _unpack(path: Path) -> io.BufferedReader:
    raw = gzip.GzipFile(path) if path.suffix.lower() == ".gz" else pa.input_stream(str(path), compression="zstd")
    return io.BufferedReader(cast("Any", raw))


def _unpacking_error(path: Path) -> str:
    try:
        with _unpack(path) as stream:
            while stream.read(2**20):
                pass
    except (FileNotFoundError, PermissionError):
        raise
    except _UNREADABLE as error:
        return f"cannot be unpacked: {error}"
    return ""


def _skip(stream: IO[bytes], size: int) -> None:
    while size > 0 and (piece := stream.read(min(size, 2**20))):
        size -= len(piece)


def _refused(shard: str, version: Cursor, position: str, reason: str) -> Batch:
    row = Rejected(position=position, reason=reason[:500], excerpt="")
    return Batch(shard, pa.table({}), {**version, "done": True, REFUSED: row.reason}, (row,))


def _pull_parquet(path: Path, shard: str, cursor: Cursor, *, batch_rows: int) -> Iterator[Batch]:
    version = _version(path)
    start = _resume(cursor, version)
    if start.get("done"):
        return
    row = start.get("row", 0)
    tables = _parquet_tables(path, row, batch_rows=batch_rows)
    while True:
        try:
            table, behind = next(tables, (None, 0))
        except (FileNotFoundError, PermissionError):
            raise
        except _UNREADABLE as error:
            yield _refused(shard, version, f"{shard}:row {row}", f"not readable as Parquet from here on: {error}")
            return
        if table is None:
            return
        row += table.num_rows
        yield Batch(shard, table, {**version, "row": row} if behind else {**version, "done": True})


def _parquet_tables(path: Path, row: int, *, batch_rows: int) -> Iterator[tuple[pa.Table, int]]:
    """Yield the table's rows from `row` on, each time with how many are still behind them."""
    with pq.ParquetFile(path) as file:
        coded = _coded_texts(file)
    # Read ahead, Arrow would hold every row group until the last is read; without a buffer, the whole of one at a time.
    with pq.ParquetFile(path, read_dictionary=coded, pre_buffer=False, buffer_size=_PARQUET_BUFFER) as file:
        first, skip = _row_group_of(file.metadata, row)
        groups, behind = list(range(first, file.metadata.num_row_groups)), file.metadata.num_rows - row
        for piece in file.iter_batches(batch_size=batch_rows, row_groups=groups):
            table = pa.Table.from_batches([piece]).slice(skip)
            skip = max(0, skip - piece.num_rows)
            table.validate(full=True)
            behind -= table.num_rows
            if table.num_rows:
                yield table.rename_columns(unique_names(table.column_names)), behind


def _coded_texts(file: pq.ParquetFile) -> list[str]:
    """Name the text columns that the file keeps as dictionaries."""
    schema, metadata = file.schema_arrow, file.metadata
    texts = {name for name, kind in zip(schema.names, schema.types, strict=True) if kind == pa.string()}
    groups = [metadata.row_group(group) for group in range(metadata.num_row_groups)]
    pieces = [group.column(i) for group in groups for i in range(group.num_columns)]
    # Plain text takes four bytes a value for its length alone; what takes fewer can only be a dictionary's codes.
    plain = {piece.path_in_schema for piece in pieces if piece.total_uncompressed_size >= 4 * piece.num_values}
    return sorted(texts - plain)


def _row_group_of(metadata: pq.FileMetaData, row: int) -> tuple[int, int]:
    """Give the row group that holds `row`, and how many of its rows stand before it."""
    for group in range(metadata.num_row_groups):
        rows = metadata.row_group(group).num_rows
        if row < rows:
            return group, row
        row -= rows
    return metadata.num_row_groups, 0
