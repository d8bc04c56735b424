"""SVG elements as text, escaped by construction, and the scales that place numbers and times on them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from math import floor, log10

from markupsafe import Markup, escape

# Every chart of a page has the same frame, so that a window stands at the same place in each of them.
WIDTH, LEFT, RIGHT = 1120, 176, 126

_HOURS = (1, 2, 3, 6, 12, 24, 48, 96, 168, 336, 672, 1344, 2688, 5376, 8760, 17520, 43800, 87600)
_EPOCH = datetime(2001, 1, 1, tzinfo=UTC)  # a Monday, so that weekly ticks fall on Mondays


def tag(name: str, *content: object, **attributes: object) -> Markup:
    """Give one element; contents and attribute values are escaped unless they are Markup; None leaves one out.

    >>> tag("text", "a<b", x=1.50, class_="axis")
    Markup('<text x="1.5" class="axis">a&lt;b</text>')
    """
    written = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{escape(_plain(value))}"'
        for key, value in attributes.items()
        if value is not None
    )
    return Markup(f"<{name}{written}>{joined(content)}</{name}>")  # noqa: S704  # every part is escaped


def joined(parts: Iterable[object]) -> Markup:
    """Put elements one after the other."""
    return Markup("").join(parts)  # type: ignore[arg-type]  # whatever is no Markup is escaped


def drawing(*content: object, height: float, title: str, class_: str = "chart", width: float = WIDTH) -> Markup:
    """Give a whole drawing, which screen readers announce by its title."""
    named = tag("title", title)
    box = f"0 0 {width} {_plain(height)}"
    return tag("svg", named, *content, viewBox=box, class_=class_, role="img", xmlns="http://www.w3.org/2000/svg")


@dataclass(frozen=True)
class TimeScale:
    """Places instants between `start` and `end` on a chart's width."""

    start: datetime
    end: datetime

    def x(self, at: datetime) -> float:
        """Give the place of an instant, kept within the chart."""
        share = (at - self.start) / max(self.end - self.start, timedelta(seconds=1))
        return LEFT + min(max(share, 0.0), 1.0) * (WIDTH - LEFT - RIGHT)

    def ticks(self, most: int = 8) -> list[tuple[datetime, str]]:
        """Give about `most` round instants and how they read: with the year where it could be in doubt."""
        hours = next((h for h in _HOURS if (self.end - self.start) / timedelta(hours=h) <= most), _HOURS[-1])
        step = timedelta(hours=hours)
        first = -((_EPOCH - self.start) // step)
        count = (self.end - _EPOCH) // step - first + 1
        found = [_EPOCH + step * (first + i) for i in range(count)]
        doubtful = self.start.year != self.end.year or self.end - self.start > timedelta(days=300)
        turns = {*found[:1], *(at for before, at in pairwise(found) if before.year != at.year)}
        return [(at, read_time(at, step, year=doubtful and at in turns)) for at in found]


@dataclass(frozen=True)
class ValueScale:
    """Places numbers between `low` and `high` on a chart's height, from `bottom` up to `top`."""

    low: float
    high: float
    top: float
    bottom: float

    @classmethod
    def around(cls, values: Sequence[float], *, top: float, bottom: float, zero: bool = False) -> "ValueScale":
        """Choose round limits around the values."""
        low, high = (min(values), max(values)) if values else (0.0, 1.0)
        low = min(low, 0.0) if zero else low
        step = _round_step((high - low) or abs(high) or 1.0)
        low, high = floor(low / step) * step, -floor(-high / step) * step
        return cls(low, high if high > low else low + step, top, bottom)

    def y(self, value: float) -> float:
        """Give the height of a number."""
        share = (value - self.low) / (self.high - self.low)
        return self.bottom - min(max(share, 0.0), 1.0) * (self.bottom - self.top)


def read_time(at: datetime, step: timedelta = timedelta(0), *, year: bool = False) -> str:
    """Write an instant as precisely as a step between instants needs, and with its year where that is asked for.

    >>> read_time(datetime(2013, 3, 1, tzinfo=UTC)), read_time(datetime(2013, 3, 1, tzinfo=UTC), timedelta(days=2))
    ('1 Mar 2013 00:00', '1 Mar')
    """
    if not step:
        return f"{at.day} {at:%b %Y %H:%M}"
    if year and step < timedelta(days=300):
        return f"{at.day} {at:%b %Y %H:%M}".removesuffix(" 00:00")
    if step < timedelta(days=1):
        return f"{at:%H:%M}" if at.hour else f"{at.day} {at:%b}"
    return f"{at.day} {at:%b}" if step < timedelta(days=300) else f"{at:%b %Y}"


def read_number(value: float | None) -> str:
    """Write a number with three digits that count; a dash where it is undefined.

    >>> [read_number(v) for v in (0.01234, 1234567, 8041.0, 0, None, 1e-9)]
    ['0.0123', '1.23 M', '8,041', '0', '-', '1e-09']
    """
    if value is None:
        return "-"
    size = abs(value)
    if size >= 1e6:
        power, unit = (1e9, "G") if size >= 1e9 else (1e6, "M")
        return f"{value / power:.3g} {unit}" if size < 1e12 else f"{value:.2e}"
    if size >= 1000:
        return f"{value:,.0f}"
    return f"{value:.3g}" if size >= 1e-4 or not size else f"{value:.1g}"


def _round_step(span: float) -> float:
    power = 10.0 ** floor(log10(span / 2))
    return next((power * m for m in (1.0, 2.0, 5.0) if power * m >= span / 4), power * 10)


def _plain(value: object) -> object:
    return f"{value:.1f}".removesuffix(".0") if isinstance(value, float) else value
