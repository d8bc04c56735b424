"""What can be wrong with one column: times, ids, scores and classes."""

from collections.abc import Iterator, Sequence

import pyarrow as pa

from monitor.config.words import meant
from monitor.profiles.reading import stray_values
from monitor.setup.finding import Finding, Severity
from monitor.setup.look import distinct, is_nested, is_number, numbers_of, spelled, unread_times
from monitor.setup.misfits import some_of
from monitor.setup.sample import Sample

BOTH = 2
"""A score of one class is that of two."""


def times(at: str, sample: Sample, name: str) -> Iterator[Finding]:
    """Tell of a column of times that are missing, or cannot be read."""
    if name not in sample.rows.column_names:
        return
    column = sample.rows[name]
    if column.null_count:
        severity: Severity = "error" if column.null_count > 0.05 * len(column) else "warning"
        problem = f"{column.null_count} of {len(column)} values of {name!r} are missing"
        yield Finding(severity, at, problem, "a record without a time is set aside")
    yield from _unread(at, sample, name)


def _unread(at: str, sample: Sample, name: str) -> Iterator[Finding]:
    """Tell of the shard with most unreadable times."""
    shards: dict[str, list[pa.ChunkedArray]] = {}
    for shard, rows in sample.shards:
        if name in rows.column_names:
            shards.setdefault(shard, []).append(rows[name])
    counts = {shard: sum(int(unread_times(one).sum()) for one in columns) for shard, columns in shards.items()}
    worst = max(counts, key=counts.__getitem__, default="")
    if not counts.get(worst):
        return
    column = next(one for one in shards[worst] if unread_times(one).any())
    value = str(column.type) if is_nested(column) else column[int(unread_times(column).argmax())].as_py()
    rows = sum(map(len, shards[worst]))
    others = sum(map(bool, counts.values())) - 1
    more = f", and some in {others} more" if others else ""
    problem = f"{counts[worst]:,} of {rows:,} values of {name!r} in {worst} cannot be read as times{more}"
    mend = "write times as timestamps, ISO 8601 text or seconds since 1970, or name another column"
    severity: Severity = "error" if counts[worst] > 0.05 * rows else "warning"
    yield Finding(severity, at, f"{problem}, for example {str(value)[:40]!r}", mend)


def ids(at: str, column: pa.ChunkedArray, name: str) -> Iterator[Finding]:
    """Tell of a column of ids that are none, missing or repeated."""
    if is_nested(column):
        yield Finding("error", at, f"{name!r} is nested or binary", "name a column of text or whole numbers")
        return
    if column.null_count:
        problem = f"{column.null_count} of {len(column)} values of {name!r} are missing"
        yield Finding("error", at, problem, "every record needs an id, or none: leave the key out")
    repeated = len(column) - column.null_count - distinct(column)
    if repeated:
        severity: Severity = "error" if repeated > 0.01 * len(column) else "warning"
        problem = f"{repeated} of {len(column)} values of {name!r} come again"
        mend = "let each id stand for one record: labels are joined by it, and what files repeat is counted again"
        yield Finding(severity, at, problem, mend)


def scores(at: str, column: pa.ChunkedArray, name: str) -> Iterator[Finding]:
    """Tell of a column of scores that are no probabilities."""
    if stray_values(column):
        return
    if not is_number(column):
        held = column.type.value_type if pa.types.is_dictionary(column.type) else column.type
        yield Finding("error", at, f"{name!r} holds {held}, not numbers", "name the column of probabilities")
        return
    values = numbers_of(column)
    if values.size and (values.min() < 0 or values.max() > 1):
        problem = f"{name!r} goes from {values.min():g} to {values.max():g}, outside [0, 1]"
        yield Finding("error", at, problem, "log probabilities; for a regression name it as prediction")


def positive(at: str, column: pa.ChunkedArray, name: str, known: str) -> Iterator[Finding]:
    """Tell of a class that a single score is said to stand for, where one of two answers is nearly written so.

    Words of its own are as good as any: it is then read as that of the answer for which it is high.
    """
    held = sorted({value for value in spelled(column) if value is not None})
    mend = meant(known, held) if len(held) == BOTH and known not in held else ""
    if mend:
        yield Finding("error", at, f"{name!r} holds {some_of(held)}, and scores stands for {known!r}", mend)


def classes(at: str, column: pa.ChunkedArray, name: str, known: Sequence[str]) -> Iterator[Finding]:
    """Tell of values of a prediction or label that no score stands for."""
    others = sorted({value for value in spelled(column) if value is not None} - set(known))
    if others:
        problem = f"{name!r} holds {some_of(others)}, which scores has no class for"
        mend = f"the classes are {', '.join(known)}; write them as the column does, or explain it in columns.meanings"
        yield Finding("error", at, problem, mend)
