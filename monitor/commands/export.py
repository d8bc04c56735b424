"""`monitor export`: a model's records with their labels, its measurements, or hard examples, as one Parquet file."""

import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import Any, Literal

import pyarrow as pa
import pyarrow.parquet as pq
import typer
from sqlalchemy import BigInteger, Connection, Double, Integer
from sqlalchemy import Column as SqlColumn

from monitor.commands.hard_examples import hard_examples
from monitor.commands.opening import configured_to_look, reaching_database, watch_named, watching
from monitor.commands.rows import common_schema, fitted, stored_records
from monitor.errors import MonitorError
from monitor.store.measurements import read_measurements
from monitor.store.schema import UTCDateTime, measurement
from monitor.watch import Watch

_ROWS = 50_000


What = Literal["records", "measurements", "hard examples"]


def export(path: Path, name: str, out: Path, *, what: What) -> int:
    """Write the file whole or not at all; MonitorError when there is nothing to write or no place for it."""
    setup = configured_to_look(path)
    with watching(setup) as monitor, reaching_database(setup):
        watch = watch_named(monitor, name, place=setup.place)
        with monitor.database.read() as connection:
            schema, tables = _CONTENTS[what](connection, watch)
            rows = write_parquet(tables, schema, out)
    typer.echo(f"{out}: {rows} {what} of {name}")
    return 0


def write_parquet(tables: Iterable[pa.Table], schema: pa.Schema, out: Path) -> int:
    """Write tables of one schema into a file, which appears when it is whole, and give the number of rows."""
    if out.is_dir():
        raise MonitorError(f"{out} is a folder; name the file to write, such as {out / 'records.parquet'}")
    part, rows = out.with_name(f".{out.name}.{os.getpid()}"), 0
    try:
        with pq.ParquetWriter(part, schema, compression="zstd") as writer:
            for table in tables:
                writer.write_table(table)
                rows += table.num_rows
        part.replace(out)
    except OSError as error:
        raise MonitorError(f"{out} cannot be written: {error.strerror or error}") from error
    finally:
        part.unlink(missing_ok=True)
    return rows


def _recorded(connection: Connection, watch: Watch) -> tuple[pa.Schema, Iterator[pa.Table]]:
    # Read twice rather than held in memory: only the last segment tells how wide the columns are.
    schema = common_schema(table.schema for table in stored_records(connection, watch))
    if not schema.names:
        raise MonitorError(f"{watch.name}: no records are stored; `monitor once` pulls them")
    return schema, (fitted(table, schema) for table in stored_records(connection, watch))


def _measured(connection: Connection, watch: Watch) -> tuple[pa.Schema, Iterator[pa.Table]]:
    schema = pa.schema([(column.name, _arrow(column)) for column in measurement.columns])
    return schema, _chunked(read_measurements(connection, model=watch.name), schema)


_CONTENTS: Mapping[What, Callable[[Connection, Watch], tuple[pa.Schema, Iterator[pa.Table]]]] = {
    "records": _recorded,
    "measurements": _measured,
    "hard examples": hard_examples,
}


def _chunked(rows: Iterator[dict[str, Any]], schema: pa.Schema) -> Iterator[pa.Table]:
    while chunk := list(islice(rows, _ROWS)):
        yield pa.Table.from_pylist(chunk, schema=schema)


def _arrow(column: SqlColumn[Any]) -> pa.DataType:
    if isinstance(column.type, UTCDateTime):
        return pa.timestamp("us", "UTC")
    if isinstance(column.type, Double):
        return pa.float64()
    return pa.int64() if isinstance(column.type, BigInteger | Integer) else pa.string()
