"""How many rows each client sends, and who sends more than usual, or fewer, where a window has more, or fewer."""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import Connection

from monitor.alerts.causes import WHOSE_ROWS
from monitor.alerts.finding import Finding
from monitor.detectors.quality import volume
from monitor.profiles.reading import counted
from monitor.steps.history import CYCLES, History
from monitor.store.database import Database
from monitor.store.records import read_records
from monitor.types import Window
from monitor.watch import Watch

MOST, PART, NOISE = 20, 0.02, 3.0
"""So many clients are told of, who each make such a part of the difference, by so many roots of their rows."""
WEEKS, LAST = 4, 7
"""Usual is what a client sent at the same time of so many weeks; where two are not known, in so many windows before."""


@dataclass(frozen=True)
class Senders:
    """How many rows each client sent in a window; empty where records name no client."""

    rows: Mapping[str, int]
    total: int

    @classmethod
    def of(cls, connection: Connection, watch: Watch, window: Window) -> "Senders":
        """Count them."""
        role = watch.roles.client
        counts, total = Counter[str](), 0
        for table in read_records(
            connection, watch.name, window, timestamp=watch.roles.timestamp, columns=[role] if role else []
        ):
            total += table.num_rows
            if role in table.column_names:
                counts.update({text: n for text, n in counted(table[role]).items() if text})
        return cls(counts, total)


def with_clients_behind(
    database: Database, watch: Watch, stepped: Sequence[Finding], history: History, window: Window
) -> list[Finding]:
    """Give a window's findings, that of how many rows it has with the clients that sent more of them, or fewer.

    Nothing is added where records name no client, are not kept any more, or where no client makes a part of it.
    """
    asked = {f.fingerprint for f in stepped if f.detector == volume.NAME and f.breaches and f.value and not f.segment}
    if not asked or watch.roles.client is None:
        return list(stepped)
    with database.read() as connection:
        return [_behind(connection, watch, f, history, window) if f.fingerprint in asked else f for f in stepped]


def _behind(connection: Connection, watch: Watch, finding: Finding, history: History, window: Window) -> Finding:
    since = finding.alert.since or window.start
    weekly = [one for one in history.before(window, WEEKS, cycle=CYCLES[0]) if one.end <= since]
    last = history.before(Window(since, since + (window.end - window.start)), LAST, cycle=None)
    held = [Senders.of(connection, watch, one) for one in (weekly if len(weekly) > 1 else last)]
    before = [one for one in held if one.total]
    now = Senders.of(connection, watch, window)
    told = apart(now.rows, [one.rows for one in before], more=(finding.value or 0.0) > (finding.reference_value or 0.0))
    return replace(finding, evidence={**finding.evidence, WHOSE_ROWS: told}) if told else finding


def apart(now: Mapping[str, int], before: Sequence[Mapping[str, int]], *, more: bool) -> list[dict[str, Any]]:
    """Name the clients that send more rows than before, or fewer, those first that make most of the difference.

    now, before: rows by client, of a window and of earlier ones.

    >>> apart({"a": 90}, [{"a": 100, "b": 40}, {"a": 96, "b": 44}], more=False)
    [{'client': 'b', 'rows': 0, 'usual': 42}]
    """
    if not before:
        return []
    usual = {c: sum(one.get(c, 0) for one in before) / len(before) for c in set().union(*before)}
    turned = {c: (now.get(c, 0) - usual.get(c, 0.0)) * (1 if more else -1) for c in {*usual, *now}}
    least = PART * sum(max(difference, 0.0) for difference in turned.values())
    told = [
        c
        for c, difference in turned.items()
        if difference >= max(least, NOISE * math.sqrt(max(usual.get(c, 0.0), now.get(c, 0), 1.0)))
    ]
    told.sort(key=lambda client: (-turned[client], client))
    return [{"client": c, "rows": now.get(c, 0), "usual": round(usual.get(c, 0.0))} for c in told[:MOST]]
