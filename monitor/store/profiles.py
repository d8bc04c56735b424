"""Profiles of windows: one row a window and slice of the traffic, to which late rows and labels add."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import BindParameter, Connection, bindparam, delete, func, insert, select, update

from monitor.profiles.layout import Layout
from monitor.profiles.profile import Profile, merge
from monitor.store.schema import profile
from monitor.types import Window

_CHUNK = 500
_PLACE = ("model", "version", "segment", "start", "end")


@dataclass(frozen=True, order=True)
class Slice:
    """A window's traffic, or the part of it that has one version or one segment such as `origin=JFK`."""

    window: Window
    version: str = ""
    segment: str = ""


@dataclass(frozen=True)
class Kept:
    """A profile as it is stored: how often it was added to, its rows, and the profile packed."""

    revision: int
    rows: int
    data: bytes


def place_of(one: Slice) -> str:
    """Name the part of the traffic that a slice holds, as a segment; a version is `version=...`, "" is all of it.

    >>> place_of(Slice(Window(datetime.min, datetime.max), version="v2"))
    'version=v2'
    """
    return f"version={one.version}" if one.version else one.segment


def add_profiles(connection: Connection, name: str, added: Mapping[Slice, Profile]) -> None:
    """Merge rows or labels into their windows and raise these windows' revisions.

    Belongs into the transaction that stores these rows.
    """
    kept = _kept(connection, name, added)
    new, changed = list[dict[str, Any]](), list[dict[str, Any]]()
    for place, increment in added.items():
        revision, data = kept.get(place, (0, b""))
        whole = merge(Profile.unpacked(data, increment.layout), increment) if data else increment
        values = {"revision": revision + 1, "rows": whole.rows, "data": whole.packed()}
        (changed if data else new).append(_placed(name, place) | values)
    if new:
        connection.execute(insert(profile), new)
    if changed:
        # The names of bound parameters must not be those of columns.
        rows = [{f"new_{column}": value for column, value in row.items()} for row in changed]
        here = [profile.c[column] == bindparam(f"new_{column}") for column in _PLACE]
        bound: dict[str, BindParameter[Any]] = {
            column: bindparam(f"new_{column}") for column in ("revision", "rows", "data")
        }
        connection.execute(update(profile).where(*here).values(bound), rows)


def put_profiles(connection: Connection, name: str, profiles: Mapping[Slice, Kept]) -> None:
    """Store profiles of windows that have none."""
    rows = [_placed(name, place) | vars(kept) for place, kept in profiles.items()]
    for first in range(0, len(rows), _CHUNK):
        connection.execute(insert(profile), rows[first : first + _CHUNK])


def _kept(connection: Connection, name: str, places: Iterable[Slice]) -> dict[Slice, tuple[int, bytes]]:
    """Give the revision and the packed profile of each slice that is stored in the windows of these slices."""
    columns = [profile.c[column] for column in (*_PLACE[1:], "revision", "data")]
    starts = sorted({place.window.start for place in places})
    found: dict[Slice, tuple[int, bytes]] = {}
    for first in range(0, len(starts), _CHUNK):
        here = (profile.c.model == name, profile.c.start.in_(starts[first : first + _CHUNK]))
        for version, part, start, end, revision, data in connection.execute(select(*columns).where(*here)):
            found[Slice(Window(start, end), version, part)] = (revision, data)
    return found


def read_profiles(
    connection: Connection, name: str, window: Window, layout: Layout, *, segments: bool = True
) -> dict[str, Profile]:
    """Give the profiles of a window by segment, merged from the stored windows within it; "" is all traffic.

    A version is the segment `version=...`. Empty when nothing is stored there. segments: without them, all traffic
    alone.
    """
    within = [profile.c.model == name, profile.c.start >= window.start, profile.c.end <= window.end]
    within += [] if segments else [profile.c.version == "", profile.c.segment == ""]
    found: dict[str, Profile] = {}
    for version, part, data in connection.execute(
        select(profile.c.version, profile.c.segment, profile.c.data).where(*within).order_by(profile.c.start)
    ):
        place = place_of(Slice(window, version, part))
        piece = Profile.unpacked(data, layout)
        found[place] = merge(found[place], piece) if place in found else piece
    return found


def revisions(connection: Connection, name: str, *, since: datetime | None = None) -> dict[Window, int]:
    """Give the revision of every stored window of all traffic that ends after `since`."""
    whole = [profile.c.model == name, profile.c.version == "", profile.c.segment == ""]
    if since is not None:
        whole.append(profile.c.end > since)
    rows = connection.execute(select(profile.c.start, profile.c.end, profile.c.revision).where(*whole))
    return {Window(start, end): revision for start, end, revision in rows}


def first_seen(connection: Connection, name: str) -> dict[str, datetime]:
    """Give the start of the first stored window of each version, and under "" that of the model's first window."""
    chosen = select(profile.c.version, func.min(profile.c.start).label("start")).where(
        profile.c.model == name, profile.c.segment == ""
    )
    return {row.version: row.start for row in connection.execute(chosen.group_by(profile.c.version))}


def count_profiled(connection: Connection, name: str) -> int:
    """Count a model's rows that are in profiles."""
    whole = (profile.c.model == name, profile.c.version == "", profile.c.segment == "")
    return int(connection.scalar(select(func.coalesce(func.sum(profile.c.rows), 0)).where(*whole)) or 0)


def forget_profiles(connection: Connection, name: str) -> None:
    """Delete all of a model's profiles, before its records are profiled anew against another reference."""
    connection.execute(delete(profile).where(profile.c.model == name))


def _placed(name: str, place: Slice) -> dict[str, Any]:
    where = (name, place.version, place.segment, place.window.start, place.window.end)
    return dict(zip(_PLACE, where, strict=True))
