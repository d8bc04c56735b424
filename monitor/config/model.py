"""The configuration's sections, as they are written and with their defaults."""

from datetime import date, timedelta
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, SecretStr, model_validator

from monitor.config.columns import RolesOfColumns
from monitor.config.holidays import holiday_within, parse_holiday
from monitor.config.section import Section
from monitor.config.thresholds import SaidOfOne
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
    parse_amount,
    read_by,
)
from monitor.types import Severity, Window

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
    """Where labels are, and how long after its record a label may come; None is for ever.

    absent: what a record is taken to be whose label has not come by then, as where only frauds are reported; None
        where nothing is known of it. present: what a record is that is listed there, where no column says so.
    """

    max_delay: Duration | None = None
    absent: bool | int | float | str | None = None
    present: bool | int | float | str | None = None


def _level(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value <= 0.01:
        raise ValueError("no level")
    return float(value)


class Attacks(Section):
    """Whether queries are watched for attacks, and how.

    watched: None is where records name their client, without whom hardly more than large attacks are seen.
    similar_rows: clients whose rows are alike by nature, such as sensors, patterns of their names such as
        `meter-*`, and segments such as `device=sensor`; they are not told for it. known_rows: clients, and
        segments, that send rows of the reference, such as a nightly scoring of all customers; they are not told for
        that. show_values: feature values stand in messages and pages as they are, or hashed. alpha: the chance per
        row and detector that an honest client is told of. ignore: columns that are not looked at.
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
    ignore: keys of an answer that are not compared, wherever they stand in it. headers: sent along; their values may
    be secrets. private: the address may be a private one.
    """

    url: SecretStr
    inputs: str
    every: PositiveDuration = timedelta(hours=1)
    tolerance: Annotated[float, read_by(parse_amount, "no tolerance", "write a number of 0 or above")] = 1e-6
    ignore: tuple[str, ...] = ()
    headers: dict[str, SecretStr] = Field(default_factory=dict)
    private: bool = False


def _listed(value: object) -> object:
    return tuple(value) if isinstance(value, list) else (value,)


_HOLIDAYS = "write a place such as DE or US-CA, or a day such as 2026-12-24"
Holiday = Annotated[str | date, read_by(parse_holiday, "no place and no day", _HOLIDAYS)]


class Model(Section):
    """One watched model.

    every: how often its source is pulled. baseline: what windows are compared with, None being the reference. hold:
    `for` in the configuration; how many windows must breach before an alert fires. clear: how many clear windows in a
    row resolve it. min_labels: where labels have no `max_delay`, the share of a window's labels from which its
    performance is judged. min_rows: a window of fewer rows is judged together with those that follow, until they hold
    as many. segment_values: how many values of a segment's column are watched apart, the most frequent of the
    reference. holidays: days whose rows are not laid beside those of other days.
    """

    source: Data
    labels: Labels | None = None
    reference: Data | None = None
    probes: Probes | None = None
    attacks: Annotated[Attacks, BeforeValidator(_attacks)] = Attacks()
    columns: RolesOfColumns
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
    holidays: Annotated[tuple[Holiday, ...], BeforeValidator(_listed)] = ()
    thresholds: dict[str, SaidOfOne] = Field(default_factory=dict)
    severity: dict[str, Severity] = Field(default_factory=dict)

    @property
    def watches_attacks(self) -> bool:
        """Say whether queries are watched for attacks."""
        said = self.attacks.watched
        return self.columns.client is not None if said is None else said

    def holiday(self, window: Window) -> str:
        """Name the holiday that a window of up to a day is of; "" where it is of none."""
        return holiday_within(window, self.holidays, self.columns.zone) if self.holidays else ""


class Receiver(Section):
    """Who hears of alerts: exactly one of slack, webhook and log is set.

    secret: signs a webhook; two of them while the old one is replaced. private: the address may be a private one.
    repeat: after how long it is told again of what still fires; None is never.
    """

    slack: SecretStr | None = None
    webhook: SecretStr | None = None
    secret: Annotated[tuple[SecretStr, ...], BeforeValidator(_listed)] = ()
    private: bool = False
    log: str | None = None
    repeat: PositiveDuration | None = None


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
    receivers: dict[str, Receiver] = Field(default_factory=dict)
    routes: tuple[Route, ...] = ()
    web: Web = Web()
