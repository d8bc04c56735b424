"""Values that pass between the layers: frozen, times aware and in UTC."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Literal, Protocol, get_args

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pyarrow as pa

ColumnKind = Literal["numeric", "categorical", "text", "vector"]
Task = Literal["binary", "multiclass", "regression"]
Severity = Literal["critical", "warning", "info"]
SEVERITIES: tuple[Severity, ...] = get_args(Severity)
"""How grave an alert is, the gravest first."""
Cursor = Mapping[str, Any]
REFUSED = "refused"
"""In the cursor of a file: why it could not be read to its end."""


@dataclass(frozen=True, order=True)
class Window:
    """The half-open stretch of time `[start, end)`."""

    start: datetime
    end: datetime

    def earlier(self, by: timedelta) -> "Window":
        """Give the one as long that lies so much earlier."""
        return Window(self.start - by, self.end - by)


@dataclass(frozen=True)
class Progress:
    """Whom to tell how far a pass has come."""

    rows: Callable[[str, int], None] = lambda _model, _rows: None
    window: Callable[[str, Window], None] = lambda _model, _window: None


@dataclass(frozen=True)
class Roles:
    """Which column of a model's records plays which part; every other column is a feature.

    `scores` holds one column for binary models (the positive class) and one per class otherwise, in the order
    of `classes`. contributor: who gave the label. population: for a column, the share of each value in the population
    that the traffic should be like. `others` hold what other models answered to the same rows. zone: of times that
    name none; None is UTC. intersections: sensitive columns whose values together are groups, too, see `crossing`.
    meanings: what words of the prediction are among the labels'.
    """

    timestamp: str
    id: str | None = None
    client: str | None = None
    version: str | None = None
    prediction: str | None = None
    scores: tuple[str, ...] = ()
    classes: tuple[str, ...] = ()
    label: str | None = None
    segments: tuple[str, ...] = ()
    sensitive: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    kinds: Mapping[str, ColumnKind] = field(default_factory=dict)
    population: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    others: tuple[str, ...] = ()
    zone: str | None = None
    intersections: tuple[tuple[str, ...], ...] = ()
    contributor: str | None = None
    meanings: Mapping[str, object] = field(default_factory=dict)

    @property
    def aside(self) -> set[str | None]:
        """Name the columns that say when a record was, which it is and whose, and those to be ignored: no features."""
        return {self.timestamp, self.id, self.client, self.version, self.contributor, *self.ignore}


CROSS = " & "


def crossing(parts: Iterable[str]) -> str:
    """Name several columns, or the values of several, that are taken together.

    >>> crossing(["sex", "region"])
    'sex & region'
    """
    return CROSS.join(parts)


KEPT_CHARS = 65_536
"""How many characters are kept of a row that could not be taken."""


@dataclass(frozen=True)
class Rejected:
    """A row that could not be taken: where it stood, why, and the row itself, its first `KEPT_CHARS` characters."""

    position: str
    reason: str
    excerpt: str


@dataclass(frozen=True)
class Batch:
    """Rows read from one shard of a source, and the cursor that stands behind them.

    `read == rows.num_rows + len(rejected)` always holds. apart: the rows come again, or the rejected ones without
    the good ones that they were among, so that their share says little.
    """

    shard: str
    rows: "pa.Table"
    cursor: Cursor
    rejected: tuple[Rejected, ...] = ()
    apart: bool = False

    @property
    def read(self) -> int:
        """Count every row that was looked at."""
        return int(self.rows.num_rows) + len(self.rejected)


class Source(Protocol):
    """Where records or labels are pulled from.

    `pull` takes the cursor of every shard seen so far and yields only what is new. Handing back a batch's cursor
    means that the batch was stored; a pull from an older cursor yields the same rows again. A source that `repeats`
    may yield rows again even so; they are told from new ones by their id.
    """

    @property
    def repeats(self) -> bool: ...

    def pull(self, cursors: Mapping[str, Cursor]) -> "Iterator[Batch]": ...


class Endpoint(Protocol):
    """Where a model answers: a JSON value in, the text of one out; ProbeError where there is none."""

    def ask(self, question: object, *, now: datetime) -> str: ...


@dataclass(frozen=True)
class Measurement:
    """One number a detector found. `value=None` means undefined, and `note` says why.

    reference: the reference's value of the same number, where it has one. evidence: JSON that its alert carries.
    chance: (degrees, factor, less) where, when nothing changed, factor x effect^2 + less follows chi-square with so
        many degrees, or is mostly smaller; None where that is not known.
    """

    detector: str
    value: float | None
    column: str = ""
    segment: str = ""
    n: int = 0
    p_value: float | None = None
    effect: float | None = None
    low: float | None = None
    high: float | None = None
    note: str = ""
    reference: float | None = None
    evidence: Mapping[str, Any] = field(default_factory=dict, hash=False)
    chance: tuple[float, float, float] | None = None


@dataclass(frozen=True)
class Notice:
    """A message about one or more alerts of one model and kind, as it is kept in the outbox and sent.

    `alerts` are plain mappings with the keys of the public alert JSON. `id` depends on the content only, so
    that a repeated delivery is recognisable.
    """

    id: str
    model: str
    kind: str
    transition: str
    reason: str
    title: str
    lines: tuple[str, ...] = ()
    alerts: tuple[Mapping[str, Any], ...] = ()
    link: str = ""
