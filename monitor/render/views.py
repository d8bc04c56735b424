"""From the tables to plain dicts, one a page: rows are selected and arranged, and nothing is computed."""

import hashlib
import re
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, func, select

from monitor.alerts.public import public_of
from monitor.alerts.silence import NOTHING, Quieted
from monitor.alerts.vocabulary import LOSSES
from monitor.store.cursors import source_rows
from monitor.store.schema import (
    alert,
    channel_state,
    judgement,
    measurement,
    model,
    outbox,
    quarantine,
)

WINDOWS, MOST_WINDOWS = 120, 1000
SPARK_WINDOWS = 60
TOLD = ("firing", "recovering")
HEALTHS = ("alerting", "cannot see", "ok")


def overview(
    connection: Connection, *, watched: Collection[str] | None = None, quieted: Quieted = NOTHING
) -> dict[str, Any]:
    """Give every model with its health, the firing alerts, the sources, the receivers and what was quarantined.

    Models come by how they are, what alerts or cannot be seen first, then by name. watched: those of the
    configuration; the others are `gone`, and nothing but their page is shown of them. None is every model. quieted:
    what people have quieted.
    """
    names = connection.scalars(select(model.c.name).order_by(model.c.name)).all()
    gone = [name for name in names if watched is not None and name not in watched]
    firing = [row for row in alerts(connection, states=TOLD, quieted=quieted) if row["model"] not in gone]
    sources = [row for row in map(dict, source_rows(connection)) if not any(sources_of(name, [row]) for name in gone)]
    models = [_summary(connection, name, firing, sources) for name in names if name not in gone]
    return {
        "models": sorted(models, key=lambda one: HEALTHS.index(one["health"])),
        "healths": [(word, count) for word in HEALTHS if (count := sum(one["health"] == word for one in models))],
        "gone": [{"name": name, "page": page_name(name)} for name in gone],
        "alerts": firing,
        "sources": sources,
        "receivers": receivers(connection),
        "quarantine": quarantined(connection),
    }


def alerts(
    connection: Connection,
    *,
    name: str | None = None,
    states: Sequence[str] = (),
    limit: int = 1000,
    quieted: Quieted = NOTHING,
) -> list[dict[str, Any]]:
    """Give alerts with the public keys, the one that fired last first; alerts that are ok are left out."""
    chosen = [alert.c.model == name] if name is not None else []
    chosen += [alert.c.state.in_(states)] if states else [alert.c.state != "ok"]
    newest = (alert.c.fired_at.is_(None), alert.c.fired_at.desc(), alert.c.fingerprint)
    rows = connection.execute(select(alert).where(*chosen).order_by(*newest).limit(limit)).mappings()
    return [quieted.shown(public_of(dict(row))) | {"page": page_name(row["model"])} for row in rows]


def measurements(
    connection: Connection,
    name: str,
    *,
    detector: str | None = None,
    until: datetime | None = None,
    limit: int = 10_000,
) -> list[dict[str, Any]]:
    """Give the newest public rows of a model, newest window first, with the table's column names as keys."""
    chosen = [measurement.c.model == name]
    chosen += [measurement.c.detector == detector] if detector else []
    chosen += [measurement.c.window_end <= until] if until else []
    order = (measurement.c.window_end.desc(), measurement.c.detector, measurement.c.column, measurement.c.segment)
    rows = connection.execute(select(measurement).where(*chosen).order_by(*order).limit(limit)).mappings()
    return [dict(row) for row in rows]


def receivers(connection: Connection) -> list[dict[str, Any]]:
    """Give every receiver that is known with its state, its pending messages and its dead letters."""
    counted = select(outbox.c.receiver, outbox.c.state, func.count()).group_by(outbox.c.receiver, outbox.c.state)
    counts: dict[str, dict[str, int]] = {}
    for receiver, state, number in connection.execute(counted):
        counts.setdefault(receiver, {})[state] = number
    states = {row.receiver: row for row in connection.execute(select(channel_state))}
    return [_receiver(name, states.get(name), counts.get(name, {})) for name in sorted(counts.keys() | states.keys())]


def quarantined(connection: Connection) -> list[dict[str, Any]]:
    """Give how many rows of each source could not be taken, with the newest reason."""
    newest = select(quarantine.c.source, func.max(quarantine.c.id).label("id"), func.count().label("rows"))
    grouped = newest.group_by(quarantine.c.source).subquery()
    columns = (grouped.c.source, grouped.c.rows, quarantine.c.reason, quarantine.c.at, quarantine.c.position)
    rows = connection.execute(select(*columns).join(quarantine, quarantine.c.id == grouped.c.id).order_by("source"))
    return [dict(row) for row in rows.mappings()]


def windows(
    connection: Connection, name: str, *, until: datetime | None = None, last: int = WINDOWS
) -> list[dict[str, Any]]:
    """Give the last judged windows that end by `until`, oldest first."""
    chosen = [judgement.c.model == name] + ([judgement.c.window_end <= until] if until else [])
    newest = select(judgement).where(*chosen).order_by(judgement.c.window_end.desc()).limit(min(last, MOST_WINDOWS))
    return [_window(row) for row in reversed(connection.execute(newest).all())]


def page_name(name: str) -> str:
    r"""Give a model's page a file name of letters, digits, `-` and `_` that no other model has.

    >>> page_name("flight-delays"), page_name("../a b")
    ('flight-delays', 'a-b-2c2c791a')
    """
    plain = re.sub(r"[^a-z0-9_]+", "-", name.lower()).strip("-")[:80]
    return plain if plain and plain == name else f"{plain}-{hashlib.sha256(name.encode()).hexdigest()[:8]}".lstrip("-")


def named(connection: Connection, page: str) -> str | None:
    """Give the model that a page, or the model's own name, stands for; None where there is none."""
    names = connection.scalars(select(model.c.name)).all()
    return next((name for name in names if page == name), None) or next(
        (name for name in names if page == page_name(name)), None
    )


def _summary(
    connection: Connection, name: str, firing: Sequence[Mapping[str, Any]], sources: Sequence[Mapping[str, Any]]
) -> dict[str, Any]:
    own = [row for row in firing if row["model"] == name]
    seen = windows(connection, name, last=SPARK_WINDOWS)
    kinds: dict[str, int] = {}
    for row in own:
        kinds[row["kind"]] = kinds.get(row["kind"], 0) + 1
    word, why = health(own, seen, sources_of(name, sources))
    return {
        "name": name,
        "page": page_name(name),
        "health": word,
        "why": why,
        "windows": seen,
        "last": seen[-1] if seen else None,
        "labelled": next((w for w in reversed(seen) if w["matured"]), None),
        "kinds": sorted(kinds.items()),
    }


def health(
    firing: Sequence[Mapping[str, Any]], seen: Sequence[object], sources: Sequence[Mapping[str, Any]]
) -> tuple[str, str]:
    """Say how a model is, in a word, and why. What cannot be seen comes before what is seen to be wrong."""
    blind = [
        row["text"] or "a health alert fires"
        for row in firing
        if row["kind"] == "health" and row["detector"] not in LOSSES
    ]
    blind += [row["problem"] for row in sources if row["problem"]]
    if blind:
        return "cannot see", blind[0]
    if not seen:
        return "cannot see", "no window has been judged yet"
    return ("alerting", "") if firing else ("ok", "")


def sources_of(name: str, sources: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Give the sources of a model: its records, its labels and its reference."""
    return [row for row in sources if name in (row["source"], row["source"].rpartition("/")[0])]


def _receiver(name: str, state: Row[Any] | None, counts: Mapping[str, int]) -> dict[str, Any]:
    off, paused, failures = (state.off, state.paused_until, state.failures) if state else (False, None, 0)
    word = "off" if off else "paused" if paused else "failing" if failures else "ok"
    return {
        "name": name,
        "state": word,
        "off": off,
        "paused_until": paused,
        "reason": state.reason if state else "",
        "pending": counts.get("pending", 0),
        "dead": counts.get("dead", 0),
    }


def _window(row: Row[Any]) -> dict[str, Any]:
    return {
        "start": row.window_start,
        "end": row.window_end,
        "rows": row.rows,
        "labelled": row.labelled,
        "matured": row.matured,
    }
