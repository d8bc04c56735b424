"""Mistakes that lie between the keys of one model's section, looked for as `crossed` says."""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import Any

from monitor.config.addresses import is_private, is_web
from monitor.config.model import KINDS, Labels, Model
from monitor.config.thresholds import threshold_parts
from monitor.config.values import parse_duration
from monitor.config.words import Mistake, Path, Tree, listed, mapping, meant, shown, suggestion, value_at
from monitor.schedule import LEARNED_WINDOWS, Period, parse_period

_HEADER = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*")
_NAME = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]*")
_SOURCE_KINDS = ("files", "sql", "push")
_OF_SQL = ("table", "cursor", "lookback")
_DAY, _WEEK = timedelta(days=1), timedelta(weeks=1)
_ONE = ("timestamp", "id", "client", "version", "prediction", "label")
_SPLITS = ("segments", "sensitive")
_UP_TO_1 = ("share", "score", "squared share", "0 or 1")
MAX_SEGMENTS = 10
OFF_BY = 0.011
"""Shares that are written with two digits need not sum to 1 more nearly than that."""


def crossed_model(path: Path, model: Tree, raw: object) -> Iterator[Mistake]:
    """Yield the mistakes between the keys of one model; `raw` is the whole tree as written."""
    name = path[-1]
    if isinstance(name, str) and not _NAME.fullmatch(name):
        problem = f"{name!r} cannot be part of an address or a file's name"
        yield path, problem, "use letters, digits, '.', '_' and '-', and no '.' first"
    for key in ("source", "labels", "reference"):
        data = model.get(key)
        if isinstance(data, dict) and not set(data) - set(Labels.model_fields):
            yield from _data((*path, key), data)
    columns = mapping(model.get("columns"))
    yield from _roles((*path, "columns"), columns)
    yield from _labels(path, model, columns)
    yield from _probes((*path, "probes"), mapping(model.get("probes")))
    yield from _times(path, model, raw)
    yield from _thresholds((*path, "thresholds"), mapping(model.get("thresholds")))
    for kind in mapping(model.get("severity")):
        if isinstance(kind, str) and kind not in KINDS:
            yield (*path, "severity"), f"no kind of alert {kind!r}", suggestion(kind, KINDS)


def _data(path: Path, data: Tree) -> Iterator[Mistake]:
    data = {key: value for key, value in data.items() if value is not None and (key, value) != ("push", False)}
    kinds = [kind for kind in _SOURCE_KINDS if kind in data]
    of_sql = [key for key in _OF_SQL if key in data]
    if len(kinds) != 1:
        pushed = ", push" if path[-1] != "reference" else ""
        problem = "both " + " and ".join(kinds) if kinds else f"neither files nor sql{pushed and ' nor push'}"
        yield path, problem, "write exactly one of them"
    elif kinds != ["sql"]:
        yield from ((path, f"{key!r} beside {kinds[0]}", "it belongs to sql") for key in of_sql)
    else:
        needed = ("table",) if path[-1] == "reference" else ("table", "cursor")
        yield from ((path, f"missing key {key!r}", "sql needs it") for key in needed if key not in data)
        if isinstance(data["sql"], str) and "://" not in data["sql"]:
            yield (*path, "sql"), "no address of a database", "write for example postgresql://host/name"
        yield from _cursor(path, listed(data.get("cursor")), _duration(data.get("lookback")))
    if kinds == ["push"] and path[-1] == "reference":
        yield path, "a reference cannot be pushed, only records and labels can", "write files or sql"


def _cursor(path: Path, cursor: list[Any], lookback: timedelta | None) -> Iterator[Mistake]:
    if len(cursor) > 2 or len(set(map(str, cursor))) < len(cursor):
        yield (*path, "cursor"), f"{len(cursor)} columns", "name a time and an id, or one column that only grows"
    elif len(cursor) == 1 and lookback:
        yield (*path, "lookback"), "there is no time to look back from", "name a time before the id in cursor"


def _roles(path: Path, columns: Tree) -> Iterator[Mistake]:
    said = [(str(columns[role]), role) for role in _ONE if isinstance(columns.get(role), str)]
    scores = columns.get("scores")
    by_class = mapping(scores) if not isinstance(scores, str) else {scores: scores}
    said += [(column, "scores") for column in by_class.values() if isinstance(column, str)]
    splits = {
        role: [c for c in listed(columns.get(role)) if isinstance(c, str)] for role in (*_SPLITS, "ignore", "others")
    }
    taken: dict[str, str] = {}
    for column, role in said:
        if column in taken:
            yield path, _twice(column, taken[column], role), "a column has one role; give each its own"
        taken.setdefault(column, role)
    for role, names in splits.items():
        for column, times in Counter(names).items():
            # Clients and versions may be segments too; what is ignored plays no part at all.
            other = taken.get(column)
            if other and not (role in _SPLITS and other in ("client", "version")):
                yield path, _twice(column, other, role), "a column has one role; take it out of one of them"
            if times > 1:
                yield (*path, role), f"{column!r} stands there twice", "write it once"
    for column in sorted(set(splits["ignore"]) & {*splits["segments"], *splits["sensitive"]}):
        role = "segments" if column in splits["segments"] else "sensitive"
        yield path, _twice(column, role, "ignore"), "a column has one role; take it out of one of them"
    yield from _intersections((*path, "intersections"), columns, splits["sensitive"])
    yield from _population((*path, "population"), mapping(columns.get("population")))
    if "" in by_class:
        yield (*path, "scores"), "a class without a name", "name the class that the score is of"
    if len(splits["segments"]) > MAX_SEGMENTS:
        problem = f"{len(splits['segments'])} columns"
        yield (*path, "segments"), problem, f"keep at most {MAX_SEGMENTS}: each multiplies the tests"


def _intersections(path: Path, columns: Tree, sensitive: Sequence[str]) -> Iterator[Mistake]:
    for named in listed(columns.get("intersections")):
        together = [one for one in listed(named) if isinstance(one, str)]
        if not isinstance(named, list) or len({*together}) < 2 or len({*together}) < len(together):
            yield path, f"{named!r} names no two columns", "write lists of two columns or more: [[sex, region]]"
        for column in together:
            if column not in sensitive:
                yield path, f"{column!r} is not among the sensitive columns", "name it in sensitive, too"


def _population(path: Path, population: Tree) -> Iterator[Mistake]:
    for column, stated in population.items():
        shares = [share for share in mapping(stated).values() if isinstance(share, int | float)]
        if len(mapping(stated)) < 2:
            yield (
                (*path, str(column)),
                "shares of fewer than two values",
                "write one a value",
            )
        elif len(shares) == len(mapping(stated)) and abs(sum(shares) - 1) > OFF_BY:
            yield (*path, str(column)), f"the shares sum to {sum(shares):g}", "write shares that sum to 1"


def _twice(column: str, one: str, other: str) -> str:
    return f"{column!r} is both {one} and {other}" if one != other else f"{column!r} stands twice in {one}"


def _labels(path: Path, model: Tree, columns: Tree) -> Iterator[Mistake]:
    if not isinstance(model.get("labels"), dict) or not isinstance(model.get("columns"), dict):
        return
    if columns.get("id") is None:
        mend = "name the column by which a label finds its record"
        yield (*path, "columns"), "labels from a source of their own, but no 'id'", mend
    if columns.get("label") is None:
        yield (*path, "columns"), "a source of labels, but no 'label'", "name the column that holds the label"
    if model["labels"].get("absent") is not None and model["labels"].get("max_delay") is None:
        mend = "write after how long a record that has no label will get none, such as max_delay: 45d"
        yield (*path, "labels", "absent"), "without max_delay no label is ever known to be absent", mend


def _probes(path: Path, probes: Tree) -> Iterator[Mistake]:
    url = probes.get("url")
    if isinstance(url, str) and not is_web(url):
        yield (*path, "url"), "no web address", "write one that begins with https://"
    elif isinstance(url, str) and probes.get("private") is not True and is_private(url):
        yield (*path, "url"), "a private address", "write private: true beside it if it is meant"
    for name, value in mapping(probes.get("headers")).items():
        if isinstance(name, str) and not _HEADER.fullmatch(name):
            yield (*path, "headers"), f"{name!r} is no name of a header", "write letters, digits and '-'"
        if isinstance(value, str) and not (value.isprintable() and value.isascii()):
            yield (*path, "headers", name), "a value that no header can hold", "write printable ASCII on one line"


def _times(path: Path, model: Tree, raw: object) -> Iterator[Mistake]:
    try:
        period = parse_period(model.get("window"))  # type: ignore[arg-type]  # what is no text raises TypeError
    except (TypeError, ValueError):
        return
    window = period.shortest
    if re.fullmatch(r"[0-9]+ weeks?", str(model.get("baseline"))) and (
        period.unit == "mo" or _WEEK % window or window == _WEEK
    ):
        problem = f"no week is made of windows of {shown(value_at(raw, (*path, 'window')))}"
        yield (
            (*path, "baseline"),
            problem,
            "write so many windows, or a window of 6h or 1d, say",
        )
    every, retain = _duration(model.get("every")), _duration(model.get("retain"))
    shown_window = shown(value_at(raw, (*path, "window")))
    if every is not None and every > window:
        problem = f"{shown(value_at(raw, (*path, 'every')))} is longer than the window, {shown_window}"
        yield (*path, "every"), problem, "pull at least once a window"
    if retain and retain < window:
        problem = f"{shown(value_at(raw, (*path, 'retain')))} is shorter than the window, {shown_window}"
        yield (*path, "retain"), problem, "keep the records at least until their window is judged"
    elif model.get("reference") is None:
        yield from _learning(path, model, retain, period, shown_window)


def _learning(path: Path, model: Tree, retain: timedelta | None, period: Period, window: str) -> Iterator[Mistake]:
    """Say where records are deleted before a reference can be learned from them."""
    length = period.longest
    kept = retain if "retain" in model else Model.model_fields["retain"].default
    if kept and kept < LEARNED_WINDOWS * length:
        problem = f"no reference, and it cannot be learned from ten windows of {window} of which the first is deleted"
        mend = f"keep records for {-(-LEARNED_WINDOWS * length // _DAY)}d, or name a reference"
        yield (*path, "retain"), problem, mend


def _duration(value: object) -> timedelta | None:
    try:
        return parse_duration(value)  # type: ignore[arg-type]  # what is no text raises TypeError
    except (TypeError, ValueError):
        return None


def _thresholds(path: Path, thresholds: Tree) -> Iterator[Mistake]:
    names = [name for name in thresholds if isinstance(name, str)]
    if not names:
        return
    from monitor.detectors import ALL  # noqa: PLC0415  # scipy takes 0.1 s, which most configurations can spare

    units = {detector.name: detector.unit for detector in ALL}
    detectors, listed_by = list(units), "`monitor detectors` lists names and kinds"
    known = detectors + list(KINDS)
    for name in names:
        detector, column = threshold_parts(name)
        if not column and name not in known:
            yield path, f"no detector or kind {name!r}", meant(name, known) or listed_by
        elif column and detector not in detectors:
            yield path, f"no detector {detector!r}", meant(detector, detectors) or listed_by
        else:
            yield from _level((*path, name), thresholds[name], units.get(detector, ""))


def _level(path: Path, said: object, unit: str) -> Iterator[Mistake]:
    """Look for a number that no value of a detector can reach."""
    value = said.get("value") if isinstance(said, dict) else said
    if isinstance(value, int | float) and not isinstance(value, bool) and value > 1 and unit in _UP_TO_1:
        per_cent = f", {value / 100:g} for {value:g} %" if value <= 100 else ""
        problem = f"{value:g} is more than its values, which lie between 0 and 1"
        yield path, problem, f"write a number between 0 and 1{per_cent}"
