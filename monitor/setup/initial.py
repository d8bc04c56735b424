"""A first configuration from a look at the data."""

import re
from collections.abc import Collection
from itertools import chain, count
from os.path import normpath, relpath
from pathlib import Path

import pyarrow as pa

from monitor.config import Data
from monitor.errors import ConfigError, MonitorError
from monitor.setup.delay import delay_of
from monitor.setup.guess import Guess, cursor_of_labels, guess, time_of_labels
from monitor.setup.sample import ROWS, data_of, missing_files, opened, sampled
from monitor.setup.template import Late, written

_GENERIC = ("logs", "log", "data", "records", "predictions", "events", "input", "inputs")
LABELS = 10 * ROWS
"""So many labels are looked at, of which few columns are known: by these it is told how late the last ones come."""
_LABELS = ("labels", "label", "targets", "outcomes")


def initial(
    data: str,
    *,
    reference: str | None = None,
    labels: str | None = None,
    here: Path,
    root: Path,
    model: str | None = None,
    taken: Collection[str] = (),
) -> str:
    """Look at `data`, a file, glob, folder or `URL#table`, and give a commented configuration for it as YAML.

    labels: where labels come by themselves; without it, a folder of that name beside the data's is looked into.
    here: the folder that relative paths begin in. root: the folder the configuration will stand in. model: the
    model's name; without it, it is taken from the data's, with a number behind it where it is `taken`.

    Raises ConfigError when there are no rows, and SourceError when they cannot be read.
    """
    source = data_of(data, here=here, root=root)
    compared = None if reference is None else data_of(reference, here=here, root=root)
    rows = _rows(source, data, root)
    known = None if compared is None or reference is None else _rows(compared, reference, root)
    found = guess(rows, reference=known)
    late = _labels(labels, source, rows, here=here, root=root)
    if late is not None:
        found = guess(rows, reference=known, labels=late[2])
    name = model or _free(_name(source, root), taken)
    return written(found, data=source, reference=compared, labels=late and _late(*late, rows, found), model=name)


def _late(data: Data, why: str, labels: pa.Table, records: pa.Table, found: Guess) -> Late:
    cursor, known = cursor_of_labels(labels, records, found.id), time_of_labels(labels, records)
    if found.id is None or found.timestamp is None:
        return Late(data, why, cursor)
    names = {"identity": found.id.column, "recorded": found.timestamp.column}
    return Late(data, why, cursor, *delay_of(records, labels, **names, known=known.column if known else None))


def _free(name: str, taken: Collection[str]) -> str:
    names = chain([name], (f"{name}-{number}" for number in count(2)))
    return next(one for one in names if one not in taken)


def _labels(
    asked: str | None, source: Data, records: pa.Table, *, here: Path, root: Path
) -> tuple[Data, str, pa.Table] | None:
    """Give where labels are, why they seem to be some, and a sample of them."""
    if asked is not None:
        data = data_of(asked, here=here, root=root)
        rows = _rows(data, asked, root, rows=LABELS)
        if guess(records, labels=rows).id is None:
            raise _strange(asked, rows, records)
        return data, "labels that come later, found by id", rows
    if source.files is None:
        return None
    within = (root / source.files).parent
    beside = [folder / name for folder in (within.parent, within) for name in _LABELS]
    for folder in (one for one in beside if one.is_dir() and one != within):
        try:
            data = data_of(str(folder.absolute()), here=here, root=root)
            data = Data(files=Path(relpath(folder / Path(str(data.files)).name, root)).as_posix())
            rows = _rows(data, str(folder), root, rows=LABELS)
        except MonitorError:
            continue
        if identity := guess(records, labels=rows).id:
            return data, f"a folder {folder.name} beside the records', whose files have {identity.column}", rows
    return None


def _strange(asked: str, labels: pa.Table, records: pa.Table) -> ConfigError:
    """Say that labels cannot find their records, and what would let them."""
    known = guess(records).id
    shared = [name for name in labels.column_names if name in records.column_names]
    problem = "no common id: " + (
        f"no column {known.column!r}, which is the records' id"
        if known
        else f"of the columns that the records have too ({', '.join(shared)}) none is different in every record"
        if shared
        else "no column that the records have too"
    )
    held = f"the records have {', '.join(records.column_names)}, the labels {', '.join(labels.column_names)}"
    mend = "labels find their record by a column of one name in both, different in every record: rename or add it"
    return ConfigError(asked, problem, f"{mend}; {held}")


def _rows(data: Data, text: str, root: Path, *, rows: int = ROWS) -> pa.Table:
    if data.files is not None and (problem := missing_files(data.files, root=root)):
        raise ConfigError(text, problem, "name a file, a glob or a folder")
    sample = sampled(opened(data, root=root), rows=rows)
    if not sample.rows.num_rows:
        mend = "name Parquet, CSV or JSON Lines" if data.files else "name a table that has some"
        raise ConfigError(data.files or str(data.table), sample.refused or "no rows", mend)
    return sample.rows


def _name(data: Data, root: Path) -> str:
    if data.files is None:
        return re.sub(r"[^A-Za-z0-9_-]+", "-", data.table or "").strip("-") or "model"
    path = Path(normpath(root.absolute() / data.files))
    names = [path.name.split(".")[0], *(folder.name for folder in path.parents)]
    # A folder of logs says nothing about the model; the one that holds it may.
    telling = (name for name in names if not set(name) & set("*?[") and name.lower() not in _GENERIC)
    return re.sub(r"[^A-Za-z0-9_-]+", "-", next(telling, "")).strip("-") or "model"
