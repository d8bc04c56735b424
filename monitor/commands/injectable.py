"""Whether a change can be put into a model's history: from its configuration, a first look, and its reference."""

from collections.abc import Sequence

import pyarrow as pa

from monitor.commands.opening import Setup
from monitor.config import Model
from monitor.config.words import suggestion
from monitor.errors import ConfigError, SourceError
from monitor.injection.changes import Facts
from monitor.injection.words import Injection, read_injection
from monitor.profiles.arrow import kind_of, task_of
from monitor.profiles.profile import Profile
from monitor.types import ColumnKind
from monitor.wiring import source_of


def read_injections(texts: Sequence[str], setup: Setup, settings: Model) -> list[Injection]:
    """Read all changes, and refuse what can be seen to be impossible before history is read.

    Raises ConfigError for the first one that is. A column's kind and the model's task are looked up in the first batch
    of the reference, or else of the records; where that cannot be read, or says too little, `check` tells later.
    """
    first = _first(setup, settings)
    columns = list(first.column_names) if first else []
    injections = [read_injection(text, columns) for text in texts]
    for injection in injections:
        _roles(injection, settings)
        if first is not None:
            _known(injection, columns)
            _looked_at(injection, first, settings)
    return injections


def check(injection: Injection, reference: Profile, facts: Facts) -> None:
    """Refuse what a model's reference shows to be impossible; ConfigError."""
    place, layout = f"--inject {injection.text}", reference.layout
    _known(injection, sorted(layout.known | set(layout.by_name)))
    for name in injection.columns if injection.kind in ("shift", "scale") else ():
        column = layout.by_name.get(name)
        if column:
            _numeric(injection, name, column.kind)
        if injection.unit == "sd" and name not in facts.sd:
            raise ConfigError(place, f"{name!r} has no standard deviation in the reference", "write +3 or *1.2")
    if injection.kind == "label-flip" and len(facts.classes) < 2:
        raise ConfigError(place, "no classes of the label are known", "it needs columns.label, with classes")


def _first(setup: Setup, settings: Model) -> pa.Table | None:
    """Give the first batch of the reference, or of the records; None where it cannot be read, which replay will say."""
    data = settings.reference or settings.source
    if data.push:
        return None
    try:
        batches = source_of(data, root=setup.root).pull({})
        return next((batch.rows for batch in batches if batch.rows.num_rows), None)
    except SourceError:
        return None


def _roles(injection: Injection, settings: Model) -> None:
    place, roles = f"--inject {injection.text}", settings.columns
    if injection.kind == "label-flip" and roles.label is None:
        raise ConfigError(place, "no classes of the label are known", "it needs columns.label, with classes")
    if injection.kind == "evasion" and len(roles.scores) != 1:
        raise ConfigError(place, "the model has not one score", "evasion needs columns.scores with one column")


def _looked_at(injection: Injection, first: pa.Table, settings: Model) -> None:
    roles = settings.columns
    for name in injection.columns if injection.kind in ("shift", "scale") else ():
        _numeric(injection, name, roles.kinds.get(name) or kind_of(first[name]))
    if injection.kind == "label-flip" and task_of(first, roles) == "regression":
        problem = f"the label {roles.label!r} is a number that is predicted, and has no classes"
        mend = f"label-flip needs a label with classes; write shift:{roles.label}:1sd"
        raise ConfigError(f"--inject {injection.text}", problem, mend)


def _known(injection: Injection, columns: Sequence[str]) -> None:
    for name in injection.columns:
        if name not in columns:
            raise ConfigError(f"--inject {injection.text}", f"no column {name!r}", suggestion(name, columns))


def _numeric(injection: Injection, name: str, kind: ColumnKind) -> None:
    if kind != "numeric":
        place = f"--inject {injection.text}"
        raise ConfigError(place, f"{name!r} is {kind}", "shift and scale need numbers; try missing")
