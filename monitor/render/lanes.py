"""Episodes in lanes and columns in rows, along the time of a page's windows."""

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from markupsafe import Markup

from monitor.render.frame import Window, cut, span, times
from monitor.render.svg import LEFT, RIGHT, WIDTH, TimeScale, drawing, read_number, read_time, tag

LANE, CELL = 22, 18
STEPS = (0.25, 0.5, 1.0, 2.0, 4.0)
"""Where the colours of the drift map change, in multiples of what raises an alarm."""


def timeline(episodes: Sequence[Mapping[str, Any]], scale: TimeScale) -> Markup:
    """Draw a bar for every episode: a lane for each column, or number of the whole model, under the kind's name."""
    parts: list[Markup] = []
    y, before = 4.0, ""
    for kind, name, own in _lanes(episodes):
        if kind != before:
            parts.append(tag("text", kind, x=0, y=y + 14, class_="kind"))
            parts.append(tag("line", x1=0, x2=WIDTH - RIGHT, y1=y - 1.5, y2=y - 1.5, class_="grid"))
            y += LANE
        before = kind
        parts.append(tag("text", tag("title", name), cut(name, 24), x=LEFT - 12, y=y + 14, class_="label"))
        parts += [_episode(scale, episode, y) for episode in own]
        y += LANE
    return drawing(*times(scale, y + 30), *parts, height=y + 30, title="Alerts over time, by kind and column")


def drift_map(columns: Sequence[Mapping[str, Any]], windows: Sequence[Window], scale: TimeScale) -> Markup:
    """Draw columns by windows, darker the more a column drifted; breaches are underlined, undefined cells hatched."""
    height = len(columns) * CELL + 34.0
    cells = [(w, span(w), scale.x(w["start"]), max(scale.x(w["end"]) - scale.x(w["start"]) - 1, 0.6)) for w in windows]
    rows = (_drift_row(column, 4 + i * CELL, cells) for i, column in enumerate(columns))
    hatch = tag(
        "pattern",
        tag("path", d="M0 4L4 0", class_="hatch"),
        id="hatch",
        width=4,
        height=4,
        patternUnits="userSpaceOnUse",
    )
    places, spans = "|".join(f"{x:.1f}" for _, _, x, _ in cells), "|".join(said for _, said, _, _ in cells)
    body = tag("g", *rows, data_places=places, data_times=spans)
    title = "Drift of every column in every window"
    return drawing(tag("defs", hatch), *times(scale, height), body, height=height, title=title)


def drift_step(point: Any) -> int:  # noqa: ANN401  # a row of measurements
    """Give the colour of a cell, 0 to 5, from how near its measurement came to its threshold.

    With a p-value that is the logarithm's share of what was asked for; else the value's share of the user's number.
    """
    if point.alpha is not None and point.p_value is not None:
        reached = math.log(max(point.p_value, 1e-300)) / math.log(min(point.alpha, 0.999))
    else:
        reached = abs(point.value) / point.threshold if point.threshold else 0.0
    return sum(reached >= step for step in STEPS)


def _drift_row(column: Mapping[str, Any], y: float, places: Sequence[tuple[Window, str, float, float]]) -> Markup:
    paths: dict[str, list[str]] = {}
    breaches, texts = [], []
    for window, said, x, width in places:
        point = column["cells"].get(window["end"])
        texts.append(read_number(point.effect if point.effect is not None else point.value) if point else "")
        if point is None:
            continue
        known = point.outcome != "insufficient" and point.value is not None
        name = f"d{drift_step(point)}" if known else "unknown"
        paths.setdefault(name, []).append(f"M{x:.1f} {y:.0f}h{width:.1f}v{CELL - 2}h-{width:.1f}z")
        if point.outcome == "breach":
            told = f"{column['name']}, {said}: {point.detector} {read_number(point.effect)}, breach"
            foot = {"x": x, "y": y + CELL - 5.0, "width": width, "height": 3}
            breaches.append(tag("rect", tag("title", told), **foot, class_="breach"))
    cells = (
        tag("path", d="".join(d), class_=name, fill="url(#hatch)" if name == "unknown" else None)
        for name, d in sorted(paths.items())
    )
    label = tag("text", tag("title", column["name"]), cut(column["name"], 24), x=LEFT - 12, y=y + 12.5, class_="label")
    return tag("g", label, *cells, *breaches, class_="row", data_name=column["name"], data_values="|".join(texts))


def _lanes(episodes: Iterable[Mapping[str, Any]]) -> list[tuple[str, str, list[Mapping[str, Any]]]]:
    """Give (kind, column, episodes); those of segments are drawn over those of all traffic."""
    lanes: dict[tuple[str, str], list[Mapping[str, Any]]] = {}
    for episode in episodes:
        lanes.setdefault((episode["kind"], episode["column"] or episode["detector"]), []).append(episode)
    return [(*lane, sorted(own, key=lambda episode: bool(episode["segment"]))) for lane, own in sorted(lanes.items())]


def _episode(scale: TimeScale, episode: Mapping[str, Any], y: float) -> Markup:
    start, end = scale.x(episode["start"]), scale.x(episode["end"] or scale.end)
    what = " ".join(filter(None, (episode["detector"], episode["column"], episode["segment"])))
    until = read_time(episode["end"]) if episode["end"] else "goes on"
    told = tag("title", f"{episode['kind']}: {what}, {read_time(episode['start'])} to {until}")
    names = ["episode", *(["open"] if not episode["end"] else []), *(["part"] if episode["segment"] else [])]
    height, width = (LANE - 14, max(end - start, 3.0)) if episode["segment"] else (LANE - 6, max(end - start, 3.0))
    place = {"x": start, "y": y + 2 + (LANE - 6 - height) / 2, "width": width, "height": height}
    return tag("rect", told, **place, rx=3, class_=" ".join(names))
