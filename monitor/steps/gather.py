"""Gather small batches, so that a thousand small files are not a thousand transactions."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import pyarrow as pa

from monitor.errors import SourceError
from monitor.types import Batch, Cursor, Rejected

MOST_ROWS, MOST_BATCHES = 65_536, 200
"""How many rows, of how many batches, are taken at once, unless one batch alone has more."""


@dataclass(frozen=True, eq=False)
class Gathered:
    """Batches that are stored together; those that have columns have the same ones, of the same types."""

    batches: Sequence[Batch]

    @cached_property
    def rows(self) -> pa.Table:
        """Give the rows of all batches, in the order in which they came."""
        tables = [batch.rows for batch in self.batches if batch.rows.num_columns]
        return (
            tables[0] if len(tables) == 1 else pa.concat_tables(tables).unify_dictionaries() if tables else pa.table({})
        )

    @property
    def rejected(self) -> list[Rejected]:
        """Give the rows that cannot be taken."""
        return [row for batch in self.batches for row in batch.rejected]

    @property
    def cursors(self) -> Mapping[str, Cursor]:
        """Give each shard's cursor, which stands behind the last batch that came from it."""
        return {batch.shard: batch.cursor for batch in self.batches}

    @property
    def read(self) -> int:
        """Count every row that was looked at."""
        return sum(batch.read for batch in self.batches)

    def place(self, row: int) -> str:
        """Say where one of the rows stood. Raises IndexError where there are fewer."""
        for batch in self.batches:
            if row < batch.rows.num_rows:
                return f"{batch.shard} row {row + 1} of the batch"
            row -= batch.rows.num_rows
        raise IndexError(row)


def gathered(batches: Iterable[Batch], *, admitted: Callable[[Batch], Batch]) -> Iterator[Gathered]:
    """Put together what comes one after the other with the same columns; each batch is admitted by itself.

    What was read before an error of the source, or before a batch that is not admitted, comes before the error.
    """
    held, rows = list[Batch](), 0
    try:
        for batch in map(admitted, batches):
            longer = _with(held, batch) if len(held) < MOST_BATCHES and rows + batch.read <= MOST_ROWS else None
            if held and longer is None:
                yield Gathered(held)
                rows = 0
            held = longer or [batch]
            rows += batch.read
    except SourceError:
        if held:
            yield Gathered(held)
        raise
    if held:
        yield Gathered(held)


def _with(held: list[Batch], batch: Batch) -> list[Batch] | None:
    """Give all batches, with the same types; None where columns differ. One without any value takes another's type."""
    # A whole number stays one even so: as a client's name, 12 is not 12.0.
    schema, new = _schema(held), batch.rows.schema
    if schema is None or not new.names or new.equals(schema):
        return [*held, batch]
    if sorted(new.names) != sorted(schema.names):
        return None
    try:
        common = pa.unify_schemas([schema, new])
    except (pa.ArrowInvalid, pa.ArrowTypeError):
        return None
    return [_as(one, common) for one in [*held, batch]]


def _schema(batches: Sequence[Batch]) -> pa.Schema | None:
    return next((batch.rows.schema for batch in reversed(batches) if batch.rows.num_columns), None)


def _as(batch: Batch, schema: pa.Schema) -> Batch:
    if not batch.rows.num_columns or batch.rows.schema.equals(schema):
        return batch
    return replace(batch, rows=batch.rows.select(schema.names).cast(schema))
