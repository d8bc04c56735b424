"""Measurements and judgements of windows: what was found, against which threshold, and how often it was looked at."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache, partial
from typing import Any

from sqlalchemy import Connection, Dialect, delete, func, insert, select, update

from monitor.store.schema import UTCDateTime, judgement, measurement
from monitor.types import Measurement, Window

_CHUNK = 500


@dataclass(frozen=True)
class Judged:
    """A measurement beside its threshold.

    alpha: the p-value it had to reach; threshold: the effect or value it had to reach; both None when not armed.
    outcome: breach, clear or insufficient; the empty text when it was measured only.
    lingers: it is so near its threshold that an alert that fires goes on.
    """

    measurement: Measurement
    kind: str
    alpha: float | None = None
    threshold: float | None = None
    outcome: str = ""
    lingers: bool = False


@dataclass(frozen=True)
class Judgement:
    """What a window held when it was last judged.

    revision: of all windows of the stretch that was judged, which begins at `since`; None when that is the window
    alone. decided: the stretch held enough rows to be judged. matured: its labels were judged too. alarmed: an
    alert of drift in all traffic was firing.
    """

    window: Window
    revision: int
    rows: int
    labelled: int
    matured: bool
    since: datetime | None = None
    decided: bool = True
    alarmed: bool = False

    @property
    def stretch(self) -> Window:
        """Give all that was judged together."""
        return Window(self.since or self.window.start, self.window.end)


def write_measurements(
    connection: Connection, name: str, window: Window, revision: int, found: Sequence[Judged]
) -> None:
    """Put a window's measurements in the place of those of its earlier revisions."""
    here = (measurement.c.model == name, measurement.c.window_end == window.end)
    connection.execute(delete(measurement).where(*here))
    if found:
        _insert(connection, name, window, revision, found)


def read_measurements(
    connection: Connection,
    *,
    model: str | None = None,
    detector: str | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
) -> Iterator[dict[str, Any]]:
    """Give the public rows, oldest window first, with the table's column names as keys."""
    given = {measurement.c.model: model, measurement.c.detector: detector}
    chosen = [column == value for column, value in given.items() if value is not None]
    chosen += [measurement.c.window_end > since] if since else []
    chosen += [measurement.c.window_end <= until] if until else []
    order = (measurement.c.window_end, measurement.c.model, measurement.c.detector, measurement.c.column)
    rows = connection.execute(select(measurement).where(*chosen).order_by(*order, measurement.c.segment))
    yield from (dict(row) for row in rows.mappings())


def breached_windows(connection: Connection, name: str, *, detector: str, segment: str) -> list[Window]:
    """Give the windows in which a detector breached in a segment, oldest first."""
    chosen = select(measurement.c.window_start, measurement.c.window_end).order_by(measurement.c.window_end).distinct()
    here = (measurement.c.model == name, measurement.c.detector == detector, measurement.c.segment == segment)
    return [Window(*row) for row in connection.execute(chosen.where(*here, measurement.c.outcome == "breach"))]


def is_measured(connection: Connection, detector: str) -> bool:
    """Say whether anything was ever measured by a detector of that name."""
    found = select(measurement.c.model).where(measurement.c.detector == detector).limit(1)
    return connection.execute(found).first() is not None


def read_armed(connection: Connection, name: str, *, since: datetime) -> Iterator[dict[str, Any]]:
    """Give the public rows of what may raise an alert in windows that start at `since` or later, oldest first."""
    armed = (measurement.c.model == name, measurement.c.window_start >= since, measurement.c.outcome != "")
    rows = connection.execute(select(measurement).where(*armed).order_by(measurement.c.window_end))
    yield from (dict(row) for row in rows.mappings())


def last_windows(connection: Connection, name: str, *, number: int) -> list[Window]:
    """Give the last so many windows of a model that were judged and held rows, oldest first."""
    here = (judgement.c.model == name, judgement.c.rows > 0)
    chosen = select(judgement.c.window_start, judgement.c.window_end).where(*here)
    rows = connection.execute(chosen.order_by(judgement.c.window_end.desc()).limit(number)).all()
    return [Window(start, end) for start, end in reversed(rows)]


def measured_columns(connection: Connection, name: str, *, detector: str) -> list[str]:
    """Give the columns of which a detector has ever measured something."""
    here = (measurement.c.model == name, measurement.c.detector == detector)
    return list(connection.execute(select(measurement.c.column).where(*here).distinct()).scalars())


def read_series(
    connection: Connection,
    name: str,
    *,
    detectors: Collection[str],
    columns: Collection[str],
    since: datetime,
    until: datetime | None = None,
    segment: str = "",
) -> Iterator[tuple[datetime, Measurement]]:
    """Give what some detectors measured of some columns, of all traffic or a segment, each with its window's end.

    In no order.

    columns: "" is the model as a whole. since, until: of windows that end later than the former, and not later than
    the latter, unless that is None. With each part of the key but the windows known, nothing else is read.
    """
    m = measurement.c
    named = (m.detector, m.value, m.column, m.segment, m.n, m.p_value, m.effect, m.low, m.high, m.note, m.reference)
    chosen = [m.model == name, m.detector.in_(detectors), m.column.in_(columns), m.segment == segment]
    chosen += [m.value.is_not(None), m.window_end > since]
    chosen += [m.window_end <= until] if until else []
    # all at once, since these are thousands of rows in every pass
    for end, *fields in connection.execute(select(m.window_end, *named).where(*chosen)).all():
        yield end, Measurement(*fields)


def write_judgement(connection: Connection, name: str, judged: Judgement) -> None:
    """Note that a window was judged, in the transaction that writes what was found."""
    connection.execute(delete(judgement).where(judgement.c.model == name, judgement.c.window_end == judged.window.end))
    connection.execute(
        insert(judgement).values(
            model=name,
            window_start=judged.window.start,
            window_end=judged.window.end,
            revision=judged.revision,
            rows=judged.rows,
            labelled=judged.labelled,
            matured=judged.matured,
            since=judged.since,
            decided=judged.decided,
            alarmed=judged.alarmed,
        )
    )


def read_judgements(connection: Connection, name: str) -> list[Judgement]:
    """Give a model's judged windows, oldest first."""
    rows = connection.execute(select(judgement).where(judgement.c.model == name).order_by(judgement.c.window_end))
    return [*map(_judgement, rows)]


def read_filled(connection: Connection, name: str, *, most: int, since: datetime | None = None) -> list[Judgement]:
    """Give the newest so many of a model's judged windows that held rows, oldest first; from `since` on the first."""
    j = judgement.c
    chosen = select(judgement).where(j.model == name, j.rows > 0).limit(most)
    if since is None:
        return [*map(_judgement, connection.execute(chosen.order_by(j.window_end.desc())))][::-1]
    behind = chosen.where(j.window_end > since, j.window_start >= since)
    return [*map(_judgement, connection.execute(behind.order_by(j.window_end)))]


def until_last_label(connection: Connection, name: str) -> Judgement | None:
    """Give a model's judged windows that held rows, up to the last with a label, as if they were one; None without."""
    j = judgement.c
    filled = (j.model == name, j.rows > 0)
    with_label = select(j.window_end).where(*filled, j.labelled > 0).order_by(j.window_end.desc())
    last: datetime | None = connection.scalar(with_label.limit(1))
    if last is None:
        return None
    sums = select(func.min(j.window_start), func.sum(j.rows), func.sum(j.labelled))
    start, rows, labelled = connection.execute(sums.where(*filled, j.window_end <= last)).one()
    return Judgement(Window(start, last), 0, int(rows), int(labelled), matured=False)


def _judgement(row: Any) -> Judgement:  # noqa: ANN401 (a row of the table)
    return Judgement(
        Window(row.window_start, row.window_end),
        row.revision,
        row.rows,
        row.labelled,
        matured=row.matured,
        since=row.since,
        decided=row.decided,
        alarmed=row.alarmed,
    )


def forget_judgements(connection: Connection, name: str, windows: Sequence[Window]) -> None:
    """Have it that some windows of a model were not judged; what was measured in them stays."""
    ends = [one.end for one in windows]
    for first in range(0, len(ends), _CHUNK):
        here = (judgement.c.model == name, judgement.c.window_end.in_(ends[first : first + _CHUNK]))
        connection.execute(delete(judgement).where(*here))


def doubt_judgements(connection: Connection, name: str) -> None:
    """Have every window of a model that still has profiles measured again, because its reference has changed."""
    connection.execute(update(judgement).where(judgement.c.model == name).values(revision=-1))


_COLUMNS = tuple(measurement.c.keys())


def _insert(connection: Connection, name: str, window: Window, revision: int, found: Sequence[Judged]) -> None:
    """Hand a window's rows to the driver as they are: to convert the instants row by row would be most of the cost."""
    as_stored = partial(UTCDateTime().process_bind_param, dialect=connection.dialect)
    instants = as_stored(window.start), as_stored(window.end)
    statement, positional = _inserting(connection.dialect)
    rows = [_row(name, instants, revision, judged) for judged in found]
    if positional:
        connection.exec_driver_sql(statement, rows)
    else:
        connection.exec_driver_sql(statement, [dict(zip(_COLUMNS, row, strict=True)) for row in rows])


@lru_cache(maxsize=8)
def _inserting(dialect: Dialect) -> tuple[str, bool]:
    compiled = insert(measurement).compile(dialect=dialect)
    return str(compiled), dialect.positional


def _row(name: str, instants: tuple[object, object], revision: int, judged: Judged) -> tuple[Any, ...]:
    """Give the values of a row in the order of the table's columns."""
    found = judged.measurement
    return (
        name,
        found.detector,
        found.column,
        found.segment,
        *instants,
        revision,
        found.value,
        found.low,
        found.high,
        found.p_value,
        found.effect,
        found.n,
        found.note,
        found.reference,
        judged.kind,
        judged.alpha,
        judged.threshold,
        judged.outcome,
    )
