"""One model's page as a plain dict: its windows, and what was found in them."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, select

from monitor.alerts.public import alert_id
from monitor.alerts.silence import NOTHING, Quieted
from monitor.alerts.vocabulary import level_of
from monitor.detectors import DETECTORS
from monitor.profiles.layout import Layout
from monitor.render import views
from monitor.render.ageing import ageing_of
from monitor.render.attacks import attacks_of
from monitor.render.columns import columns_of
from monitor.render.groups import groups_of
from monitor.render.past import past_of
from monitor.store.cursors import source_rows
from monitor.store.schema import alert_event, judgement, measurement, reference

VERSION = "version="
ESTIMATED = "performance.estimated"

CONFIDENCE = tuple(detector.name for detector in DETECTORS if detector.kind == "confidence")
"""The drift of confidence stands in the drift map, beside that of every column."""


LABELS = ("drift.concept",)
BESIDE = ("version_predictions", "version_performance", "version_inputs")


def model_page(
    connection: Connection,
    name: str,
    *,
    until: datetime | None = None,
    last: int = views.WINDOWS,
    quieted: Quieted = NOTHING,
) -> dict[str, Any]:
    """Give everything on a model's page, for the last windows that end by `until`; quieted: as of `overview`."""
    seen = views.windows(connection, name, until=until, last=last)
    firing = views.alerts(connection, name=name, states=views.TOLD, quieted=quieted)
    sources = [*map(dict, source_rows(connection))]
    word, why = views.health(firing, seen, views.sources_of(name, sources))
    page: dict[str, Any] = {
        "name": name,
        "page": views.page_name(name),
        "health": word,
        "why": why,
        "alerts": firing,
        "past": past_of(connection, name),
        "windows": seen,
        "span": (seen[0]["start"], seen[-1]["end"]) if seen else None,
        "links": _links(connection, name, seen, until, last),
    }
    if not seen:
        return page | {
            "episodes": [],
            "metrics": [],
            "confidence": [],
            "drift": [],
            "columns": None,
            "segments": {},
            "groups": {},
            "ageing": {},
            "attacks": [],
        }
    drift = _drift(connection, name, seen)
    metrics, segments = _metrics(connection, name, seen)
    realised = with_estimates([metric for metric in metrics if metric["kind"] != "confidence"])
    return page | {
        "episodes": _episodes(connection, name, seen, firing),
        "metrics": realised,
        "confidence": [metric for metric in metrics if metric["kind"] == "confidence"],
        "drift": drift,
        "columns": columns_of(connection, name, _worst(seen, drift)),
        "segments": segments,
        "groups": groups_of(connection, name, seen),
        "ageing": ageing_of(connection, name, seen, firing=firing, metrics=realised),
        "attacks": attacks_of(connection, name, seen, firing),
    }


def with_estimates(metrics: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Lay each estimate under the metric that it is of, with its past error: the mean of |realised - estimated|.

    `estimated` holds the estimate's points, None where there is none; `past` is (mean error, windows) or None.
    """
    guessed = {metric["title"]: metric["points"] for metric in metrics if metric["kind"] == ESTIMATED}
    known = [metric for metric in metrics if metric["kind"] != ESTIMATED]
    paired = {f"estimated {metric['title']}" for metric in known}
    alone = [metric for metric in metrics if metric["kind"] == ESTIMATED and metric["title"] not in paired]
    return [
        *(
            metric | _estimated_beside(metric["points"], guessed.get(f"estimated {metric['title']}"))
            for metric in known
        ),
        *(metric | {"estimated": None, "past": None} for metric in alone),
    ]


def _estimated_beside(points: Mapping[datetime, Any], guessed: Mapping[datetime, Any] | None) -> dict[str, Any]:
    pairs = [(points[end], guess) for end, guess in (guessed or {}).items() if end in points]
    errors = [abs(p.value - guess.value) for p, guess in pairs if p.value is not None and guess.value is not None]
    return {"estimated": guessed, "past": (sum(errors) / len(errors), len(errors)) if errors else None}


def _links(
    connection: Connection, name: str, seen: Sequence[Mapping[str, Any]], until: datetime | None, last: int
) -> dict[str, Any]:
    """Say where earlier and later windows are, by the end of the last one."""
    if not seen:
        return {"earlier": None, "later": None, "last": last, "until": until}
    own = judgement.c.model == name
    end = judgement.c.window_end
    before = select(end).where(own, end < seen[0]["end"]).order_by(end.desc()).limit(1)
    after = select(end).where(own, end > seen[-1]["end"]).order_by(end).limit(last)
    later = connection.scalars(after).all()
    return {
        "earlier": connection.scalar(before),
        "later": later[-1] if later else None,
        "last": last,
        "until": until,
    }


def _within(name: str, seen: Sequence[Mapping[str, Any]]) -> tuple[ColumnElement[bool], ...]:
    ends = measurement.c.window_end
    return (measurement.c.model == name, ends >= seen[0]["end"], ends <= seen[-1]["end"])


def _episodes(
    connection: Connection, name: str, seen: Sequence[Mapping[str, Any]], firing: Sequence[Mapping[str, Any]]
) -> list[dict[str, Any]]:
    """Give the episodes that reach into the windows shown; `end` is None while one goes on."""
    start, end = seen[0]["start"], seen[-1]["end"]
    # A resolution within the windows, or an alert that still fires, tells of an episode that began before them.
    told = select(alert_event).where(
        alert_event.c.model == name, alert_event.c.window_end >= start, alert_event.c.window_end <= end
    )
    found: dict[tuple[str, int], dict[str, Any]] = {}
    for row in connection.execute(told.order_by(alert_event.c.window_end, alert_event.c.id)):
        if row.state in ("firing", "resolved"):
            _extend(found, row, start)
    shown = {alert_id(*key).rpartition("-")[0] for key in found}
    for old in firing:
        if old["id"].rpartition("-")[0] not in shown and old["fired_at"] is not None and old["fired_at"] <= end:
            labels = {k: old[k] for k in ("kind", "detector", "column", "segment")}
            found[old["id"], -1] = labels | {"start": old["fired_at"], "end": None}
    return sorted(found.values(), key=lambda e: (e["kind"], e["start"]))


def _extend(found: dict[tuple[str, int], dict[str, Any]], row: Row[Any], start: datetime) -> None:
    plain = {k: row._mapping[k] for k in ("kind", "detector", "column", "segment")}  # noqa: SLF001  # its public name
    first = row.window_end if row.state == "firing" else start
    episode = found.setdefault((row.fingerprint, row.episode), plain | {"start": first, "end": None})
    if row.state == "resolved":
        episode["end"] = row.window_end


def _drift(connection: Connection, name: str, seen: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Give per column the armed drift measurement of every window; where several are armed, a breach wins."""
    m = measurement.c
    named = (m.column, m.window_end, m.detector, m.kind, m.outcome, m.note)
    armed = select(*named, m.effect, m.value, m.threshold, m.p_value, m.alpha).where(
        *_within(name, seen),
        m.kind.like("drift.%") | (m.kind == "confidence"),
        m.outcome != "",
        m.column != "",
        m.segment == "",
    )
    found: dict[str, dict[str, Any]] = {}
    for row in connection.execute(armed.order_by(m.window_end, m.revision, m.detector)):
        column = found.setdefault(row.column, {"name": row.column, "kind": row.kind, "cells": {}})
        before = column["cells"].get(row.window_end)
        if before is None or before.outcome != "breach" or before.detector == row.detector:
            column["cells"][row.window_end] = row
    hangs = _sensitivities(connection, name)
    for column in found.values():
        column["sensitivity"] = hangs.get(column["name"])
    return sorted(found.values(), key=_place)


def _place(column: Mapping[str, Any]) -> tuple[bool, str, float, str]:
    """Put what the model's answer hangs on most first."""
    return column["kind"] == "drift.data", column["kind"], -(column["sensitivity"] or 0.0), column["name"]


def _sensitivities(connection: Connection, name: str) -> dict[str, float | None]:
    """Give the share of the model's answer that each column explains, by the newest reference."""
    packed = connection.scalar(
        select(reference.c.layout)
        .where(reference.c.model == name, reference.c.segment == "")
        .order_by(reference.c.id.desc())
        .limit(1)
    )
    layout = Layout.kept(packed) if packed else None
    return {column.name: column.sensitivity for column in layout.columns} if layout else {}


def _metrics(
    connection: Connection, name: str, seen: Sequence[Mapping[str, Any]]
) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """Give every metric with its points, first of all traffic, then of each segment's last point."""
    m = measurement.c
    named = (m.kind, m.detector, m.column, m.segment, m.window_end, m.outcome, m.note)
    rows = connection.execute(
        select(*named, m.value, m.low, m.high, m.reference, m.n)
        .where(
            *_within(name, seen),
            m.kind.like("performance.%") | m.kind.in_(LABELS) | m.detector.in_(CONFIDENCE),
        )
        .order_by(m.kind.desc(), m.detector, m.column, m.segment, m.window_end, m.revision)
    )
    whole: dict[Any, dict[str, Any]] = {}
    parts: dict[str, dict[Any, dict[str, Any]]] = {}
    for row in rows:
        told_apart = row.kind != "confidence" or row.detector == "confidence_by_class"
        title = level_of(row.detector) + (f" {row.column}" if row.column and told_apart else "")
        place: dict[Any, dict[str, Any]] = whole if not row.segment else parts.setdefault(row.segment, {})
        metric = place.setdefault((row.kind, title), {"kind": row.kind, "title": title, "points": {}})
        metric["points"][row.window_end] = row
    return list(whole.values()), _segments(connection, name, seen, parts)


def _segments(
    connection: Connection, name: str, seen: Sequence[Mapping[str, Any]], parts: Mapping[str, Mapping[Any, Any]]
) -> dict[str, Any]:
    """Arrange the segments: a row each with its breaches, and the versions by themselves."""
    m = measurement.c
    breached = select(m.segment, m.window_end).where(*_within(name, seen), m.outcome == "breach", m.segment != "")
    breaches: dict[str, set[datetime]] = {}
    for segment, end in connection.execute(breached.distinct()):
        breaches.setdefault(segment, set()).add(end)
    titles = sorted({key for metrics in parts.values() for key in metrics})
    rows = [
        {
            "name": segment,
            "metrics": [_last(parts.get(segment, {}).get(key)) for key in titles],
            "charts": [parts.get(segment, {}).get(key) for key in titles],
            "breaches": len(breaches.get(segment, ())),
        }
        for segment in sorted(parts.keys() | breaches.keys())
    ]
    return {
        "titles": [title for _, title in titles],
        "rows": [row for row in rows if not str(row["name"]).startswith(VERSION)],
        "versions": [row for row in rows if str(row["name"]).startswith(VERSION)],
        "beside": _beside(connection, name, seen),
    }


def _beside(connection: Connection, name: str, seen: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Give what newer versions do otherwise than the older one, each number as last measured."""
    m = measurement.c
    chosen = select(m.segment, m.detector, m.column, m.window_end, m.value, m.reference, m.p_value, m.outcome, m.note)
    found = connection.execute(
        chosen.where(*_within(name, seen), m.detector.in_(BESIDE), m.value.is_not(None)).order_by(m.window_end)
    )
    last = {(row.segment, row.detector, row.column): row for row in found}
    titles = ((row, level_of(row.detector) + (f": {row.column}" if row.column else "")) for row in last.values())
    found_now = [{"version": row.segment.removeprefix(VERSION), "title": title, "row": row} for row, title in titles]
    return sorted(found_now, key=lambda one: (one["version"], one["title"]))


def _last(metric: Mapping[str, Any] | None) -> Row[Any] | None:
    points: Iterable[Row[Any]] = reversed(list(metric["points"].values())) if metric else ()
    return next((row for row in points if row.value is not None), None)


def _worst(seen: Sequence[Mapping[str, Any]], drift: Sequence[Mapping[str, Any]]) -> Mapping[str, Any]:
    """Choose the window in which most columns drifted, the latest of them; the last one when none did."""
    ends = [row.window_end for column in drift for row in column["cells"].values() if row.outcome == "breach"]
    return max(seen, key=lambda window: (ends.count(window["end"]), window["end"]))
