"""Profiles of windows: one row a window and slice of the traffic, to which late rows and labels add."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, delete, insert, select

from monitor.profiles.layout import Layout
from monitor.profiles.profile import Profile, merge
from monitor.store.schema import profile
from monitor.types import Window


@dataclass(frozen=True, order=True)
class Slice:
    """A window's traffic, or the part of it that has one version or one segment such as `origin=JFK`."""

    window: Window
    version: str = ""
    segment: str = ""


def add_profiles(connection: Connection, name: str, added: Mapping[Slice, Profile]) -> None:
    """Merge rows or labels into their windows and raise these windows' revisions.

    Belongs into the transaction that stores these rows.
    """
    for place, increment in added.items():
        key = _key(name, place)
        kept = connection.execute(select(profile.c.revision, profile.c.data).where(*key)).first()
        whole = merge(Profile.unpacked(kept.data, increment.layout), increment) if kept else increment
        values = {
            "revision": kept.revision + 1 if kept else 1,
            "rows": whole.rows,
            "data": whole.packed(),
        }
        if kept:
            connection.execute(profile.update().where(*key).values(values))
        else:
            connection.execute(
                insert(profile).values(
                    model=name,
                    version=place.version,
                    segment=place.segment,
                    start=place.window.start,
                    end=place.window.end,
                    **values,
                )
            )


def read_profiles(connection: Connection, name: str, window: Window, layout: Layout) -> dict[str, Profile]:
    """Give the profiles of a window by segment, merged from the stored windows within it; "" is all traffic.

    A version is the segment `version=...`. Empty when nothing is stored there.
    """
    within = (profile.c.model == name, profile.c.start >= window.start, profile.c.end <= window.end)
    found: dict[str, Profile] = {}
    for version, part, data in connection.execute(
        select(profile.c.version, profile.c.segment, profile.c.data).where(*within).order_by(profile.c.start)
    ):
        place = f"version={version}" if version else part
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


def forget_profiles(connection: Connection, name: str) -> None:
    """Delete all of a model's profiles, before its records are profiled anew against another reference."""
    connection.execute(delete(profile).where(profile.c.model == name))


def _key(name: str, place: Slice) -> tuple[ColumnElement[bool], ...]:
    return (
        profile.c.model == name,
        profile.c.version == place.version,
        profile.c.segment == place.segment,
        profile.c.start == place.window.start,
        profile.c.end == place.window.end,
    )
