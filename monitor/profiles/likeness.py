"""What a layout knows of its windows' likeness, apart: segments share the columns of the whole, but not this."""

import json
from dataclasses import replace

from monitor.profiles.layout import ALIKE, Layout
from monitor.profiles.season import Season


def likeness_packed(layout: Layout) -> bytes:
    """Give what windows told as bytes."""
    return json.dumps(
        {
            "columns": [[getattr(column, name) for name in ALIKE] for column in layout.columns],
            "window_rows": layout.window_rows,
            "windows": layout.windows,
            "spreads": dict(layout.spreads),
            "clumped": layout.clumped,
            "seasons": {name: season.described() for name, season in layout.seasons.items()},
        }
    ).encode()


def with_likeness(layout: Layout, packed: bytes) -> Layout:
    """Give a layout with what windows told of a segment in the place of what they told of all traffic."""
    told = json.loads(packed)
    columns = tuple(
        replace(column, **dict(zip(ALIKE, alike, strict=True)))
        for column, alike in zip(layout.columns, told["columns"], strict=True)
    )
    seasons = {name: Season.of(described) for name, described in told["seasons"].items()}
    alike = {name: told[name] for name in ("window_rows", "windows", "spreads", "clumped")}
    return replace(layout, columns=columns, seasons=seasons, **alike)
