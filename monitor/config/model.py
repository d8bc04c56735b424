"""The configuration's sections, as they are written and with their defaults."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Annotated, Any, Literal, get_args
from zoneinfo import ZoneInfo

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, GetCoreSchemaHandler, SecretStr, model_validator
from pydantic_core import CoreSchema, core_schema

from monitor.config.values import (
    Before,
    Budget,
    Count,
    Duration,
    FalseAlarms,
    Hold,
    Port,
    PositiveDuration,
    Rows,
    Share,
    WindowLength,
    Windows,
    read_by,
)
from monitor.types import ColumnKind, Roles

Severity = Literal["info", "warning", "critical"]
SEVERITIES: tuple[Severity, ...] = get_args(Severity)
KINDS = (
    "attack.evasion",
    "attack.extraction",
    "attack.poisoning",
    "attack.privacy",
    "attack.probing",
    "attack.flood",
    "drift.data",
    "drift.prediction",
    "drift.label",
    "drift.concept",
    "confidence",
    "performance.realised",
    "performance.estimated",
    "bias.temporal",
    "bias.sampling",
    "bias.selection",
    "bias.stereotyping",
    "quality",
    "model_change",
    "disagreement",
    "health",
)


class Section(BaseModel):
    """A mapping of the configuration that knows its keys."""

    model_config = ConfigDict(frozen=True, extra="forbid", arbitrary_types_allowed=True, hide_input_in_errors=True)


class Data(Section):
    """Where rows are: files by a pattern, a table of a database, or pushed over HTTP.

    cursor: the columns that order a table: a time and an id, or one that only grows.
    lookback: how far behind its cursor a table is read again, for rows that were committed late; 0 where the cursor
        is one column, which need not be a time.
    """

    files: str | None = None
    sql: SecretStr | None = None
    push: bool = False
    table: str | None = None
    cursor: tuple[str, ...] = ()
    lookback: Duration = timedelta(minutes=10)

    @model_validator(mode="before")
    @classmethod
    def _without_looking_back(cls, data: object) -> object:
        one = isinstance(data, dict) and isinstance(data.get("cursor"), list) and len(data["cursor"]) == 1
        return {"lookback": "0s", **data} if one and isinstance(data, dict) else data


class Labels(Data):
    """Where labels are, and how long after its record a label may come; None is for ever."""

    max_delay: Duration | None = None


def _by_class(scores: object) -> object:
    if isinstance(scores, str):
        return {"": scores}
    if isinstance(scores, dict):
        # YAML reads the classes 0 and 1 as numbers; yes and no, read as booleans, have lost their spelling.
        return {str(k) if isinstance(k, int) and not isinstance(k, bool) else k: v for k, v in scores.items()}
    return scores


def _by_value(shares: object) -> object:
    # YAML reads the values 1 and true as what they are; columns are counted by their text.
    return (
        {str(k).lower() if isinstance(k, bool) else str(k): v for k, v in shares.items()}
        if isinstance(shares, dict)
        else shares
    )


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
    scores: Annotated[dict[str, str], BeforeValidator(_by_class)] = {}
    label: str | None = None
    segments: tuple[str, ...] = ()
    sensitive: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    others: tuple[str, ...] = ()
    zone: Annotated[str | None, read_by(_zone, "no time zone", "write one such as Europe/Berlin, or UTC")] = None
    kinds: dict[str, ColumnKind] = {}
    population: dict[str, Annotated[dict[str, Share], BeforeValidator(_by_value)]] = {}

    def roles(self) -> Roles:
        """Give the roles; the scores stand in the order of their classes."""
        classes = () if "" in self.scores else tuple(self.scores)
        written = self.model_dump(exclude={"scores"})
        return Roles(**written, scores=tuple(self.scores.values()), classes=classes)


class _FromColumns:
    def __get_pydantic_core_schema__(self, source: object, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_after_validator_function(Columns.roles, handler.generate_schema(Columns))


def _threshold(value: object) -> object:
    # YAML reads off as false, and a quoted or unquoted "off" as text.
    if value is False or value == "off":
        return "off"
    return value if value == "auto" else _number(value)


def _number(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < float("inf"):
        raise ValueError("no number of 0 or above")
    return float(value)


_THRESHOLD = read_by(_threshold, "no threshold", "write auto, off or a number of 0 or above")


class Setting(Section):
    """What the user says of one threshold; None is nothing.

    value: `auto` is calibrated from the reference and the budget, `off` never breaches, a number is compared with
        the measurement's value.
    min_effect: the smallest effect worth an alert.
    hold: `for` in the configuration: how many windows must breach.
    """

    value: Annotated[float | Literal["auto", "off"] | None, _THRESHOLD] = None
    min_effect: Annotated[float | None, read_by(_number, "no effect", "write a number of 0 or above")] = None
    hold: Windows | None = Field(default=None, alias="for")


_NOTHING_SAID = Setting()


def _level(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value <= 0.01:
        raise ValueError("no level")
    return float(value)


class Attacks(Section):
    """Whether queries are watched for attacks, and how.

    watched: None is where records name their client, without whom hardly more than large attacks are seen.
    similar_rows: clients whose rows are alike by nature, such as sensors, and segments such as `device=sensor`; they
        are not told for it. known_rows: clients, and segments, that send rows of the reference, such as a nightly
        scoring of all customers; they are not told for that. show_values: feature values stand in messages and pages
        as they are, or hashed. alpha: the chance per row and detector that an honest client is told of. ignore: columns
        that are not looked at.
    """

    watched: bool | None = None
    similar_rows: tuple[str, ...] = ()
    known_rows: tuple[str, ...] = ()
    show_values: Literal["shown", "hashed"] = "shown"
    alpha: Annotated[float, read_by(_level, "no level above 0 and up to 0.01", "write for example 1e-6")] = 1e-6
    ignore: tuple[str, ...] = ()


def _attacks(value: object) -> object:
    # YAML reads off as false, and on as true.
    if value in ("off", "on") or isinstance(value, bool):
        return {"watched": value in ("on", True)}
    return {"watched": True, **value} if isinstance(value, dict) else value


class Probes(Section):
    """Canary inputs that are posted to the model's endpoint on a schedule; its answers are compared with the first.

    inputs: a file of JSON values, one a line. tolerance: what numbers may differ by, relative to those above 1.
    headers: sent along; their values may be secrets. private: the address may be a private one.
    """

    url: SecretStr
    inputs: str
    every: PositiveDuration = timedelta(hours=1)
    tolerance: Annotated[float, read_by(_number, "no tolerance", "write a number of 0 or above")] = 1e-6
    headers: dict[str, SecretStr] = {}
    private: bool = False


def _setting(value: object) -> object:
    return value if isinstance(value, dict) else {"value": _threshold(value)}


class Model(Section):
    """One watched model.

    every: how often its source is pulled. baseline: what windows are compared with, None being the reference. hold:
    `for` in the configuration; how many windows must breach before an alert fires. clear: how many clear windows in a
    row resolve it. min_labels: where labels have no `max_delay`, the share of a window's labels from which its
    performance is judged. min_rows: a window of fewer rows is judged together with those that follow, until they hold
    as many. segment_values: how many values of a segment's column are watched apart, the most frequent of the
    reference.
    """

    source: Data
    labels: Labels | None = None
    reference: Data | None = None
    probes: Probes | None = None
    attacks: Annotated[Attacks, BeforeValidator(_attacks)] = Attacks()
    columns: Annotated[Roles, _FromColumns()]
    window: WindowLength
    every: PositiveDuration = timedelta(minutes=1)
    lateness: Duration = timedelta(0)
    baseline: Before = None
    retain: PositiveDuration = timedelta(days=90)
    false_alarms: FalseAlarms = Budget(1, timedelta(days=30))
    hold: Windows = Field(default=Hold(2, 3), alias="for")
    clear: Count = 3
    min_labels: Share = 0.95
    min_rows: Rows = 50
    segment_values: Count = 20
    thresholds: dict[
        str,
        Annotated[Setting, read_by(_setting, "no threshold", "write auto, off, a number of 0 or above, or a mapping")],
    ] = {}
    severity: dict[str, Severity] = {}

    @property
    def watches_attacks(self) -> bool:
        """Say whether queries are watched for attacks."""
        said = self.attacks.watched
        return self.columns.client is not None if said is None else said


def setting_of(thresholds: Mapping[str, Setting], *, detector: str, kind: str, column: str = "") -> Setting:
    """Give what is said of one threshold: of the detector on this column, else of the detector, else of the kind.

    Each key of a setting is looked up apart, so that `psi(age): {min_effect: 0.2}` keeps the value said of `psi`.

    >>> said = {"drift.data": Setting(value=0.1), "psi(age)": Setting(min_effect=0.2)}
    >>> setting_of(said, detector="psi", kind="drift.data", column="age")
    Setting(value=0.1, min_effect=0.2, hold=None)
    """
    if not thresholds:
        return _NOTHING_SAID
    found: dict[str, Any] = {}
    for name in (kind, detector, f"{detector}({column})"):
        said = thresholds.get(name, Setting())
        found |= {key: value for key, value in said if value is not None}
    return Setting().model_copy(update=found)


def _listed(value: object) -> object:
    return (value,) if isinstance(value, str) else value


class Receiver(Section):
    """Who hears of alerts: exactly one of slack, webhook and log is set.

    secret: signs a webhook; two of them while the old one is replaced. private: the address may be a private one.
    """

    slack: SecretStr | None = None
    webhook: SecretStr | None = None
    secret: Annotated[tuple[SecretStr, ...], BeforeValidator(_listed)] = ()
    private: bool = False
    log: str | None = None


class Match(Section):
    """Patterns in the shell's manner that a notice must fit; None fits all."""

    model: str | None = None
    kind: str | None = None
    severity: str | None = None


class Route(Section):
    """Which notices go to which receivers."""

    match: Match = Match()
    to: tuple[str, ...]


class Web(Section):
    """Where the web page and its interface listen, who may use them, and the address that links begin with."""

    host: str = "127.0.0.1"
    port: Port = 8080
    token: SecretStr | None = None
    url: str | None = None


class Config(Section):
    """The whole configuration."""

    database: SecretStr
    models: dict[str, Model]
    receivers: dict[str, Receiver] = {}
    routes: tuple[Route, ...] = ()
    web: Web = Web()
