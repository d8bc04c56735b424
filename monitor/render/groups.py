"""The groups of a model's page: gaps over the windows, and each group's newest number with its interval."""

from collections.abc import Mapping, Sequence
from typing import Any

from markupsafe import Markup
from sqlalchemy import Connection, select

from monitor.alerts.vocabulary import level_of
from monitor.detectors import GROUP_DETECTORS
from monitor.render.frame import cut
from monitor.render.svg import ValueScale, drawing, read_number, tag
from monitor.store.schema import measurement

WIDE, NAMED, ROW = 360.0, 96.0, 22.0
GAPS = frozenset(detector.name for detector in GROUP_DETECTORS)
FIRST = tuple(detector.name for detector in GROUP_DETECTORS if detector.armed)


def groups_of(connection: Connection, name: str, seen: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Give the gaps that may raise alerts, by window, and of each column's groups the newest window's numbers."""
    m = measurement.c
    within = (m.model == name, m.kind.like("bias.%"), m.window_end >= seen[0]["end"], m.window_end <= seen[-1]["end"])
    numbers = (m.window_end, m.value, m.low, m.high, m.reference, m.n, m.outcome, m.kind)
    rows = connection.execute(
        select(m.detector, m.column, m.segment, *numbers).where(*within).order_by(m.column, m.detector, m.window_end)
    ).all()
    gaps: dict[tuple[str, str], dict[str, Any]] = {}
    parts: dict[tuple[str, str], dict[str, Any]] = {}
    for row in rows:
        if row.segment:
            # a gap beside one small group is none of the group's own numbers
            if row.value is not None and row.detector not in GAPS:
                parts.setdefault((row.column, row.detector), {})[row.segment] = row
        elif row.detector in FIRST:
            title = f"{row.column}: {level_of(row.detector)}"
            gaps.setdefault((row.column, row.detector), {"title": title, "points": {}})["points"][row.window_end] = row
    # a gap that never opened is not worth a chart
    opened = [gap for gap in gaps.values() if any(point.value for point in gap["points"].values())]
    shown = [_part(*key, list(found.values())) for key, found in parts.items()]
    return {"gaps": opened, "parts": [part for part in shown if part["differ"]]}


def _part(column: str, detector: str, rows: Sequence[Any]) -> dict[str, Any]:
    newest = max(row.window_end for row in rows)
    groups = [(row.segment.partition("=")[2], row) for row in rows if row.window_end == newest]
    return {"column": column, "title": level_of(detector), "end": newest, "groups": groups} | {
        "differ": len({row.value for _, row in groups}) > 1
    }


def group_rates(part: Mapping[str, Any]) -> Markup:
    """Draw each group's number with its interval, and a stroke where it was in the reference."""
    groups = part["groups"]
    known = [v for _, row in groups for v in (row.value, row.low, row.high, row.reference) if v is not None]
    scale = ValueScale.around(known, top=WIDE - 62, bottom=NAMED)
    parts = [_group(name, row, scale, ROW * place) for place, (name, row) in enumerate(groups)]
    y = ROW * len(groups) + 14
    ends = [(scale.low, "from"), (scale.high, "to")]
    axis = [tag("text", read_number(value), x=scale.y(value), y=y, class_=end) for value, end in ends]
    title = f"{part['title']} by {part['column']}"
    return drawing(*parts, *axis, width=WIDE, height=y + 4, title=title, class_="shape")


def _group(name: str, row: Any, scale: ValueScale, y: float) -> Markup:  # noqa: ANN401  # a row of measurements
    middle = y + ROW / 2
    told = f"{name}: {read_number(row.value)} ({read_number(row.low)} to {read_number(row.high)}), n {row.n:,}"
    if row.reference is not None:
        told += f", reference {read_number(row.reference)}"
    label = tag("text", cut(name, 13), x=NAMED - 10, y=middle + 4, class_="label")
    band = ""
    if row.low is not None and row.high is not None:
        low, high = scale.y(row.low), scale.y(row.high)
        band = tag("rect", x=low, y=middle - 3, width=max(high - low, 1.0), height=6, rx=3, class_="band")
    before = ""
    if row.reference is not None:
        x = scale.y(row.reference)
        before = tag("line", x1=x, x2=x, y1=middle - 8, y2=middle + 8, class_="was")
    dot = tag("circle", cx=scale.y(row.value), cy=middle, r=3.5, class_="dot")
    count = tag("text", f"n {read_number(row.n)}", x=WIDE, y=middle + 4, class_="to")
    return tag("g", tag("title", told), label, band, before, dot, count)
