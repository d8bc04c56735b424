"""In which rows the values stand by which a column is broken: those of one source, one country, one app."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from sqlalchemy import Connection

from monitor.alerts.causes import BROKEN_IN
from monitor.alerts.finding import Finding
from monitor.alerts.news import shows_hiding
from monitor.detectors.quality import out_of_range_share
from monitor.profiles.placing import places_of
from monitor.profiles.profile import Profile
from monitor.profiles.reading import categories, floats, holding
from monitor.profiles.tables import joined
from monitor.profiles.texts import HIDDEN, hidden, texts_of
from monitor.steps.broken_by import ASKED, are_broken
from monitor.steps.evidence import unit_by_moments
from monitor.store.database import Database
from monitor.store.records import read_records
from monitor.types import Window
from monitor.watch import Watch

LEAST, MOST_OF_THEM, LIFT = 10, 0.8, 4.0
"""One value's rows are named that hold so many of the broken values, that part of all of them, and so many times the
odds of any row."""
NEW = 0.1
"""Of a fault that the reference has a tenth as often, at least, it is not said where it stands: it stood there."""
MOST_VALUES = 1_000

Flags = NDArray[np.bool_]


@dataclass(frozen=True)
class Place:
    """The rows of one value that hold most of the broken values: their part of these, of all rows, and how many do."""

    column: str
    value: str
    share: float
    traffic: float
    broken: float


def with_broken_in(
    database: Database, watch: Watch, stepped: Sequence[Finding], reference: Profile, window: Window
) -> list[Finding]:
    """Give a window's findings, those about broken values with the value of another column that goes with them.

    And with the unit that these rows' values may be in, where that is not known yet. Nothing is added where there is no
    such value, or where records are not kept any more.
    """
    asked = [f for f in stepped if _asks(f, reference)]
    # what all traffic shows is sought there once, and not in each of its segments
    whole = {(f.detector, f.column) for f in asked if not f.segment}
    asked = [f for f in asked if not f.segment or (f.detector, f.column) not in whole]
    if not asked:
        return list(stepped)
    with database.read() as connection:
        found = {f.fingerprint: _evidence(connection, watch.name, f, reference, window) for f in asked}
    return [replace(f, evidence={**f.evidence, **found.get(f.fingerprint, {})}) for f in stepped]


def _asks(finding: Finding, reference: Profile) -> bool:
    if finding.column not in reference.layout.by_name or not (finding.alert.breaches and finding.alert.breaches[-1]):
        return False
    usual = (finding.reference_value or 0.0) > NEW * (finding.value or 0.0)
    return shows_hiding(finding) or (finding.detector in ASKED and not usual)


def _evidence(
    connection: Connection, model: str, finding: Finding, reference: Profile, window: Window
) -> dict[str, Any]:
    logged, others = str(finding.evidence.get("of") or finding.column), list(_splitting(finding, reference))
    wanted = [logged, *others]
    read = read_records(connection, model, window, timestamp=reference.layout.roles.timestamp, columns=wanted)
    tables = [rows for rows in read if rows.num_rows and set(wanted) <= set(rows.column_names)]
    if not tables:
        return {}
    rows = _within(joined(tables), finding.segment)
    place = where_broken(rows.select(others), _broken(rows[logged], finding, reference))
    if place is None:
        return {}
    unit = {} if "unit" in finding.evidence else _unit(rows, finding, place, reference)
    told = {name: round(part, 3) if isinstance(part, float) else part for name, part in vars(place).items()}
    return {BROKEN_IN: told, **unit}


def _broken(values: pa.ChunkedArray, finding: Finding, reference: Profile) -> Flags:
    """Say which rows hold what an alert tells of: broken values, or texts that hide more than any of the reference."""
    if shows_hiding(finding):
        kind = HIDDEN.index(finding.column.partition("(")[0])
        most = reference.columns[finding.column].high or 0.0
        return np.asarray(np.nan_to_num(hidden(texts_of(values))[kind]) > most)
    column = reference.layout.by_name[finding.column]
    return are_broken(finding.detector, places_of(values, column), column)


def _splitting(finding: Finding, reference: Profile) -> Iterator[str]:
    """Name the columns of categories by which rows may be told apart: not the broken one, nor the segment's own."""
    roles = reference.layout.roles
    own = {finding.column, finding.evidence.get("of"), finding.segment.partition("=")[0]}
    for column in reference.layout.columns:
        logged = column.role in ("feature", "sensitive") or column.name in roles.segments
        if column.kind == "categorical" and logged and column.name not in own and column.name != roles.client:
            yield column.name


def _within(rows: pa.Table, segment: str) -> pa.Table:
    name, _, value = segment.partition("=")
    return rows.filter(pa.array(holding(rows[name], value))) if name in rows.column_names else rows


def where_broken(rows: pa.Table, broken: Flags) -> Place | None:
    """Give the value whose rows are most nearly those that are broken; None where no value's rows hold most of them.

    rows: columns that rows are told apart by. broken: which rows are, shape (rows,). Nearest are those that share most
    of all rows of either. (Jaccard 1912)

    >>> rows = pa.table({"board": ["a"] * 90 + ["b"] * 10, "day": ["x", "y"] * 50})
    >>> where_broken(rows, np.arange(100) >= 90)
    Place(column='board', value='b', share=1.0, traffic=0.1, broken=1.0)
    """
    total, best = int(broken.sum()), list[tuple[float, Place]]()
    for name in rows.column_names if total >= LEAST else ():
        read = categories(rows[name])
        texts = [*read.texts, None]
        if len(texts) > MOST_VALUES:
            continue
        held = np.bincount(read.positions % len(texts), minlength=len(texts))
        hits = np.bincount(read.positions[broken] % len(texts), minlength=len(texts))
        likeness = hits / np.maximum(total + held - hits, 1)
        at = int(np.argmax(np.where([text is not None for text in texts], likeness, -1.0)))
        share, traffic = float(hits[at] / total), float(held[at] / max(rows.num_rows, 1))
        more = share * (1 - traffic) >= LIFT * traffic * (1 - share) and traffic < 1
        if share >= MOST_OF_THEM and more and hits[at] >= LEAST:
            best.append((float(likeness[at]), Place(name, str(texts[at]), share, traffic, float(hits[at] / held[at]))))
    return max(best, key=lambda one: one[0])[1] if best else None


def _unit(rows: pa.Table, finding: Finding, place: Place, reference: Profile) -> dict[str, Any]:
    """Say in which unit the values of one value's rows may be that mostly lie beyond the reference's range."""
    column = reference.layout.by_name[finding.column]
    usual = reference.columns[finding.column].moments
    if finding.detector != out_of_range_share.NAME or column.kind != "numeric" or usual is None:
        return {}
    values = floats(rows[finding.column].filter(pa.array(holding(rows[place.column], place.value))))
    values = values[np.isfinite(values)]
    unit = unit_by_moments(finding.column, usual[1:], (float(values.mean()), float(values.var())))
    return {"unit": unit, "unit_in": f"{place.column}={place.value}"} if unit else {}
