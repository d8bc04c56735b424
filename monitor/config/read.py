"""Read the configuration: parse the YAML, fill in `${…}`, and tell every mistake with its place and mend."""

import re
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import yaml
from pydantic import ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from monitor.config.columns import Columns
from monitor.config.crossed import crossed
from monitor.config.model import (
    Attacks,
    Config,
    Data,
    Labels,
    Match,
    Model,
    Probes,
    Receiver,
    Route,
    Web,
)
from monitor.config.remains import Remains, remains
from monitor.config.thresholds import Setting
from monitor.config.words import Mistake, Path, kind_of, shown, suggestion, value_at
from monitor.errors import ConfigError, MonitorError

if TYPE_CHECKING:
    from monitor.config.section import Section

_REFERENCE = re.compile(r"\$\{([^}]*)\}")


class ConfigErrors(MonitorError):  # noqa: N818  # it holds several
    """Every mistake of one configuration, one line each.

    remains: the configuration without them; None where the text is no YAML.
    """

    def __init__(self, errors: tuple[ConfigError, ...], remains: Remains | None = None) -> None:
        self.errors, self.remains = errors, remains
        super().__init__("\n".join(str(error) for error in errors))


def load(text: str, *, place: str, environ: Mapping[str, str], read: Callable[[str], str]) -> Config:
    """Read a configuration; ConfigErrors with every mistake in it.

    place: what the messages call the text, such as `monitor.yaml`.
    environ, read: what `${NAME}` and `${file:path}` are replaced from.
    """
    raw = _parse(text, place)
    mistakes: list[Mistake] = []
    expanded = _expand(raw, (), environ, read, mistakes)
    unread = {path for path, _, _ in mistakes}
    config, details = _validate(expanded)
    mistakes += [_mistake(detail, raw) for detail in details if detail["loc"] not in unread]
    mistakes += [mistake for mistake in crossed(expanded, raw) if mistake[0] not in unread]
    if mistakes or config is None:
        errors = tuple(ConfigError(_at(place, path), problem, mend) for path, problem, mend in mistakes)
        spoilt = [*(path for path, _, _ in mistakes), *(detail["loc"] for detail in details)]
        raise ConfigErrors(errors, remains(expanded, spoilt))
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


# YAML 1.1 takes 1e-6, which everybody writes, for text.
_SCIENTIFIC = re.compile(r"[-+]?[0-9]+(\.[0-9]*)?[eE][-+]?[0-9]+$")
_Loader.add_implicit_resolver("tag:yaml.org,2002:float", _SCIENTIFIC, list("-+0123456789"))


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
    mistakes: list[Mistake],
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


def _mistake(detail: ErrorDetails, raw: object) -> Mistake:
    path, kind = detail["loc"], detail["type"]
    if path and path[-1] == "[key]":
        # pydantic's place holds 0 and 1 for the booleans that YAML makes of no and yes.
        return path[:-2], "a name is read as a number, a date or a boolean", "write it in quotes"
    if kind == "extra_forbidden":
        return path[:-1], f"unknown key {path[-1]!r}", suggestion(str(path[-1]), _fields(path[:-1]))
    if kind == "missing":
        return path[:-1], f"missing key {path[-1]!r}", "write it, as `monitor help configuration` shows"
    value = value_at(raw, path)
    if kind == "unreadable":
        return path, f"{shown(value)} is {detail['ctx']['problem']}", detail["ctx"]["mend"]
    if kind == "literal_error":
        return path, f"{shown(value)} is not allowed here", f"write {detail['ctx']['expected']}"
    wanted = {"string_type": "text", "tuple_type": "a list", "dict_type": "a mapping", "model_type": "a mapping"}
    wanted |= {"bool_type": "true or false", "bool_parsing": "true or false"}
    return path, f"{kind_of(value)} cannot stand here", f"write {wanted.get(kind, 'another value')}"


def _fields(path: Path) -> list[str]:
    sections: dict[object, type[Section]]
    sections = {"models": Model, "receivers": Receiver, "routes": Route, "columns": Columns, "labels": Labels}
    sections |= {"source": Data, "reference": Data, "match": Match, "thresholds": Setting, "web": Web, "probes": Probes}
    sections |= {"attacks": Attacks}
    section = sections[path[2] if len(path) > 2 else path[0]] if path else Config
    return [_written(name, field) for name, field in section.model_fields.items()]


def _written(name: str, field: FieldInfo) -> str:
    return field.alias or name


def _at(place: str, path: Path) -> str:
    return f"{place}: {'.'.join(map(str, path))}" if path else place
