"""The ageing of a model's page: how old its reference is, what that does not hold, and where performance leads."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from sqlalchemy import Connection, select

from monitor.alerts.vocabulary import level_of
from monitor.profiles.calendar import Uncovered, last_week, uncovered_now
from monitor.profiles.layout import Layout
from monitor.render.charts import Course
from monitor.render.svg import TimeScale
from monitor.store.hours import hours_within
from monitor.store.schema import measurement, reference
from monitor.types import Window

AGEING, AGE = "ageing", "model_age"
MONTH = timedelta(days=30)
AHEAD = 1.0
"""How far a chart looks ahead, as a part of the time that it shows."""


def ageing_of(
    connection: Connection,
    name: str,
    seen: Sequence[Mapping[str, Any]],
    *,
    firing: Sequence[Mapping[str, Any]],
    metrics: Sequence[Mapping[str, Any]],
) -> dict[str, Any]:
    """Give what is known of a model's age in the windows shown; empty where `ageing` has no value in them.

    `newest`: the last value; `age` in days and the reference's `calendar`, None where it has no times. `uncovered`:
    what of the windows it does not hold. `told`: the evidence of an alert that fires, its `metric`, and its `course`.
    """
    newest = _newest(connection, name, seen)
    if AGEING not in newest:
        return {}
    layout = _layout(connection, name)
    calendar = layout.calendar if layout else None
    known = [Window(one["start"], one["end"]) for one in seen]
    return {
        "newest": newest[AGEING],
        "age": newest[AGE].value if AGE in newest else None,
        "calendar": calendar,
        "uncovered": _uncovered(connection, name, layout, known),
        "told": _told(firing, metrics, seen),
    }


def _newest(connection: Connection, name: str, seen: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    m = measurement.c
    within = (m.model == name, m.window_end >= seen[0]["end"], m.window_end <= seen[-1]["end"])
    known = (m.detector.in_((AGEING, AGE)), m.segment == "", m.value.is_not(None))
    chosen = select(m.detector, m.window_end, m.value, m.p_value).where(*within, *known).order_by(m.window_end)
    return {row.detector: row for row in connection.execute(chosen)}


def _layout(connection: Connection, name: str) -> Layout | None:
    own = (reference.c.model == name, reference.c.segment == "")
    packed = connection.scalar(select(reference.c.layout).where(*own).order_by(reference.c.id.desc()).limit(1))
    return Layout.kept(packed) if packed else None


def _uncovered(connection: Connection, name: str, layout: Layout | None, known: Sequence[Window]) -> Uncovered | None:
    """Say what of the windows shown the reference does not hold, of times of which there are rows now."""
    if layout is None or layout.calendar is None:
        return None
    hours = partial(hours_within, connection, name, timestamp=layout.roles.timestamp)
    return uncovered_now(layout.calendar, known, last_week(known), hours)


def _told(
    firing: Sequence[Mapping[str, Any]], metrics: Sequence[Mapping[str, Any]], seen: Sequence[Mapping[str, Any]]
) -> dict[str, Any] | None:
    evidence: Mapping[str, Any] = next(
        (row["evidence"] for row in firing if row["detector"] == AGEING and not row["segment"]), {}
    )
    title = level_of(evidence["metric"]) if "since" in evidence else ""
    metric = next((one for one in metrics if one["title"] == title), None)
    if metric is None:
        return None
    start, end = seen[0]["start"], seen[-1]["end"]
    reaches = _instant((evidence["reaches"] or {}).get("at"))
    last = end if reaches is None else max(end, min(reaches, end + AHEAD * (end - start)))
    course = Course(_instant(evidence["since"]), _line(evidence["per_30_days"], start, last), reaches)
    course = replace(course, limit=evidence["reaches"]["limit"]) if evidence["reaches"] else course
    return {"evidence": evidence, "metric": metric, "course": course, "scale": TimeScale(start, last)}


def _line(trend: Mapping[str, Any] | None, start: datetime, last: datetime) -> tuple[tuple[datetime, float], ...]:
    """Give the trend's line at its beginning, at the last window it is fitted to, and at the end of the chart."""
    if not trend or "level" not in trend:
        return ()
    begun, until = (datetime.fromisoformat(trend[name]) for name in ("from", "until"))
    places = sorted({max(begun, start), max(until, start), last})
    return tuple((at, trend["level"] + trend["slope"] * ((at - until) / MONTH)) for at in places)


def _instant(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)
