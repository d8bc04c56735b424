"""The columns' roles, as they are written and as they are meant."""

from typing import Annotated
from zoneinfo import ZoneInfo

from pydantic import BeforeValidator, Field, GetCoreSchemaHandler
from pydantic_core import CoreSchema, core_schema

from monitor.config.section import Section
from monitor.config.values import Share, read_by
from monitor.types import ColumnKind, Roles


def _by_class(scores: object) -> object:
    if isinstance(scores, str):
        return {"": scores}
    if isinstance(scores, dict):
        # YAML reads the classes 0 and 1 as numbers; yes and no, read as booleans, have lost their spelling.
        return {str(k) if isinstance(k, int) and not isinstance(k, bool) else k: v for k, v in scores.items()}
    return scores


def _by_value(shares: object) -> object:
    # YAML reads the values 1 and true as what they are; columns are counted by their text.
    return {_spelled(value): share for value, share in shares.items()} if isinstance(shares, dict) else shares


def _spelled(label: object) -> str:
    return str(label).lower() if isinstance(label, bool) else str(label)


def _zone(name: object) -> str:
    try:
        return ZoneInfo(str(name)).key
    except (KeyError, OSError) as error:
        # an unknown name, or a folder of zones, such as Europe
        raise ValueError("no zone") from error


class Columns(Section):
    """The columns' roles as they are written; `Roles` is what becomes of them."""

    timestamp: str
    id: str | None = None
    client: str | None = None
    version: str | None = None
    prediction: str | None = None
    scores: Annotated[dict[str, str], BeforeValidator(_by_class)] = Field(default_factory=dict)
    label: str | None = None
    contributor: str | None = None
    meanings: Annotated[dict[str, bool | int | float | str], BeforeValidator(_by_value)] = Field(default_factory=dict)
    segments: tuple[str, ...] = ()
    sensitive: tuple[str, ...] = ()
    intersections: tuple[tuple[str, ...], ...] = ()
    ignore: tuple[str, ...] = ()
    others: tuple[str, ...] = ()
    zone: Annotated[str | None, read_by(_zone, "no time zone", "write one such as Europe/Berlin, or UTC")] = None
    kinds: dict[str, ColumnKind] = Field(default_factory=dict)
    population: dict[str, Annotated[dict[str, Share], BeforeValidator(_by_value)]] = Field(default_factory=dict)

    def roles(self) -> Roles:
        """Give the roles; the scores stand in the order of their classes."""
        meant = {word: _spelled(label) for word, label in self.meanings.items()}
        classes = () if "" in self.scores else tuple(meant.get(name, name) for name in self.scores)
        written = self.model_dump(exclude={"scores"})
        return Roles(**written, scores=tuple(self.scores.values()), classes=classes)


class _FromColumns:
    def __get_pydantic_core_schema__(self, source: object, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_after_validator_function(Columns.roles, handler.generate_schema(Columns))


RolesOfColumns = Annotated[Roles, _FromColumns()]
