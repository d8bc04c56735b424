"""One watched model, with everything that its steps need in hand."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cached_property
from pathlib import Path

from monitor.config import Model, Route
from monitor.notify import Receiver
from monitor.schedule import Period
from monitor.store.database import Database
from monitor.store.pushed import Holds
from monitor.types import Endpoint, Roles, Source


@dataclass(frozen=True)
class Probes:
    """Where a model answers, the file of canary inputs, how often it is asked, and what numbers may differ by.

    ignore: keys of an answer that are not compared.
    """

    endpoint: Endpoint
    inputs: Path
    every: timedelta
    tolerance: float
    ignore: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Watch:
    """A model's settings beside its open sources; `labels`, `reference` and `probes` are None where there are none.

    seed: the deployment's secret, by which the fingerprints of queries cannot be foretold.
    """

    name: str
    settings: Model
    source: Source
    labels: Source | None = None
    reference: Source | None = None
    probes: Probes | None = None
    seed: bytes = b""

    @property
    def roles(self) -> Roles:
        """Give the columns' roles."""
        return self.settings.columns

    @property
    def period(self) -> Period:
        """Give the length of the windows that are judged."""
        return self.settings.window

    @cached_property
    def base(self) -> Period:
        """Give the length of the windows that are kept: hours or days, which the judged ones are merged from."""
        return Period(1, "h" if self.period.unit == "h" else "d")

    @property
    def keyed(self) -> bool:
        """Say whether records are known by key: where a source repeats rows or labels come by themselves."""
        return self.roles.id is not None and (self.labels is not None or self.source.repeats)

    @property
    def records_source(self) -> str:
        """Name the source of records in the store."""
        return f"{self.name}/records"

    @property
    def labels_source(self) -> str:
        """Name the source of labels in the store."""
        return f"{self.name}/labels"

    @property
    def pushed(self) -> dict[Holds, str]:
        """Give which of records and labels are pushed, with their sources' names in the store."""
        said: dict[Holds, str] = {"records": self.records_source} if self.settings.source.push else {}
        return said | ({"labels": self.labels_source} if self.settings.labels and self.settings.labels.push else {})

    @property
    def probes_source(self) -> str:
        """Name the rounds of probes in the store."""
        return f"{self.name}/probes"

    @property
    def reference_source(self) -> str:
        """Name the source of the reference in the store."""
        return f"{self.name}/reference"


@dataclass(frozen=True)
class Monitor:
    """Everything that is watched, where it is kept, and who hears of it.

    link: begins the addresses in messages. config: the configuration's file, as commands in messages name it.
    owner: names this process among those that share the database. repeats: after how long receivers are told again of
    what still fires; who is not in it never is.
    """

    database: Database
    watches: tuple[Watch, ...]
    receivers: Mapping[str, Receiver]
    routes: tuple[Route, ...] = ()
    link: str = ""
    owner: str = "monitor"
    config: str = "monitor.yaml"
    repeats: Mapping[str, timedelta] = field(default_factory=dict)
