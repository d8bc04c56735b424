"""What the user's data look like: a bounded sample of a source, and what `DATA` on the command line means."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from os.path import relpath
from pathlib import Path

import pyarrow as pa
from pydantic import SecretStr

from monitor.alerts.phrasing import first_of
from monitor.config import Data
from monitor.errors import ConfigError
from monitor.profiles.tables import joined
from monitor.types import Batch, Source
from monitor.wiring import placed, source_of

ROWS = 20_000
_BATCHES = 50
_ENDINGS = (".parquet", ".pq", ".csv", ".jsonl", ".ndjson", ".csv.gz", ".jsonl.gz", ".csv.zst", ".jsonl.zst")


@dataclass(frozen=True, eq=False)
class Sample:
    """The first rows of a source; `refused` is the reason of the first row that could not be read.

    shards: the same rows as they came, with the shard each table is from.
    """

    rows: pa.Table
    refused: str = ""
    shards: tuple[tuple[str, pa.Table], ...] = ()


def sampled(source: Source, *, rows: int = ROWS) -> Sample:
    """Pull at least `rows` rows from the beginning, or all there are; SourceError when the source cannot be read."""
    shards, count, refused = list[tuple[str, pa.Table]](), 0, ""
    for batch in islice(_filled(source), _BATCHES):
        if batch.rows.num_rows:
            shards.append((batch.shard, batch.rows))
        count += batch.rows.num_rows
        if batch.rejected and not refused:
            refused = f"{batch.rejected[0].position}: {batch.rejected[0].reason}"
        if count >= rows:
            break
    return Sample(joined([table for _, table in shards]) if shards else pa.table({}), refused, tuple(shards))


def data_of(text: str, *, here: Path, root: Path) -> Data:
    """Give the source that the command line names: a file, a glob, a folder, or `URL#table` of a database.

    here: the folder that a relative path begins in. root: the folder of the configuration, which the pattern is
    written relative to.

    Raises ConfigError when the folder holds no file of a known kind, or the database's table is missing.
    """
    if "://" in text:
        url, _, table = text.rpartition("#")
        if not url or not table:
            raise ConfigError(
                text.partition("://")[0] + "://…", "no table", "write the table behind the address: URL#table"
            )
        return Data(sql=SecretStr(url), table=table)
    path = here / text
    if path.is_dir():
        path = path / f"*{_ending_in(path, text)}"
    within = path.resolve().is_relative_to(root.resolve()) or not Path(text).is_absolute()
    return Data(files=Path(relpath(path, root)).as_posix() if within else str(path))


def _ending_in(folder: Path, text: str) -> str:
    names = sorted(path.name for path in folder.iterdir() if path.is_file())
    for ending in _ENDINGS:
        if any(name.endswith(ending) for name in names):
            return ending
    raise ConfigError(text, f"no Parquet, CSV or JSON Lines file; {what_is_in(folder)}", "name a file or a glob")


def opened(data: Data, *, root: Path) -> Source:
    """Give the source of `data`, to be read in small batches."""
    return source_of(data, root=root, batch_rows=5_000)


def missing_files(pattern: str, *, root: Path) -> str | None:
    """Say why a pattern of files matches none, with what is there instead; None when it matches."""
    folder, rest = placed(pattern, root=root)
    if any(path.is_file() for path in folder.glob(rest)):
        return None
    while rest and not folder.is_dir():
        folder = folder.parent
    parts = Path(rest).parts[:-1]
    for part in parts:
        if not (folder / part).is_dir():
            break
        folder = folder / part
    return f"no file matches {pattern!r}; {what_is_in(folder)}"


def what_is_in(folder: Path) -> str:
    """Name a few of a folder's files."""
    names = sorted(path.name + "/" * path.is_dir() for path in folder.iterdir() if not path.name.startswith("."))
    return f"{folder} holds {first_of(names, 5) or 'nothing'}"


def _filled(source: Source) -> Iterator[Batch]:
    return (batch for batch in source.pull({}) if batch.read)
