"""Turn lines of CSV and JSON Lines into an Arrow table and the rows that had to be turned away."""

import csv
import json
import re
from collections import Counter, deque
from collections.abc import Callable, Iterator, Sequence
from typing import IO, Any, Literal

import pyarrow as pa

from monitor.types import KEPT_CHARS, Rejected

TextFormat = Literal["csv", "jsonl"]
Row = dict[str, Any]

MAX_LINE_BYTES = 16 * 2**20
MOST_NAMES = 2_000
"""How many different columns the rows of one batch may have."""
MOST_CELLS = 2**25
"""How many cells they may have: every row has one for each of the names."""
MAX_RECORD_LINES, MAX_RECORD_BYTES = 1000, 2**20
_INT = re.compile(r"-?(0|[1-9][0-9]*)")
# Nothing is given back once taken: a long text of digits that is no number would be tried at every length.
_FLOAT = re.compile(r"[+-]?([0-9]++(\.[0-9]*+)?|\.[0-9]++)([eE][+-]?[0-9]++)?|[+-]?inf|nan", re.IGNORECASE)
_TRUE = frozenset({"true", "True", "TRUE"})
_TRUTHS = _TRUE | {"false", "False", "FALSE"}
_PLAIN = {int: pa.int64(), bool: pa.bool_(), str: pa.string()}
_PADDED = re.compile(r"[+-]?0[0-9].*")
_HALF_PAIR = re.compile(r"[\ud800-\udfff]")


def read_lines(stream: IO[bytes], *, closed: bool) -> Iterator[tuple[bytes, int]]:
    """Yield each line, cut at `MAX_LINE_BYTES`, with its whole length in bytes.

    A last line without a newline is yielded only when the file is `closed`, for a writer may still be at it.
    """
    while line := stream.readline(MAX_LINE_BYTES):
        piece, length = line, len(line)
        while not piece.endswith(b"\n") and (piece := stream.readline(MAX_LINE_BYTES)):
            length += len(piece)
        if closed or piece.endswith(b"\n"):
            yield line, length


def read_records(
    stream: IO[bytes], *, kind: TextFormat, closed: bool, fits: Callable[[bytes], bool]
) -> Iterator[tuple[bytes, int, int]]:
    """Yield each record with its whole length in bytes and its number of lines; a CSV record may hold quoted line ends.

    Lines joined by an open quote are one record when the record `fits`. When it does not, or when the quote is not
    closed within `MAX_RECORD_LINES` and `MAX_RECORD_BYTES`, its first line comes alone, and the lines behind it as if
    it had not been. The end of a file that is not `closed` may still close the quote, so nothing comes until then.
    """
    lines, ahead, alone = read_lines(stream, closed=closed), deque[tuple[bytes, int]](), 0
    while (first := ahead.popleft() if ahead else next(lines, None)) is not None:
        if alone or kind != "csv" or not _leaves_quote_open(first[0]):
            alone = max(0, alone - 1)
            yield *first, 1
            continue
        record, ended = _joined(first, ahead, lines)
        left_open, whole = _odd(record), b"".join(line for line, _ in record)
        if left_open and ended and not closed:
            return
        if not left_open and fits(whole):
            yield whole, sum(length for _, length in record), len(record)
            continue
        ahead.extendleft(reversed(record[1:]))
        alone = 0 if left_open else len(record) - 1
        yield *first, 1


def _joined(
    first: tuple[bytes, int], ahead: deque[tuple[bytes, int]], lines: Iterator[tuple[bytes, int]]
) -> tuple[list[tuple[bytes, int]], bool]:
    """Give the lines up to the one that closes the quote, and whether the file ended before."""
    record, size, is_open = [first], first[1], True
    while is_open and len(record) < MAX_RECORD_LINES and size < MAX_RECORD_BYTES:
        line = ahead.popleft() if ahead else next(lines, None)
        if line is None:
            return record, True
        record.append(line)
        size += line[1]
        is_open = is_open != bool(line[0].count(b'"') % 2)
    return record, False


def _odd(record: Sequence[tuple[bytes, int]]) -> bool:
    return bool(sum(line.count(b'"') for line, _ in record) % 2)


def _leaves_quote_open(line: bytes) -> bool:
    if line.count(b'"') % 2 == 0:
        return False
    try:
        # Only inside a quoted field may a line end, and then a quote that closes it, follow.
        next(csv.reader([decode(line.removeprefix(b"\xef\xbb\xbf")) + '\n"'], strict=True), [])
    except (csv.Error, ValueError):
        return False
    return True


def parse_line(line: bytes, *, kind: TextFormat, header: Sequence[str] | None) -> Row:
    """Give the row of one line; ValueError with the reason when it holds none."""
    text = decode(line)
    return _csv_row(text, header or ()) if kind == "csv" else _json_row(text)


def parse_header(line: bytes) -> list[str]:
    """Give the column names of a CSV header; a repeated name gets `.1`, `.2`, ... behind it.

    ValueError for one whose names are not separated by commas, and for more than `MOST_NAMES`.
    """
    text = decode(line)
    names = _csv_fields(text)
    if len(names) == 1 and '"' not in text and (other := next((mark for mark in ";\t|" if mark in text), "")):
        raise ValueError(f"fields are separated by {other!r}; separate them by commas, with '.' in fractions")
    if len(names) > MOST_NAMES:
        raise ValueError(f"{len(names)} columns, at most {MOST_NAMES} are taken")
    return unique_names([name.strip() for name in names])


def unique_names(names: Sequence[str]) -> list[str]:
    """Put a number behind every repeated name.

    >>> unique_names(["a", "b", "a"])
    ['a', 'b', 'a.1']
    """
    given, taken, numbers = set(names), dict[str, None](), Counter[str]()
    for name in names:
        free = name
        while free in taken or (numbers[name] and free in given):
            numbers[name] += 1
            free = f"{name}.{numbers[name]}"
        taken[free] = None
    return list(taken)


def decode(line: bytes) -> str:
    """Give the text of a line without its end; ValueError for NUL, bad UTF-8 and lines cut at the limit."""
    if b"\0" in line:
        raise ValueError("NUL byte")
    if len(line) >= MAX_LINE_BYTES:
        raise ValueError(f"line longer than {MAX_LINE_BYTES} bytes")
    try:
        return line.decode("utf-8").rstrip("\r\n")
    except UnicodeDecodeError as error:
        raise ValueError(f"not UTF-8 at byte {error.start}; write UTF-8") from error


def rejected(position: str, reason: str, line: bytes) -> Rejected:
    """Describe a line that was turned away, with its first `KEPT_CHARS` characters."""
    excerpt = line[: 4 * KEPT_CHARS].decode("utf-8", errors="replace").rstrip("\r\n").replace("\0", "\ufffd")
    return Rejected(position=position, reason=reason, excerpt=excerpt[:KEPT_CHARS])


def to_table(rows: Sequence[Row], *, kind: TextFormat, header: Sequence[str] | None) -> pa.Table:
    """Make a table of rows, one column per name in the order first seen; an absent value is null."""
    names = list(header) if header else list(dict.fromkeys(name for row in rows for name in row))
    to_array = _csv_array if kind == "csv" else _json_array
    return pa.table([to_array([row.get(name) for row in rows]) for name in names], names=names)


def _csv_row(text: str, header: Sequence[str]) -> Row:
    if not header:
        raise ValueError("the file has no readable header")
    fields = _csv_fields(text)
    if len(fields) != len(header):
        raise ValueError(f"{len(fields)} fields, the header has {len(header)}")
    for field in fields:
        if _INT.fullmatch(field):
            check_int(field)
    return dict(zip(header, (field or None for field in fields), strict=True))


def _csv_fields(text: str) -> list[str]:
    # Either half of a record broken by a quoted newline would otherwise pass as a row with shifted values.
    if text.count('"') % 2:
        raise ValueError("a quote is left open")
    try:
        return next(csv.reader([text], strict=True), [])
    except csv.Error as error:
        raise ValueError(f"not CSV: {error}") from error


def _json_row(text: str) -> Row:
    return checked_row(parse_json(text, parse_int=check_int), escaped="\\u" in text)


def parse_json(text: str, *, parse_int: Callable[[str], Any]) -> object:
    """Give the JSON value of a text; ValueError with the reason when it holds none."""
    try:
        return json.loads(text, parse_int=parse_int)
    except json.JSONDecodeError as error:
        raise ValueError(f"not JSON: {error.msg} at character {error.pos}") from error
    except RecursionError as error:
        raise ValueError("nested too deep") from error


def checked_row(row: object, *, escaped: bool) -> Row:
    """Give a JSON value that can be stored as a row; ValueError with the reason when it cannot.

    escaped: the text it came from has escapes by number, which may hide what no text may hold.
    """
    if not isinstance(row, dict):
        raise ValueError("not a JSON object")  # noqa: TRY004 - every refusal of a row is a ValueError
    if not row:
        raise ValueError("an empty object")
    return _with_whole_strings(row) if escaped else row


def check_names(row: Row, names: set[str]) -> Row:
    """Give a row, and add its names to those of the batch; ValueError when there would be more than `MOST_NAMES`."""
    if not names.issuperset(row):
        if len(names | row.keys()) > MOST_NAMES:
            raise ValueError(f"it would bring the batch to more than {MOST_NAMES} different names; name columns alike")
        names.update(row)
    return row


def check_int(digits: str) -> int:
    """Give the number; ValueError when it needs more than 64 bits."""
    if len(digits) > 20 or not -(2**63) <= int(digits) < 2**63:
        raise ValueError("integer beyond 64 bits")
    return int(digits)


def _with_whole_strings(row: Row) -> Row:
    """Give a row with half surrogate pairs, which no text can hold, replaced; ValueError for a name with NUL."""
    if odd := next((name for name in row if "\0" in name), None):
        raise ValueError(f"column {odd!r:.80} has a NUL character in its name; leave it out")
    text = json.dumps(row, ensure_ascii=False)
    return json.loads(_HALF_PAIR.sub("\ufffd", text)) if _HALF_PAIR.search(text) else row


def _csv_array(values: Sequence[str | None]) -> pa.Array:
    present = [value for value in values if value is not None]
    if not present:
        return pa.nulls(len(values))
    if _TRUTHS.issuperset(present):
        return pa.array([None if value is None else value in _TRUE for value in values], pa.bool_())
    # Codes such as 007 are names, not numbers.
    if any(_PADDED.fullmatch(value) for value in present) or not all(_FLOAT.fullmatch(value) for value in present):
        return pa.array(values, pa.string())
    number = int if all(_INT.fullmatch(value) for value in present) else float
    return pa.array([None if value is None else number(value) for value in values])


def _json_array(values: Sequence[Any]) -> pa.Array:
    types = {type(value) for value in values if value is not None}
    if not types:
        return pa.nulls(len(values))
    if len(types) == 1 and (kind := _PLAIN.get(next(iter(types)))):
        return pa.array(values, kind)
    if types <= {int, float}:
        return pa.array([None if value is None else float(value) for value in values], pa.float64())
    return pa.array([_as_string(value) for value in values], pa.string())


def _as_string(value: object) -> str | None:
    return value if value is None or isinstance(value, str) else json.dumps(value, ensure_ascii=False)
