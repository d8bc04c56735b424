"""`monitor audit`: whether labelled rows look poisoned beside a model's reference."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pyarrow as pa

from monitor.commands.audit_report import object_of, tell, write_suspicious
from monitor.commands.audited import How, audited
from monitor.commands.opening import configured, reaching_database, watch_named, watching
from monitor.commands.printing import json_line
from monitor.commands.rows import reference_rows
from monitor.config.words import suggestion
from monitor.errors import ConfigError
from monitor.setup.sample import data_of, missing_files
from monitor.steps.reference import learned_rows
from monitor.types import Roles
from monitor.watch import Monitor, Watch
from monitor.wiring import source_of


def audit(path: Path, name: str, batch: str, *, how: How, out: Path | None, as_json: bool) -> int:
    """Tell the verdict and write the suspicious rows; 0 when clean, else 1.

    ConfigError where the batch cannot be compared: no file, no label, no label that the reference knows, or a feature
    of the reference that it lacks.
    """
    setup = configured(path)
    with watching(setup) as monitor, reaching_database(setup):
        watch = watch_named(monitor, name, place=setup.place)
        with _telling("reading the batch"):
            rows = _batch_rows(batch)
            _checked(rows, watch.roles, batch, how.contributor)
        with _telling("reading the reference"):
            reference = _reference_rows(monitor, watch)
    with _telling("laying the batch beside the reference"):
        found = audited(reference, rows, watch, batch, how)
    if out is not None:
        write_suspicious(found, out)
    if as_json:
        json_line(object_of(found, name, batch, watch.roles))
    else:
        tell(found, name, batch, watch.roles, out)
    return 0 if found.verdict.outcome == "clean" else 1


@contextmanager
def _telling(what: str) -> Iterator[None]:
    if not sys.stderr.isatty():
        yield
        return
    from rich.console import Console  # noqa: PLC0415  # only a terminal needs it

    with Console(stderr=True).status(what):
        yield


def _batch_rows(batch: str) -> pa.Table:
    here = Path.cwd()
    data = data_of(batch, here=here, root=here)
    missing = missing_files(data.files, root=here) if data.files else None
    if missing:
        raise ConfigError(batch, missing, "name a file or a glob")
    rows = reference_rows(source_of(data, root=here))
    if not rows.num_rows:
        raise ConfigError(batch, "holds no rows", "name a file with labelled rows")
    return rows


def _checked(rows: pa.Table, roles: Roles, batch: str, contributor: str | None) -> None:
    wanted = [name for name in (roles.label, contributor) if name is not None and name not in rows.column_names]
    if wanted:
        raise ConfigError(batch, f"no column {wanted[0]!r}", suggestion(wanted[0], rows.column_names))


def _reference_rows(monitor: Monitor, watch: Watch) -> pa.Table:
    if watch.reference is not None:
        return reference_rows(watch.reference)
    with monitor.database.read() as connection:
        kept = learned_rows(connection, watch)
    if kept is None:
        mend = "name a `reference` with labelled rows"
        raise ConfigError(f"models.{watch.name}.reference", "there is none to compare with", mend)
    return kept
