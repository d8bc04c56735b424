"""What is left of a configuration with mistakes in it, so that its data can be looked at all the same."""

from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from monitor.config.model import Config, Model
from monitor.config.words import Path, Tree, mapping

STAND_INS: dict[str, Any] = {"source": {"push": True}, "columns": {"timestamp": ""}, "window": "1d"}
"""What stands for keys that a model needs: records that are not looked for, a column that no table has, a length."""
OF_DATA = frozenset({"source", "labels", "reference", "probes", "attacks", "columns", "thresholds"})
SETTINGS = {field.alias or name for name, field in Model.model_fields.items()} - OF_DATA
"""Keys without which a model's data can be looked at as well as with them."""
MAPPINGS = ("columns", "thresholds", "severity")
LENGTHS = ("max_delay", "lookback")
"""Keys of a source, or of the labels, without which these can be looked at as well as with them."""
_NOWHERE = "sqlite:///monitor.db"


@dataclass(frozen=True)
class Remains:
    """A configuration without its mistakes.

    database: whether its address is the one that was written. partial: the models of which something that says what
    their data are is left out, so that what seems to be missing there may not be.
    """

    config: Config
    database: bool
    partial: frozenset[str]


def remains(tree: object, spoilt: Sequence[Path]) -> Remains:
    """Leave out what mistakes were found in; a model that cannot be read without it is left out whole.

    tree: as YAML gave it, with variables filled in. spoilt: the places of the mistakes.
    """
    written, models, partial = mapping(tree), dict[str, Model](), set[str]()
    for name, model in mapping(written.get("models")).items():
        own = [path[2:] for path in spoilt if path[:2] == ("models", name) and len(path) > 2]
        with suppress(ValidationError):
            if isinstance(name, str) and isinstance(model, dict):
                models[name] = Model.model_validate(_left_of(model, own))
                partial |= {name for path in own if path[0] not in SETTINGS and path[-1] not in LENGTHS}
    heads = {path[0] for path in spoilt if path}
    database = isinstance(written.get("database"), str) and "database" not in heads
    kept = {
        "database": written["database"] if database else _NOWHERE,
        "models": models,
        "routes": () if "routes" in heads else written.get("routes") or (),
    }
    return Remains(Config.model_validate(kept), database, frozenset(partial))


def _left_of(model: Tree, spoilt: Iterable[Path]) -> dict[Any, Any]:
    """Give a model's section without the keys that are spoilt, of its roles and thresholds without each one alone."""
    left = dict(model)
    for key, *inner in spoilt:
        if (key in MAPPINGS or (inner and inner[-1] in LENGTHS)) and isinstance(left.get(key), dict):
            left[key] = {name: value for name, value in left[key].items() if not inner or name != inner[0]}
        else:
            left.pop(key, None)
        if key == "columns" and inner:
            # these name columns by their roles
            left = {name: value for name, value in left.items() if name not in ("attacks", "thresholds")}
    for key, stand_in in STAND_INS.items():
        left.setdefault(key, stand_in)
    if "timestamp" not in left["columns"]:
        left["columns"] = {**STAND_INS["columns"], **left["columns"]}
    return left
