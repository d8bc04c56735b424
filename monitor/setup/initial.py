"""A first configuration from a look at the data."""

import re
from pathlib import Path

import pyarrow as pa

from monitor.config import Data
from monitor.errors import ConfigError
from monitor.setup.guess import guess
from monitor.setup.sample import data_of, missing_files, opened, sampled
from monitor.setup.template import written


def initial(data: str, *, reference: str | None = None, here: Path, root: Path, model: str | None = None) -> str:
    """Look at `data`, a file, glob, folder or `URL#table`, and give a commented configuration for it as YAML.

    here: the folder that relative paths begin in. root: the folder the configuration will stand in. model: the
    model's name; without it, it is taken from the data's.

    Raises ConfigError when there are no rows, and SourceError when they cannot be read.
    """
    source = data_of(data, here=here, root=root)
    compared = None if reference is None else data_of(reference, here=here, root=root)
    rows = _rows(source, data, root)
    known = None if compared is None or reference is None else _rows(compared, reference, root)
    return written(guess(rows, reference=known), data=source, reference=compared, model=model or _name(source))


def _rows(data: Data, text: str, root: Path) -> pa.Table:
    if data.files is not None and (problem := missing_files(data.files, root=root)):
        raise ConfigError(text, problem, "name a file, a glob or a folder")
    sample = sampled(opened(data, root=root))
    if not sample.rows.num_rows:
        raise ConfigError(data.files or str(data.table), sample.refused or "no rows", "name Parquet, CSV or JSON Lines")
    return sample.rows


def _name(data: Data) -> str:
    if data.files is None:
        return re.sub(r"[^A-Za-z0-9_-]+", "-", data.table or "").strip("-") or "model"
    path = Path(data.files)
    wild = set(path.name) & set("*?[")
    name = path.parent.name if wild else path.name.split(".")[0]
    return re.sub(r"[^A-Za-z0-9_-]+", "-", name).strip("-") or "model"
