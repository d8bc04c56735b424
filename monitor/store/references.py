"""What each model is compared with: layout and profiles of its reference, of which the one that counts is kept."""

from collections.abc import Collection, Mapping
from datetime import datetime

from sqlalchemy import Connection, delete, insert, select

from monitor.profiles.layout import Layout
from monitor.profiles.likeness import likeness_packed, with_likeness
from monitor.profiles.profile import Profile
from monitor.store.schema import reference

WHOLE = ""
GROUP = "sensitive:"
"""Begins the segments that are groups of a sensitive column, as `sensitive:sex=female`."""
_TIME = "time:"


def at_time(time: int, part: str = WHOLE) -> str:
    """Name what a reference holds of a part, all traffic or a segment, at one weekday or hour of the day.

    >>> at_time(6), at_time(6, "country=FR")
    ('time:6:', 'time:6:country=FR')
    """
    return f"{_TIME}{time}:{part}"


def is_at_time(part: str) -> bool:
    """Say whether a part of a reference is what it holds at one weekday or hour of the day."""
    return part.startswith(_TIME)


def part_at_time(name: str) -> str:
    """Give the part of what `at_time` names.

    >>> part_at_time("time:6:country=a:b")
    'country=a:b'
    """
    return name.split(":", 2)[2]


def write_reference(
    connection: Connection, name: str, fingerprint: str, profiles: Mapping[str, Profile], *, now: datetime
) -> None:
    """Keep a reference by segment, "" being all of it, in the place of the one before.

    Layouts differ in nothing but in what windows told of their likeness.

    Profiles are made with one reference's bins, so that nothing needs an older one.
    """
    connection.execute(delete(reference).where(reference.c.model == name))
    whole = profiles[WHOLE].layout
    for segment, profile in profiles.items():
        connection.execute(
            insert(reference).values(
                model=name,
                fingerprint=fingerprint,
                segment=segment,
                created_at=now,
                rows=profile.rows,
                layout=whole.packed() if segment == WHOLE else _likeness(profile.layout, whole),
                profile=profile.packed(),
            )
        )


def read_reference(connection: Connection, name: str) -> tuple[str, dict[str, Profile]] | None:
    """Give (fingerprint, profiles by segment) of the newest reference, all of one layout but for their likeness.

    None without any, or when another version of the program kept it: it has to be read again.
    """
    newest = _newest(connection, name)
    if newest is None:
        return None
    fingerprint, layout = newest
    parts = connection.execute(
        select(reference.c.segment, reference.c.layout, reference.c.profile)
        .where(reference.c.model == name, reference.c.fingerprint == fingerprint)
        .order_by(reference.c.id)
    )
    return fingerprint, {
        segment: Profile.unpacked(data, with_likeness(layout, told) if told and segment != WHOLE else layout)
        for segment, told, data in parts
    }


def read_parts(connection: Connection, name: str, parts: Collection[str]) -> dict[str, Profile]:
    """Give some parts of a model's newest reference in the layout of all of it, those that are kept."""
    newest = _newest(connection, name)
    if newest is None:
        return {}
    fingerprint, layout = newest
    of_parts = (reference.c.model == name, reference.c.fingerprint == fingerprint, reference.c.segment.in_(parts))
    kept = connection.execute(
        select(reference.c.segment, reference.c.profile).where(*of_parts).order_by(reference.c.id)
    )
    return {part: Profile.unpacked(data, layout) for part, data in kept}


def read_layout(connection: Connection, name: str) -> Layout | None:
    """Give the layout of a model's newest reference; None where `read_reference` gives None."""
    newest = _newest(connection, name)
    return None if newest is None else newest[1]


def known_columns(connection: Connection, name: str) -> frozenset[str]:
    """Name the columns that a model's newest reference and roles know; empty where `read_reference` gives None."""
    layout = read_layout(connection, name)
    return frozenset() if layout is None else frozenset(layout.known)


def _likeness(layout: Layout, whole: Layout) -> bytes:
    return b"" if layout is whole else likeness_packed(layout)


def _newest(connection: Connection, name: str) -> tuple[str, Layout] | None:
    whole = (reference.c.model == name, reference.c.segment == WHOLE)
    chosen = select(reference.c.fingerprint, reference.c.layout).where(*whole)
    row = connection.execute(chosen.order_by(reference.c.id.desc()).limit(1)).first()
    layout = None if row is None else Layout.kept(row.layout)
    return None if row is None or layout is None else (row.fingerprint, layout)
