"""How the rows of every column lie over its bins, in the reference and in a window."""

from collections.abc import Mapping
from functools import reduce
from typing import Any

from sqlalchemy import Connection, select

from monitor.profiles.bins import NumericBins
from monitor.profiles.profile import ColumnProfile, Profile, merge
from monitor.schedule import time_of
from monitor.store.references import WHOLE, at_time, read_parts
from monitor.store.schema import profile
from monitor.types import Window


def columns_of(connection: Connection, name: str, window: Mapping[str, Any]) -> dict[str, Any] | None:
    """Give the shapes of a window's columns beside the reference's; None without either.

    Of columns that differ by the weekday, or the hour, the reference is that of the window's time, where it is known.
    """
    time = time_of(Window(window["start"], window["end"]))
    at_such_times = at_time(time) if time is not None else WHOLE
    held = read_parts(connection, name, {WHOLE, at_such_times})
    whole, then = held.get(WHOLE), held.get(at_such_times)
    within = (profile.c.start >= window["start"], profile.c.end <= window["end"])
    of_all = (profile.c.model == name, profile.c.version == "", profile.c.segment == WHOLE)
    parts = connection.scalars(select(profile.c.data).where(*of_all, *within)).all()
    if whole is None or not parts:
        return None
    try:
        now = reduce(merge, [Profile.unpacked(data, whole.layout) for data in parts])
    except ValueError:  # the window was profiled with an earlier reference
        return None
    charts = []
    for column in whole.layout.columns:
        before = then if then is not None and column.timed else whole
        chart = _shape(column.role, before.columns[column.name], now.columns[column.name])
        charts.append({"name": column.name, "timed": before is not whole, **chart})
    return {"window": window, "charts": charts}


def _shape(role: str, before: ColumnProfile, now: ColumnProfile) -> dict[str, Any]:
    bins = before.bins
    numeric = isinstance(bins, NumericBins)
    return {
        "role": role,
        "unit": "length" if before.kind in ("text", "vector") else "",
        "edges": bins.edges.tolist() if isinstance(bins, NumericBins) else None,
        "categories": None if numeric else [*getattr(bins, "values", ()), "other", "unseen"],
        "reference": before.counts.tolist(),
        "window": now.counts.tolist(),
        "missing": (before.missing, before.rows, now.missing, now.rows),
    }
