"""What lies in quarantine, by reasons that differ in nothing but the value."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import Connection, case, func, select

from monitor.store.schema import quarantine

_QUOTED = r"""'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*\""""
_VALUE = re.compile(rf"(?<=['\"]) (?:{_QUOTED})|(?<=was )(?:{_QUOTED})|\d+")


@dataclass(frozen=True)
class Turned:
    """Rows of a source that could not be taken for reasons alike: how many, how many of late, one reason, its place."""

    source: str
    rows: int
    lately: int
    reason: str
    position: str
    reasons: int = 1

    def __str__(self) -> str:
        """Say it in one line."""
        such = ", such as" if self.reasons > 1 else ""
        lately = f", {self.lately:,} in the last day" if self.lately else ""
        return f"{self.rows:,} rows quarantined{lately}{such}: {self.reason}; the first at {self.position}"


def quarantined(connection: Connection, sources: Sequence[str], *, since: datetime) -> list[Turned]:
    """Give what became of the rows of sources that could not be taken, most rows first; lately: from `since` on."""
    alike: dict[tuple[str, str], Turned] = {}
    for one in _by_reason(connection, sources, since):
        key = (one.source, pattern(one.reason))
        first = alike.get(key)
        alike[key] = one if first is None else _together(first, one)
    return sorted(alike.values(), key=lambda one: (-one.rows, one.source, one.reason))


def pattern(reason: str) -> str:
    """Give what is left of a reason without values and numbers.

    >>> pattern("'ts' '06/05/2025 03:11' is no time; write ISO 8601")
    "'ts'* is no time; write ISO *"
    >>> pattern("3 fields, the header has 7"), pattern("the label was 'a' before")
    ('* fields, the header has *', 'the label was * before')
    """
    return _VALUE.sub("*", reason)


def _by_reason(connection: Connection, sources: Sequence[str], since: datetime) -> Iterator[Turned]:
    by_reason = (quarantine.c.source, quarantine.c.reason)
    lately = func.sum(case((quarantine.c.at >= since, 1), else_=0)).label("lately")
    counts = select(*by_reason, func.count().label("rows"), lately, func.min(quarantine.c.id).label("first"))
    grouped = counts.where(quarantine.c.source.in_(sources)).group_by(*by_reason).subquery()
    placed = select(grouped, quarantine.c.position).join(quarantine, quarantine.c.id == grouped.c.first)
    for row in connection.execute(placed.order_by(grouped.c.first)):
        yield Turned(row.source, row.rows, row.lately, row.reason, row.position)


def _together(first: Turned, other: Turned) -> Turned:
    return replace(
        first, rows=first.rows + other.rows, lately=first.lately + other.lately, reasons=first.reasons + other.reasons
    )
