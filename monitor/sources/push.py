"""Read what applications pushed: JSON, JSON Lines and Arrow streams, as the web keeps it."""

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial

import numpy as np
import pyarrow as pa

from monitor.admission import admit, admit_labels, too_many
from monitor.sources.arrowbody import parse_arrow
from monitor.sources.textlines import (
    MOST_CELLS,
    MOST_NAMES,
    Row,
    check_int,
    check_names,
    checked_row,
    parse_json,
    parse_line,
    rejected,
    to_table,
)
from monitor.types import Batch, Cursor, Rejected, Roles

SHARD = "push"
JSON = ("application/json", "")
JSON_LINES = ("application/x-ndjson", "application/ndjson", "application/jsonl", "application/x-jsonlines")
ARROW = ("application/vnd.apache.arrow.stream",)

_BODY_ROW = re.compile(r"body row (\d+) of the batch")

Parsed = tuple[pa.Table, tuple[Rejected, ...]]


@dataclass(frozen=True)
class PushSource:
    """The pushed bodies that `read` gives: those with an id above the one it is asked for, in the order of ids.

    Bodies whose columns agree come in one batch, up to `batch_rows` rows; one body is never cut. A sender that was
    not sure may send again, so rows repeat.
    """

    read: Callable[[int], Iterable[tuple[int, bytes, str]]]
    batch_rows: int = 65_536
    repeats: bool = True

    def pull(self, cursors: Mapping[str, Cursor]) -> Iterator[Batch]:
        """Yield the records of every body behind the cursor; what is no body at all is one rejected row."""
        held, schema, rows = list[Batch](), pa.schema([]), 0
        for number, body, content_type in self.read(cursors.get(SHARD, {}).get("id", 0)):
            batch = _batch_of(number, body, content_type)
            common = _common(schema, batch.rows.schema) if rows + batch.read <= self.batch_rows else None
            if held and common is None:
                yield _joined(held)
                held, rows = [], 0
            held.append(batch)
            schema, rows = common or batch.rows.schema, rows + batch.read
        if held:
            yield _joined(held)


def parse(body: bytes, content_type: str) -> Parsed:
    """Give the records of a body as a table, and those that cannot be taken, told by "record 3".

    JSON is {"records": [...]} or a list; JSON Lines has a record a line; Arrow is the stream format.
    What would take far more memory than it took to send is no body: see `parse_arrow`, and `MOST_CELLS`.
    Raises ValueError, with a sentence for the sender, when the body is none of them.
    """
    kind = content_type.partition(";")[0].strip().lower()
    if kind not in (*JSON, *JSON_LINES, *ARROW):
        raise ValueError(f"content type {kind!r:.80} is not taken; send {JSON[0]}, {JSON_LINES[0]} or {ARROW[0]}")
    if not body.strip():
        raise ValueError("the body is empty; send records")
    if kind in ARROW:
        return parse_arrow(body)
    return _parse_lines(body) if kind in JSON_LINES else _parse_json(body)


def admitted_records(sent: Parsed, roles: Roles, *, now: datetime) -> Batch:
    """Give what will become of the records of a body: those that are taken, and those that go to quarantine, by reason.

    Raises ValueError, with a sentence for the sender, when so many of them cannot be taken that a source would be
    stopped: more than 5 %, and more than 10 records.
    """
    return _admitted(*sent, partial(admit, roles=roles, now=now, stops=False))


def admitted_labels(sent: Parsed, roles: Roles) -> Batch:
    """Give what will become of the labels of a body, as `admitted_records` does of records.

    Raises ValueError likewise, and where no record has an id or a label.
    """
    rows, rejected = sent
    absent = [str(name) for name in (roles.id, roles.label) if name not in rows.column_names]
    if absent:
        raise ValueError(f"labels have no {absent[0]!r}, only {', '.join(rows.column_names) or 'nothing'}")
    left, lacking = _left(rows, rejected), dict[int, str]()
    for name in (roles.label, roles.id):
        empty = np.flatnonzero(rows[name].is_null(nan_is_null=True).to_numpy())
        lacking |= dict.fromkeys(empty.tolist(), f"{name!r} is missing")
    rejected += tuple(Rejected(left[row], why, "") for row, why in sorted(lacking.items()))
    rows = rows.take(pa.array([row for row in range(rows.num_rows) if row not in lacking], pa.int64()))
    return _admitted(rows, rejected, partial(admit_labels, roles=roles))


def _admitted(rows: pa.Table, rejected: tuple[Rejected, ...], admitted: Callable[[Batch], Batch]) -> Batch:
    batch, left = admitted(Batch("body", rows, {}, rejected)), _left(rows, rejected)
    named = tuple(replace(each, position=_place(each.position, left)) for each in batch.rejected)
    if too_many(len(named), batch.read):
        first = f"{named[0].position}: {named[0].reason}"
        raise ValueError(f"{len(named)} of {batch.read} records cannot be taken, for example {first}; none was taken")
    return replace(batch, rejected=named)


def _left(rows: pa.Table, rejected: Collection[Rejected]) -> list[str]:
    """Name the records that rows are, which are those that were not rejected."""
    lost = {each.position for each in rejected}
    return [place for n in range(1, rows.num_rows + len(rejected) + 1) if (place := f"record {n}") not in lost]


def _place(position: str, left: Sequence[str]) -> str:
    row = _BODY_ROW.fullmatch(position)
    return left[int(row[1]) - 1] if row else position


@dataclass(frozen=True)
class _Beyond:
    """A whole number of more than 64 bits."""

    digits: str


def _parse_json(body: bytes) -> Parsed:
    text = _text(body)
    beyond: list[_Beyond] = []

    def whole(digits: str) -> int | _Beyond:
        try:
            return check_int(digits)
        except ValueError:
            beyond.append(_Beyond(digits))
            return beyond[-1]

    value = parse_json(text, parse_int=whole)
    records = value.get("records") if isinstance(value, dict) else value
    if not isinstance(records, list):
        raise ValueError('the body has no records; send {"records": [...]} or a list of objects')  # noqa: TRY004
    rows, bad, names, escaped = list[Row](), list[Rejected](), set[str](), "\\u" in text
    for number, record in enumerate(records, start=1):
        try:
            if beyond:
                _check_ints(record)
            rows.append(check_names(checked_row(record, escaped=escaped), names))
        except ValueError as error:
            bad.append(rejected(f"record {number}", str(error), repr(record).encode(errors="replace")))
    return _table_of(rows, names), tuple(bad)


def _check_ints(record: object) -> None:
    waiting = [record]
    while waiting:
        value = waiting.pop()
        if isinstance(value, _Beyond):
            check_int(value.digits)
        waiting += value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()


def _parse_lines(body: bytes) -> Parsed:
    rows, bad, names = list[Row](), list[Rejected](), set[str]()
    lines = [line for line in body.removeprefix(b"\xef\xbb\xbf").split(b"\n") if line.strip()]
    for number, line in enumerate(lines, start=1):
        try:
            rows.append(check_names(parse_line(line, kind="jsonl", header=None), names))
        except ValueError as error:
            bad.append(rejected(f"record {number}", str(error), line))
    if bad and not rows:
        raise ValueError(f"no line holds a record; the first one is {bad[0].reason}")
    return _table_of(rows, names), tuple(bad)


def _table_of(rows: Sequence[Row], names: Collection[str]) -> pa.Table:
    # Each row has a cell for every name that any of them has, though it need not have sent them.
    if len(rows) * len(names) > MOST_CELLS:
        raise ValueError(f"{len(rows)} records with {len(names)} different names are too many; send fewer at a time")
    return to_table(rows, kind="jsonl", header=None)


def _text(body: bytes) -> str:
    if b"\0" in body:
        raise ValueError("the body holds a NUL byte; send JSON as UTF-8")
    try:
        return body.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ValueError(f"the body is not UTF-8 at byte {error.start}; send JSON as UTF-8") from error


def _batch_of(number: int, body: bytes, content_type: str) -> Batch:
    try:
        table, bad = parse(body, content_type)
    except ValueError as error:
        table, bad = pa.table({}), (rejected(f"push {number}", str(error), body),)
        return Batch(SHARD, table, {"id": number}, bad)
    named = tuple(replace(each, position=f"push {number}, {each.position}") for each in bad)
    return Batch(SHARD, table, {"id": number}, named)


def _common(one: pa.Schema, other: pa.Schema) -> pa.Schema | None:
    """Give the columns of both; None when a column's types do not go together, or there are too many."""
    try:
        common = pa.unify_schemas([one, other], promote_options="permissive")
    except (pa.ArrowException, ValueError):
        return None
    return common if len(common) <= MOST_NAMES else None


def _joined(batches: Sequence[Batch]) -> Batch:
    tables = [batch.rows for batch in batches if batch.rows.num_rows]
    rows = pa.concat_tables(tables, promote_options="permissive") if tables else pa.table({})
    bad = tuple(each for batch in batches for each in batch.rejected)
    return Batch(SHARD, rows, batches[-1].cursor, bad)
