"""What every chart stands on: grid, times and numbers at its edges, and how windows are named."""

from collections.abc import Iterable, Mapping, Sequence
from textwrap import wrap
from typing import Any

from markupsafe import Markup

from monitor.render.svg import LEFT, RIGHT, WIDTH, TimeScale, ValueScale, read_number, read_time, tag

Window = Mapping[str, Any]

LINES = 4
"""A name beside a chart takes so many at most."""


def frame(scale: TimeScale, values: ValueScale, height: float, name: str, *, percent: bool = False) -> list[Markup]:
    """Draw what numbers stand on: two or three lines, the times, and the name on the left."""
    middle = [] if percent else [(values.low + values.high) / 2]
    parts = times(scale, height)
    for value in (values.low, *middle, values.high):
        y, said = values.y(value), f"{value:.0%}" if percent else read_number(value)
        parts.append(tag("line", x1=LEFT, x2=WIDTH - RIGHT, y1=y, y2=y, class_="grid"))
        parts.append(tag("text", said, x=LEFT - 12, y=y + 4, class_="value"))
    lines = (tag("text", part, x=0, y=values.top + 8 + 16 * i, class_="name") for i, part in enumerate(wrapped(name)))
    return [*parts, *lines]


def times(scale: TimeScale, height: float) -> list[Markup]:
    parts = []
    for at, said in scale.ticks():
        x = scale.x(at)
        parts.append(tag("line", x1=x, x2=x, y1=2, y2=height - 20, class_="grid"))
        parts.append(tag("text", said, x=x, y=height - 5, class_="time"))
    return parts


def line(places: Sequence[tuple[float, float] | None], name: str) -> Markup:
    strokes = ("M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in run) for run in runs(places))
    return tag("path", d="".join(strokes), class_=name)


def runs(items: Iterable[Any]) -> list[list[Any]]:
    """Cut where an item is None."""
    runs: list[list[Any]] = [[]]
    for item in items:
        if item is None:
            runs.append([])
        else:
            runs[-1].append(item)
    return [run for run in runs if run]


def middle(scale: TimeScale, window: Window) -> float:
    return (scale.x(window["start"]) + scale.x(window["end"])) / 2


def span(window: Window) -> str:
    return f"{read_time(window['start'])} to {read_time(window['end'])}"


def wrapped(text: str) -> list[str]:
    """Give a name in at most four lines, cut between words, each short enough for the left margin.

    >>> wrapped("expected calibration error"), wrapped("a" * 20), wrapped("one two three four " * 5)[-1]
    (['expected', 'calibration error'], ['aaaaaaaaaaaaaaaa…'], 'two three four …')
    """
    lines = wrap(text, 17, break_long_words=False) or [""]
    whole = lines[:LINES]
    if len(lines) > LINES:
        whole[-1] = cut(whole[-1], 15).removesuffix("…").rstrip() + " …"
    return [cut(part, 17) for part in whole]


def cut(text: str, most: int) -> str:
    return text if len(text) <= most else text[: most - 1] + "…"
