"""From a page's numbers to inline SVG: volume, metrics with their intervals, coverage by labels."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from markupsafe import Markup

from monitor.render.frame import Window, frame, line, middle, runs, span
from monitor.render.svg import LEFT, RIGHT, WIDTH, TimeScale, ValueScale, drawing, read_number, read_time, tag

_DAY = timedelta(days=1)


@dataclass(frozen=True)
class Course:
    """Where a metric came from and where it leads.

    since: when it began to differ. line: (time, value) along its trend, the last ones ahead; empty without a trend.
    reaches: when it will be at its `limit`, None where it does not go there.
    """

    since: datetime | None
    line: tuple[tuple[datetime, float], ...] = ()
    reaches: datetime | None = None
    limit: float | None = None


def sparkline(values: Sequence[float], title: str, *, width: float = 150, height: float = 28) -> Markup:
    """Draw a small row of bars, the newest on the right, from 0 to the largest."""
    top, step = max(values, default=0) or 1, width / max(len(values), 1)
    bars = (
        tag("rect", x=i * step, y=height - h, width=max(step - 1, 0.8), height=h, class_="bar")
        for i, h in enumerate(max(value / top * height, 1.0 if value else 0.0) for value in values)
    )
    return drawing(*bars, width=width, height=height, title=title, class_="spark")


def small_line(points: Sequence[float | None], title: str, *, width: float = 150, height: float = 34) -> Markup:
    """Draw a small line with its last point; a gap where a number is undefined."""
    known = [value for value in points if value is not None]
    scale = ValueScale.around(known, top=4, bottom=height - 4)
    places = [
        None if v is None else (4 + i * (width - 8) / max(len(points) - 1, 1), scale.y(v)) for i, v in enumerate(points)
    ]
    last = next((place for place in reversed(places) if place), None)
    dot = tag("circle", cx=last[0], cy=last[1], r=2.5, class_="dot") if last else ""
    return drawing(line(places, "line"), dot, width=width, height=height, title=title, class_="spark")


def volume(windows: Sequence[Window], scale: TimeScale) -> Markup:
    """Draw the rows of every window."""
    height = 110.0
    values = ValueScale.around([w["rows"] for w in windows], top=12, bottom=height - 24, zero=True)
    bars = (_bar(scale, w, values, w["rows"], told=f"{span(w)}: {w['rows']:,} rows", name="bar") for w in windows)
    return drawing(*frame(scale, values, height, "rows"), *bars, height=height, title="Rows per window")


def metric(
    points: Mapping[datetime, Any],
    windows: Sequence[Window],
    scale: TimeScale,
    title: str,
    estimated: Mapping[datetime, Any] | None = None,
    *,
    course: Course | None = None,
) -> Markup:
    """Draw a metric with the band of its interval; hollow where labels may still come, with how many did.

    A dashed line stands at the newest reference that is known. estimated: what was estimated of it without labels, a
    line and a band of its own. course: its trend, drawn through it and ahead.
    """
    height = 170.0
    shown = [(w, points[w["end"]]) for w in windows if w["end"] in points]
    numbers = [v for _, p in shown for v in (p.value, p.low, p.high) if v is not None]
    reference = next((p.reference for _, p in reversed(shown) if p.reference is not None), None)
    numbers += [] if reference is None else [reference]
    guessed = [(w, p) for w, p in _with_gaps(windows, estimated or {}) if p.value is not None]
    numbers += [v for _, p in guessed for v in (p.value, p.low, p.high) if v is not None]
    numbers += _values_of(course) if course else []
    values = ValueScale.around(numbers, top=14, bottom=height - 24)
    places = [
        None if p.value is None else (middle(scale, w), values.y(p.value)) for w, p in _with_gaps(windows, points)
    ]
    marks = (
        _mark(scale, values, w, p, labels=p.kind == "performance.realised") for w, p in shown if p.value is not None
    )
    last = next((p for _, p in reversed(shown) if p.value is not None), None)
    end = _end_label(values, last.value, read_number(last.value)) if last else ""
    dashed = _reference(values, reference, beside=last.value if last else None)
    band = _band(scale, values, shown)
    parts = [*frame(scale, values, height, title), *_estimated(scale, values, guessed), *band, *dashed]
    led = _course(scale, values, course) if course else []
    return drawing(*parts, line(places, "line"), *marks, *led, end, height=height, title=title)


def coverage(windows: Sequence[Window], scale: TimeScale) -> Markup:
    """Draw which share of every window's rows has a label, hollow while labels may still come."""
    height = 66.0
    values = ValueScale(0, 1, 8, height - 22)
    bars = (
        _bar(scale, w, values, w["labelled"] / w["rows"], told=f"{span(w)}: {_labels(w)}", name=_ripe("label", w))
        for w in windows
        if w["rows"]
    )
    parts = frame(scale, values, height, "labels", percent=True)
    last = next((w for w in reversed(windows) if w["rows"]), None)
    end = _end_label(values, last["labelled"] / last["rows"], f"{last['labelled'] / last['rows']:.0%}") if last else ""
    return drawing(*parts, *bars, end, height=height, title="Share of rows with a label")


def _mark(scale: TimeScale, values: ValueScale, window: Window, point: Any, *, labels: bool) -> Markup:  # noqa: ANN401  # a row
    name = "breach" if point.outcome == "breach" else "dot"
    told = f"{span(window)}: {read_number(point.value)}"
    if point.low is not None and point.high is not None:
        told += f" ({read_number(point.low)} to {read_number(point.high)})"
    told += f", n {point.n:,}" + (f", {_labels(window)}" if labels else "")
    hollow = _ripe(name, window) if labels else name
    return tag("circle", tag("title", told), cx=middle(scale, window), cy=values.y(point.value), r=3, class_=hollow)


def _estimated(scale: TimeScale, values: ValueScale, guessed: Sequence[tuple[Window, Any]]) -> list[Markup]:
    marks = []
    for window, point in guessed:
        told = f"{span(window)}: estimated {read_number(point.value)}"
        if point.low is not None and point.high is not None:
            told += f" ({read_number(point.low)} to {read_number(point.high)})"
        told += f", {point.note}" if point.note else ""
        name = "breach" if point.outcome == "breach" else "dot guess"
        x, y = middle(scale, window), values.y(point.value)
        marks.append(tag("circle", tag("title", told), cx=x, cy=y, r=2.2, class_=name))
    places = [(middle(scale, w), values.y(p.value)) for w, p in guessed]
    return [*_band(scale, values, guessed, "band guess"), *([line(places, "line guess")] if places else []), *marks]


def _values_of(course: Course) -> list[float]:
    return [*(value for _, value in course.line), *([] if course.limit is None else [course.limit])]


def _course(scale: TimeScale, values: ValueScale, course: Course) -> list[Markup]:
    parts = [line([(scale.x(at), values.y(value)) for at, value in course.line], "line trend")] if course.line else []
    if course.since is not None and course.since >= scale.start:
        parts.append(_upright(scale, values, course.since, f"since {read_time(course.since, _DAY)}"))
    if course.limit is not None:
        y = values.y(course.limit)
        parts.append(tag("line", x1=LEFT, x2=WIDTH - RIGHT, y1=y, y2=y, class_="limit"))
        parts.append(tag("text", f"limit {read_number(course.limit)}", x=LEFT + 6, y=y - 5, class_="limitname"))
    if course.reaches is not None and course.reaches <= scale.end:
        parts.append(_upright(scale, values, course.reaches, read_time(course.reaches, _DAY), before=True))
    return parts


def _upright(scale: TimeScale, values: ValueScale, at: datetime, said: str, *, before: bool = False) -> Markup:
    x = scale.x(at)
    stroke = tag("line", x1=x, x2=x, y1=values.top - 8, y2=values.bottom, class_="upright")
    place = {"x": x - 5, "text_anchor": "end"} if before else {"x": x + 5}
    return tag("g", stroke, tag("text", said, y=values.top - 2, class_="beside", **place))


def _with_gaps(windows: Sequence[Window], points: Mapping[datetime, Any]) -> Iterable[tuple[Window, Any]]:
    return ((w, points[w["end"]]) for w in windows if w["end"] in points)


def _band(
    scale: TimeScale, values: ValueScale, shown: Sequence[tuple[Window, Any]], name: str = "band"
) -> list[Markup]:
    known = [(w, p) if p.low is not None and p.high is not None and p.value is not None else None for w, p in shown]
    parts = []
    for run in runs(known):
        upper = [f"{middle(scale, w):.1f} {values.y(p.high):.1f}" for w, p in run]
        lower = [f"{middle(scale, w):.1f} {values.y(p.low):.1f}" for w, p in reversed(run)]
        parts.append(tag("path", d="M" + "L".join(upper + lower) + "z", class_=name))
    return parts


def _bar(scale: TimeScale, window: Window, values: ValueScale, value: float, *, told: str, name: str) -> Markup:
    x, y = scale.x(window["start"]), values.y(value)
    width = max(scale.x(window["end"]) - x - 1, 0.6)
    return tag("rect", tag("title", told), x=x, y=y, width=width, height=values.bottom - y, class_=name)


def _end_label(values: ValueScale, value: float, said: str) -> Markup:
    return tag("text", said, x=WIDTH - RIGHT + 10, y=values.y(value) + 4, class_="last")


def _reference(values: ValueScale, reference: float | None, *, beside: float | None) -> list[Markup]:
    """Draw the reference's value, its name kept clear of the last value's."""
    if reference is None:
        return []
    y = place = values.y(reference)
    if beside is not None and abs(y - values.y(beside)) < 15:
        place = values.y(beside) + (15 if reference <= beside else -15)
    said = f"reference {read_number(reference)}"
    return [
        tag("line", x1=LEFT, x2=WIDTH - RIGHT, y1=y, y2=y, class_="reference"),
        tag("text", said, x=WIDTH - RIGHT + 10, y=place + 4, class_="beside"),
    ]


def _labels(window: Window) -> str:
    share = f"labels {window['labelled'] / window['rows']:.0%}" if window["rows"] else "no rows"
    return share if window["matured"] else f"{share}, more may come"


def _ripe(name: str, window: Window) -> str:
    return name if window["matured"] else f"{name} hollow"
