"""The configuration: YAML in, one frozen value out, or every mistake in it at once."""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from difflib import get_close_matches
from typing import Annotated, Any

import yaml
from pydantic import BaseModel, BeforeValidator, ConfigDict, GetCoreSchemaHandler, SecretStr, ValidationError
from pydantic_core import CoreSchema, ErrorDetails, PydanticCustomError, core_schema

from monitor.errors import ConfigError, MonitorError
from monitor.schedule import Period, parse_period
from monitor.types import ColumnKind, Roles

Path = tuple[str | int, ...]
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
_REFERENCE = re.compile(r"\$\{([^}]*)\}")
_RECEIVER_KINDS = ("slack", "webhook", "log")


class ConfigErrors(MonitorError):  # noqa: N818  # it holds several
    """Every mistake of one configuration, one line each."""

    def __init__(self, errors: tuple[ConfigError, ...]) -> None:
        self.errors = errors
        super().__init__("\n".join(str(error) for error in errors))


@dataclass(frozen=True)
class Budget:
    """How many false alarms are borne in a stretch of time."""

    count: int
    per: timedelta


def parse_duration(text: str) -> timedelta:
    """Read a duration such as `90s`, `5m`, `1h`, `30d` or `2w`; ValueError for anything else.

    >>> parse_duration("90s")
    datetime.timedelta(seconds=90)
    """
    match = re.fullmatch(r"([0-9]{1,5})([smhdw])", text)
    if match is None:
        raise ValueError(f"{text!r} is no duration; write for example 90s, 5m, 1h or 30d")
    return timedelta(**{_UNITS[match[2]]: int(match[1])})


def parse_budget(text: str) -> Budget:
    """Read a budget such as `1 per 30d`; ValueError for anything else.

    >>> parse_budget("2 per 1w")
    Budget(count=2, per=datetime.timedelta(days=7))
    """
    match = re.fullmatch(r"([1-9][0-9]{0,5}) per (\S+)", text)
    if match is None or not (per := parse_duration(match[2])):
        raise ValueError(f"{text!r} is no budget; write for example 1 per 30d")
    return Budget(int(match[1]), per)


def _read_by(parse: Callable[[str], Any], problem: str, mend: str) -> BeforeValidator:
    # The message leaves the value out: after expansion it may hold a secret.
    def validate(value: object) -> object:
        try:
            return parse(value)  # type: ignore[arg-type]  # what is no text raises TypeError
        except (ValueError, TypeError):
            raise PydanticCustomError("unreadable", "{problem}", {"problem": problem, "mend": mend}) from None

    return BeforeValidator(validate)


def _positive(text: str) -> timedelta:
    if not (duration := parse_duration(text)):
        raise ValueError("0 keeps nothing")
    return duration


def _by_class(scores: object) -> object:
    if isinstance(scores, str):
        return {"": scores}
    if isinstance(scores, dict):
        # YAML reads the classes 0 and 1 as numbers; yes and no, read as booleans, have lost their spelling.
        return {str(k) if isinstance(k, int) and not isinstance(k, bool) else k: v for k, v in scores.items()}
    return scores


_DURATION_MEND = "write for example 90s, 5m, 1h or 30d"
Duration = Annotated[timedelta, _read_by(parse_duration, "no duration", _DURATION_MEND)]
PositiveDuration = Annotated[timedelta, _read_by(_positive, "no duration above zero", _DURATION_MEND)]


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", arbitrary_types_allowed=True, hide_input_in_errors=True)


class Data(_Section):
    """Where rows are: files by a pattern, or a table of a database."""

    files: str | None = None
    sql: SecretStr | None = None
    table: str | None = None
    cursor: tuple[str, ...] = ()


class Labels(Data):
    """Where labels are, and how long after its record a label may come; None is for ever."""

    max_delay: Duration | None = None


class Columns(_Section):
    """The columns' roles as they are written; `Roles` is what becomes of them."""

    timestamp: str
    id: str | None = None
    client: str | None = None
    version: str | None = None
    prediction: str | None = None
    scores: Annotated[dict[str, str], BeforeValidator(_by_class)] = {}
    label: str | None = None
    segments: tuple[str, ...] = ()
    sensitive: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    kinds: dict[str, ColumnKind] = {}

    def roles(self) -> Roles:
        """Give the roles; the scores stand in the order of their classes."""
        classes = () if "" in self.scores else tuple(self.scores)
        written = self.model_dump(exclude={"scores"})
        return Roles(**written, scores=tuple(self.scores.values()), classes=classes)


class _FromColumns:
    def __get_pydantic_core_schema__(self, source: object, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_after_validator_function(Columns.roles, handler.generate_schema(Columns))


class Model(_Section):
    """One watched model."""

    source: Data
    labels: Labels | None = None
    reference: Data | None = None
    columns: Annotated[Roles, _FromColumns()]
    window: Annotated[Period, _read_by(parse_period, "no window length", "write for example 1h, 6h, 1d, 1w or 1mo")]
    false_alarms: Annotated[Budget, _read_by(parse_budget, "no budget", "write for example 1 per 30d")] = Budget(
        1, timedelta(days=30)
    )
    retain: PositiveDuration = timedelta(days=90)
    lateness: Duration = timedelta(0)


class Receiver(_Section):
    """Who hears of alerts: exactly one of slack, webhook and log is set."""

    slack: SecretStr | None = None
    webhook: SecretStr | None = None
    secret: SecretStr | None = None
    log: str | None = None


class Match(_Section):
    """Patterns in the shell's manner that a notice must fit; None fits all."""

    model: str | None = None
    kind: str | None = None
    severity: str | None = None


class Route(_Section):
    """Which notices go to which receivers."""

    match: Match = Match()
    to: tuple[str, ...]


class Config(_Section):
    """The whole configuration."""

    database: SecretStr
    models: dict[str, Model]
    receivers: dict[str, Receiver] = {}
    routes: tuple[Route, ...] = ()


def load(text: str, *, place: str, environ: Mapping[str, str], read: Callable[[str], str]) -> Config:
    """Read a configuration; ConfigErrors with every mistake in it.

    place: what the messages call the text, such as `monitor.yaml`.
    environ, read: what `${NAME}` and `${file:path}` are replaced from.
    """
    raw = _parse(text, place)
    mistakes: list[tuple[Path, str, str]] = []
    expanded = _expand(raw, (), environ, read, mistakes)
    unread = {path for path, _, _ in mistakes}
    config, details = _validate(expanded)
    mistakes += [_mistake(detail, raw) for detail in details if detail["loc"] not in unread]
    mistakes += [mistake for mistake in _crossed(expanded, raw) if mistake[0] not in unread]
    if mistakes or config is None:
        raise ConfigErrors(tuple(ConfigError(_at(place, path), problem, mend) for path, problem, mend in mistakes))
    return config


class _Loader(yaml.SafeLoader):
    # yaml keeps the last of two equal keys and says nothing: a model would go unwatched.
    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:  # noqa: FBT001, FBT002
        seen = set()
        for key, _ in node.value:
            if isinstance(key, yaml.ScalarNode) and key.value in seen:
                raise yaml.constructor.ConstructorError(None, None, f"the key {key.value!r} twice", key.start_mark)
            seen.add(key.value if isinstance(key, yaml.ScalarNode) else id(key))
        return super().construct_mapping(node, deep)


def _parse(text: str, place: str) -> object:
    # yaml raises a bare ValueError for a date such as 2024-13-45. Its own message quotes the text, secrets and all.
    try:
        return yaml.load(text, _Loader)  # noqa: S506  # a safe loader
    except (yaml.YAMLError, ValueError) as error:
        mark = getattr(error, "problem_mark", None)
        where = place if mark is None else f"{place}: line {mark.line + 1}"
        problem = getattr(error, "problem", None) or "a value or character that YAML does not take"
    raise ConfigErrors((ConfigError(where, f"invalid YAML: {problem}", "check the indentation and the quotes"),))


def _validate(tree: object) -> tuple[Config | None, list[ErrorDetails]]:
    try:
        return Config.model_validate(tree), []
    except ValidationError as error:
        return None, error.errors(include_url=False, include_input=False)


def _expand(
    value: object,
    path: Path,
    environ: Mapping[str, str],
    read: Callable[[str], str],
    mistakes: list[tuple[Path, str, str]],
) -> object:
    if isinstance(value, dict):
        return {key: _expand(inner, (*path, key), environ, read, mistakes) for key, inner in value.items()}
    if isinstance(value, list):
        return [_expand(inner, (*path, index), environ, read, mistakes) for index, inner in enumerate(value)]
    if not isinstance(value, str):
        return value

    def fill(match: re.Match[str]) -> str:
        name = match[1]
        if name.startswith("file:"):
            try:
                return read(name.removeprefix("file:")).strip()
            except (OSError, ValueError):
                mistakes.append((path, f"{match[0]} cannot be read", "write the path of a readable text file"))
        elif found := environ.get(name):
            return found
        else:
            mistakes.append((path, f"environment variable {name} is not set", f"set {name} before starting"))
        return match[0]

    return _REFERENCE.sub(fill, value)


def _mistake(detail: ErrorDetails, raw: object) -> tuple[Path, str, str]:
    path, kind = detail["loc"], detail["type"]
    if path and path[-1] == "[key]":
        # pydantic's place holds 0 and 1 for the booleans that YAML makes of no and yes.
        return path[:-2], "a name is read as a number, a date or a boolean", "write it in quotes"
    if kind == "extra_forbidden":
        return path[:-1], f"unknown key {path[-1]!r}", _suggestion(str(path[-1]), _fields(path[:-1]))
    if kind == "missing":
        return path[:-1], f"missing key {path[-1]!r}", "write it"
    value = _value(raw, path)
    if kind == "unreadable":
        return path, f"{_shown(value)} is {detail['ctx']['problem']}", detail["ctx"]["mend"]
    if kind == "literal_error":
        return path, f"{_shown(value)} is not allowed here", f"write {detail['ctx']['expected']}"
    wanted = {"string_type": "text", "tuple_type": "a list", "dict_type": "a mapping", "model_type": "a mapping"}
    return path, f"{_kind(value)} cannot stand here", f"write {wanted.get(kind, 'another value')}"


def _crossed(expanded: object, raw: object) -> Iterator[tuple[Path, str, str]]:
    # What pydantic would check only after all else is right is checked here on the tree, so that nothing waits.
    tree = _mapping(expanded)
    for name, model in _mapping(tree.get("models")).items():
        for key in ("source", "labels", "reference"):
            data = _mapping(model).get(key)
            if isinstance(data, dict) and not set(data) - set(Labels.model_fields):
                yield from _wrong_data(("models", name, key), data)
    receivers = _mapping(tree.get("receivers"))
    for name, receiver in receivers.items():
        if isinstance(receiver, dict):
            yield from _wrong_receiver(("receivers", name), receiver)
    routes = tree.get("routes")
    for index, route in enumerate(routes if isinstance(routes, list) else []):
        names = _mapping(route).get("to")
        for position, name in enumerate(names if isinstance(names, list) else []):
            if isinstance(name, str) and name not in receivers:
                path = ("routes", index, "to", position)
                written = str(_value(raw, path))
                yield path, f"no receiver {written!r}", _suggestion(written, receivers)


def _wrong_data(path: Path, data: dict[Any, Any]) -> Iterator[tuple[Path, str, str]]:
    data = {key: value for key, value in data.items() if value is not None}
    if ("files" in data) == ("sql" in data):
        yield path, "both files and sql" if "files" in data else "neither files nor sql", "write exactly one of them"
    elif "sql" in data:
        needed = ("table",) if path[-1] == "reference" else ("table", "cursor")
        yield from ((path, f"missing key {key!r}", "sql needs it") for key in needed if key not in data)
    else:
        yield from ((path, f"{key!r} beside files", "it belongs to sql") for key in ("table", "cursor") if key in data)


def _wrong_receiver(path: Path, receiver: dict[Any, Any]) -> Iterator[tuple[Path, str, str]]:
    kinds = [kind for kind in _RECEIVER_KINDS if receiver.get(kind) is not None]
    if len(kinds) > 1:
        yield path, f"two kinds of receiver, {' and '.join(kinds)}", "write each as a receiver of its own"
    elif not kinds and not set(receiver) - set(Receiver.model_fields):
        yield path, "no kind of receiver", "write slack, webhook or log"
    elif kinds and "secret" in receiver and kinds != ["webhook"]:
        yield path, f"'secret' beside {kinds[0]}", "it belongs to webhook"


def _fields(path: Path) -> Mapping[str, object]:
    sections: dict[object, type[_Section]]
    sections = {"models": Model, "receivers": Receiver, "routes": Route, "columns": Columns, "labels": Labels}
    sections |= {"source": Data, "reference": Data, "match": Match}
    if not path:
        return Config.model_fields
    return sections[path[2] if len(path) > 2 else path[0]].model_fields


def _suggestion(name: str, known: Mapping[str, object]) -> str:
    close = get_close_matches(name, [str(key) for key in known], n=1)
    return f"did you mean {close[0]!r}?" if close else f"known are {', '.join(map(str, known)) or 'none'}"


def _mapping(value: object) -> dict[Any, Any]:
    return value if isinstance(value, dict) else {}


def _value(tree: Any, path: Path) -> object:  # noqa: ANN401  # YAML holds anything
    for key in path:
        try:
            tree = tree[key]
        except (KeyError, IndexError, TypeError):
            return None
    return tree


def _shown(value: object) -> str:
    return _kind(value) if isinstance(value, dict | list) or value is None else repr(value)


def _kind(value: object) -> str:
    names = {dict: "a mapping", list: "a list", str: "text", type(None): "nothing", bool: "true or false"}
    return names.get(type(value), "a number or date")


def _at(place: str, path: Path) -> str:
    return f"{place}: {'.'.join(map(str, path))}" if path else place
