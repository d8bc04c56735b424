"""Columns that would be watched and mean nothing to a model: times, ids, numbers that count."""

from collections.abc import Iterator

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from monitor.profiles.reading import categories
from monitor.setup.ageing import counts_with_clients, growth_with_clients
from monitor.setup.look import is_nested, is_text, plain
from monitor.setup.signs import as_growing, as_naming, as_other_time, as_unique, times_named
from monitor.types import Roles

STILL_NEW = 0.05
"""From this share of the later half's rows on, times never seen before will go on to come."""
FIRST = 100
AGE = "; a difference made of it, as an age is, can be compared"
MEND = "put it into columns.ignore"


def meaningless(roles: Roles, reference: pa.Table | None, records: pa.Table | None) -> Iterator[tuple[str, str]]:
    """Yield (problem, mend) for features that no two spans of time have alike, or of which nothing can be compared.

    What the configuration names in any part, or gives a kind, is meant, and passed over. Without the records' times
    nothing is told.
    """
    tables = [table for table in (reference, records) if table is not None]
    named = {*_named(roles), *roles.others, *roles.kinds}
    if records is not None and roles.timestamp not in records.column_names:
        return
    for name in tables[0].column_names if tables else ():
        held = [table for table in tables if name in table.column_names and not is_nested(table[name])]
        if name in named or not held:
            continue
        if any(as_growing(_times(table, roles))(name, table[name]) for table in held):
            problem = f"{name!r} grows with time: no window will be like the reference, and drift is told for ever"
            yield problem, MEND + AGE
        elif said := _said(name, held[0][name]) or _ages(name, held[-1], roles):
            yield said


def _ages(name: str, rows: pa.Table, roles: Roles) -> tuple[str, str] | None:
    if roles.client is None:
        return None
    growth = growth_with_clients(rows, name, roles)
    if not (growth or counts_with_clients(rows, name, roles)):
        return None
    grows = f"grows by about {growth:.1g} a day" if growth else "only grows"
    problem = f"{name!r} {grows} with each {roles.client}: while the same ones come, it drifts"
    return problem, f"{MEND}, or take what is told of it as their ageing"


def _named(roles: Roles) -> set[str | None]:
    outputs, parts = {roles.prediction, roles.label, *roles.scores}, {*roles.segments, *roles.sensitive}
    return {*roles.aside, *outputs, *parts, *roles.population}


def _times(table: pa.Table, roles: Roles) -> pa.ChunkedArray | None:
    known = roles.timestamp in table.column_names
    return times_named(roles.timestamp, table[roles.timestamp]) if known else None


def _said(name: str, column: pa.ChunkedArray) -> tuple[str, str] | None:
    if as_other_time(name, column):
        problem = f"{name!r} holds times, which are compared value by value, and ever new ones come"
        return (problem, MEND + AGE) if _new_ones_come(column) else None
    if as_unique(name, column) and _looks_like_id(name, column):
        return f"{name!r} is different in every row, as an id is: nothing of it can be compared", MEND
    if as_naming(name, column):
        return f"{name!r} is an id hardly a value of which comes again: it moves as new ones are given out", MEND
    return None


def _new_ones_come(column: pa.ChunkedArray) -> bool:
    """Say whether the later half of the rows holds times that the earlier does not; few dates may be categories."""
    positions = categories(column.drop_null()).positions
    early, late = positions[: positions.size // 2], positions[positions.size // 2 :]
    return bool(late.size) and float(np.mean(~np.isin(late, early))) > STILL_NEW


def _looks_like_id(name: str, column: pa.ChunkedArray) -> bool:
    """Say whether texts are codes of one length with digits, or named like ids; others, as addresses, may be texts."""
    if not is_text(column) or as_naming(name, column):
        return True
    first = plain(column).drop_null().slice(0, FIRST)
    digits = pc.mean(pc.match_substring_regex(first, "[0-9]").cast(pa.float64())).as_py()
    return len(pc.unique(pc.utf8_length(first))) == 1 and digits > 0.9
