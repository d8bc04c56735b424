"""Everything that can be wrong between a configuration and its data, found before anything runs."""

import re
from collections.abc import Generator, Iterator, Sequence
from dataclasses import replace
from itertools import chain
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from monitor.config import Config, Data, Model, threshold_parts
from monitor.config.words import suggestion
from monitor.errors import MonitorError
from monitor.profiles.arrow import layout_of
from monitor.profiles.groups import profile_table
from monitor.profiles.meanings import translated
from monitor.profiles.tables import as_listed
from monitor.setup import columns
from monitor.setup.brief import unnamed
from monitor.setup.delay import too_short
from monitor.setup.finding import Finding, Severity
from monitor.setup.look import (
    distinct,
    is_nested,
    is_number,
    sum_to_one,
)
from monitor.setup.meaningless import meaningless
from monitor.setup.misfits import (
    of_absent,
    of_amounts,
    of_answers,
    of_kinds,
    of_one_class,
    of_splits,
    of_strays,
    of_types,
    of_unreadable,
)
from monitor.setup.sample import Sample, missing_files, opened, sampled
from monitor.setup.small_windows import small_windows
from monitor.setup.unlinked import unlinked
from monitor.setup.unmeasured import unmeasured
from monitor.setup.unrouted import unrouted
from monitor.setup.untimed import untimed
from monitor.setup.untold import untold
from monitor.types import Roles, crossing

REFERENCE_ROWS = 100


def check(config: Config, *, root: Path, place: str = "monitor.yaml") -> list[Finding]:
    """Look at a bounded sample of every source and give all that is wrong; receivers are not tried.

    root: the configuration's folder. place: what the messages call the configuration.
    """
    found = chain.from_iterable(_model(f"{place}: models.{n}", m, root) for n, m in config.models.items())
    nobody = (Finding("warning", f"{place}: routes", *said) for said in unrouted(config.routes))
    return [*found, *nobody, *(Finding("warning", f"{place}: web.url", *said) for said in unlinked(config))]


def _model(at: str, model: Model, root: Path) -> Iterator[Finding]:
    sample = yield from _sample(f"{at}.source", model.source, root, severity="error")
    sample = sample and replace(sample, rows=translated(sample.rows, model.columns))
    records, reference, labels = sample and sample.rows, None, None
    if sample is not None:
        yield from _records(at, model, sample)
        yield from (Finding("warning", f"{at}.window", *said) for said in small_windows(model, sample.rows))
    if model.labels is not None:
        # Labels come later than records: that none is there yet is no mistake of the configuration.
        labels = yield from _rows(f"{at}.labels", model.labels, root, severity="warning")
        if labels is not None:
            labels = as_listed(labels, model.columns.label, model.labels.present)
            yield from _labels(at, model.columns, labels)
        if labels is not None and records is not None:
            late = too_short(model.columns, model.labels.max_delay, records, labels)
            yield from (Finding("warning", f"{at}.labels.max_delay", *said) for said in late)
    yield from _contributor(at, model, records, labels)
    if model.reference is not None:
        reference = yield from _rows(f"{at}.reference", model.reference, root, severity="error")
        if reference is not None:
            reference = translated(reference, model.columns)
            yield from _reference(at, model.columns, reference, records)
            absent = model.labels.absent if model.labels else None
            alike = of_one_class(model.columns, reference, labels if absent is None else None)
            unlike = of_absent(model.columns, absent, reference, labels)
            yield from (Finding("error", f"{at}.labels.absent", *said) for said in unlike)
            yield from (Finding("warning", f"{at}.columns.label", *said) for said in alike)
            yield from (Finding("warning", f"{at}.reference", *said) for said in untimed(model, reference, records))
            yield from _idle(at, model, reference)
    if (learned := unnamed(model)) is not None:
        yield Finding("warning", f"{at}.reference", *learned)
    if model.probes is not None and not (root / model.probes.inputs).is_file():
        problem = f"no file {model.probes.inputs!r}"
        yield Finding("error", f"{at}.probes.inputs", problem, "write one JSON value a line into it, as it is posted")
    passed_over = meaningless(model.columns, reference, records)
    yield from (Finding("warning", f"{at}.columns.ignore", *said) for said in passed_over)
    if records is not None:
        yield from _passed_over(f"{at}.columns", model.columns, records, reference)
        yield from _unwatched(f"{at}.attacks", model, records)


def _idle(at: str, model: Model, reference: pa.Table) -> Iterator[Finding]:
    if reference.num_rows and not any(
        True for _ in _absent(at, _needed(model.columns, timestamp=False, label=False), reference, "")
    ):
        yield from (Finding("warning", f"{at}.thresholds", *said) for said in unmeasured(model, reference))
        if model.columns.sensitive:
            profile = profile_table(reference, layout_of(reference, model.columns), reference=True)
            yield from (Finding("warning", f"{at}.columns.sensitive", *said) for said in untold(model, profile))


def _passed_over(at: str, roles: Roles, records: pa.Table, reference: pa.Table | None) -> Iterator[Finding]:
    """Look for columns without a role that are named nonetheless: the source or the reference may have them."""
    known = {name for table in (records, reference) if table is not None for name in table.column_names}
    named = {"ignore": roles.ignore, "kinds": roles.kinds, "others": roles.others}
    for key, name in ((key, name) for key, names in named.items() for name in names):
        if name not in known:
            mend = suggestion(name, records.column_names)
            yield Finding("error", f"{at}.{key}", f"no column {name!r} in the source", mend)


def _unwatched(at: str, model: Model, records: pa.Table) -> Iterator[Finding]:
    """Look at what the section of attacks names: columns to ignore, and segments that hold rows alike by nature."""
    for name in model.attacks.ignore:
        if name not in records.column_names:
            mend = suggestion(name, records.column_names)
            yield Finding("error", f"{at}.ignore", f"no column {name!r} in the source", mend)
    declared = {"similar_rows": model.attacks.similar_rows, "known_rows": model.attacks.known_rows}
    for key, name in ((key, name) for key, names in declared.items() for name in names):
        column = name.partition("=")[0]
        if "=" not in name and model.columns.client is None:
            mend = "name that column, or a segment such as device=sensor here"
            yield Finding("error", f"{at}.{key}", f"{name!r} is a client, and no column holds clients", mend)
        elif "=" in name and column not in records.column_names:
            # a client may be named so
            severity: Severity = "error" if model.columns.client is None else "warning"
            mend = suggestion(column, records.column_names)
            yield Finding(severity, f"{at}.{key}", f"no column {column!r} in the source", mend)


def _rows(at: str, data: Data, root: Path, *, severity: Severity) -> Generator[Finding, None, pa.Table | None]:
    sample = yield from _sample(at, data, root, severity=severity)
    return sample and sample.rows


def _sample(at: str, data: Data, root: Path, *, severity: Severity) -> Generator[Finding, None, Sample | None]:
    """Yield why there are no rows, or return some."""
    if data.push:
        return None
    if data.files is not None and (problem := _unmatched(data.files, root)):
        yield Finding(severity, f"{at}.files", problem, "relative patterns begin in the configuration's folder")
        return None
    try:
        sample = sampled(opened(data, root=root))
    except MonitorError as error:
        yield Finding("error", at, str(error))
        return None
    if not sample.rows.num_rows:
        problem = f"no row can be read: {sample.refused}" if sample.refused else "no rows"
        mend = "is it Parquet, CSV with a header, or JSON Lines?" if data.files else "is it the right table?"
        yield Finding("error" if sample.refused else severity, at, problem, mend)
        return None
    return sample


def _unmatched(pattern: str, root: Path) -> str | None:
    try:
        return missing_files(pattern, root=root)
    except (OSError, ValueError, NotImplementedError) as error:
        return f"{pattern!r} is no pattern of files: {error}"


def _records(at: str, model: Model, sample: Sample) -> Iterator[Finding]:
    rows, roles, at_columns = sample.rows, model.columns, f"{at}.columns"
    later = model.labels is not None
    needed = _needed(roles, timestamp=True, label=False)
    yield from _absent(at_columns, needed, rows, "the source")
    if roles.label is not None and roles.label not in rows.column_names and not later:
        problem = f"no column {roles.label!r} in the source, and no source of labels"
        mend = "name the column or the labels' source; until then performance can only be estimated"
        yield Finding("warning", f"{at_columns}.label", problem, mend)
    yield from columns.times(f"{at_columns}.timestamp", sample, roles.timestamp)
    if roles.id is not None and roles.id in rows.column_names:
        yield from columns.ids(f"{at_columns}.id", rows[roles.id], roles.id)
    yield from _outputs(at_columns, roles, rows)
    yield from (Finding("error", f"{at_columns}.{key}", *said) for key, *said in of_kinds(roles, rows))
    yield from (Finding("warning", f"{at_columns}.{key}", *said) for key, *said in of_splits(roles, rows))
    for name in sorted({threshold_parts(key)[1] for key in model.thresholds} - {""}):
        known = (*rows.column_names, roles.label, *map(crossing, roles.intersections))
        if name not in known and not re.fullmatch(r"\w+\(.*\)|confidence|margin|entropy", name):
            problem = f"no column {name!r} in the source"
            yield Finding("error", f"{at}.thresholds", problem, suggestion(name, rows.column_names))


def _needed(roles: Roles, *, timestamp: bool, label: bool) -> list[tuple[str, str]]:
    """Give (key, column) of every column that must be there."""
    keys = (
        (["timestamp", "id", "client", "version"] if timestamp else []) + ["prediction"] + (["label"] if label else [])
    )
    one = [(key, getattr(roles, key)) for key in keys if getattr(roles, key) is not None]
    many = [(key, name) for key in ("scores", "segments", "sensitive", "population") for name in getattr(roles, key)]
    return one + many


def _absent(at: str, needed: Sequence[tuple[str, str]], rows: pa.Table, where: str) -> Iterator[Finding]:
    for key, name in needed:
        if name not in rows.column_names:
            mend = suggestion(name, rows.column_names)
            yield Finding("error", f"{at}.{key}", f"no column {name!r} in {where}", mend)


def _outputs(at: str, roles: Roles, rows: pa.Table) -> Iterator[Finding]:
    if roles.prediction is None and not roles.scores:
        beside = f"a label, {roles.label!r}, and no answer of the model to lay beside it"
        problem = beside if roles.label else "no answer of the model is named, so that only its inputs are watched"
        yield Finding("warning", f"{at}.prediction", problem, "name the prediction or the scores; else no performance")
    scores = [name for name in roles.scores if name in rows.column_names]
    for name in scores:
        yield from columns.scores(f"{at}.scores", rows[name], name)
    if len(scores) > 1 and len(scores) == len(roles.scores) and all(is_number(rows[name]) for name in scores):
        whole = rows.select(scores).drop_null()
        if whole.num_rows and not sum_to_one([whole[name] for name in scores]):
            problem = f"the scores {', '.join(scores)} do not sum to 1"
            yield Finding("warning", f"{at}.scores", problem, "is a class missing?")
    if roles.prediction in rows.column_names and rows.num_rows > 1 and distinct(rows[roles.prediction]) < 2:
        mend = "is it the right column? Nothing can be said of what never changes"
        yield Finding("warning", f"{at}.prediction", f"{roles.prediction!r} has one value only", mend)
    for key, column in (("prediction", roles.prediction), ("label", roles.label)):
        if len(roles.classes) > 1 and column in rows.column_names and not is_nested(rows[column]):
            yield from columns.classes(f"{at}.{key}", rows[column], str(column), roles.classes)
    answers = [name for name in (roles.prediction, roles.label) if name and name in rows.column_names]
    if len(roles.classes) == 1 and answers and not is_nested(rows[answers[0]]):
        yield from columns.positive(f"{at}.scores", rows[answers[0]], answers[0], roles.classes[0])


def _labels(at: str, roles: Roles, rows: pa.Table) -> Iterator[Finding]:
    needed = [(key, name) for key, name in (("id", roles.id), ("label", roles.label)) if name is not None]
    for finding in _absent(f"{at}.columns", needed, rows, "the labels"):
        by = "labels find their record by it, so name the id there as the records do; "
        yield replace(finding, mend=by + finding.mend) if finding.place.endswith(".id") else finding
    if len(roles.classes) > 1 and roles.label in rows.column_names and not is_nested(rows[roles.label]):
        yield from columns.classes(f"{at}.columns.label", rows[roles.label], str(roles.label), roles.classes)


def _contributor(at: str, model: Model, records: pa.Table | None, labels: pa.Table | None) -> Iterator[Finding]:
    """Look for who gives labels, in the records and where labels come from; nothing before there are any."""
    name, tables = model.columns.contributor, (records, labels)
    names = [one for table in tables if table is not None for one in table.column_names]
    looked = records is not None and (labels is not None or model.labels is None)
    if name is not None and looked and name not in names:
        problem = f"no column {name!r} in the source, nor where labels come from"
        yield Finding("error", f"{at}.columns.contributor", problem, suggestion(name, names))


def _reference(at: str, roles: Roles, rows: pa.Table, records: pa.Table | None) -> Iterator[Finding]:
    at_reference = f"{at}.reference"
    if rows.num_rows < REFERENCE_ROWS:
        problem = f"only {rows.num_rows} rows"
        yield Finding("error", at_reference, problem, f"at least {REFERENCE_ROWS} are needed, thousands are better")
    yield from _absent(f"{at}.columns", _needed(roles, timestamp=False, label=False), rows, "the reference")
    if roles.label is None or roles.label not in rows.column_names:
        problem = "no labels" if roles.label is None else f"no column {roles.label!r}, so no labels"
        yield Finding("warning", at_reference, problem, "with labels, performance can be compared and estimated")
    elif not pc.count(rows[roles.label]).as_py():
        yield Finding(
            "warning", at_reference, f"every {roles.label!r} is missing", "with labels, performance can be compared"
        )
    yield from (Finding("warning", f"{at}.columns.{key}", *said) for key, *said in of_answers(roles, rows))
    yield from (Finding("warning", f"{at}.columns.label", *said) for said in of_amounts(roles, rows))
    strange = (*of_strays(roles, rows), *of_unreadable(roles, rows))
    yield from (Finding("warning", at_reference, *said) for said in strange)
    if records is None:
        return
    played = {*(name for _, name in _needed(roles, timestamp=True, label=True)), *roles.aside, *roles.kinds}
    for name in (one for one in records.column_names if one not in played and one not in rows.column_names):
        mend = "it is not compared; add it to the reference, or to columns.ignore"
        yield Finding("warning", at_reference, f"no column {name!r}, which the source has", mend)
    yield from (Finding("warning", at_reference, *said) for said in of_types(roles, rows, records))
