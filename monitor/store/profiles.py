"""Profiles of windows: one row a window, to which late rows add."""

from collections.abc import Mapping

from sqlalchemy import Connection, delete, insert, select

from monitor.profiles.bins import Bins
from monitor.profiles.packed import packed, unpacked
from monitor.profiles.profile import Profile, merge
from monitor.store.schema import profile
from monitor.types import Window


def add_profile(connection: Connection, name: str, window: Window, added: Profile, *, bins: Mapping[str, Bins]) -> int:
    """Merge rows into a model's window and give the window's new revision, 1 for the first.

    Belongs into the transaction that stores these rows.
    """
    here = (profile.c.model == name, profile.c.version == "", profile.c.segment == "")
    key = (*here, profile.c.start == window.start, profile.c.end == window.end)
    kept = connection.execute(select(profile.c.revision, profile.c.data).where(*key)).first()
    whole = merge(unpacked(kept.data, bins), added) if kept else added
    revision = kept.revision + 1 if kept else 1
    connection.execute(delete(profile).where(*key))
    connection.execute(
        insert(profile).values(
            model=name,
            version="",
            segment="",
            start=window.start,
            end=window.end,
            revision=revision,
            rows=whole.rows,
            data=packed(whole),
        )
    )
    return int(revision)


def read_profile(connection: Connection, name: str, window: Window, *, bins: Mapping[str, Bins]) -> Profile | None:
    """Give the rows of all of a model's stored windows that lie within `window`, as one profile; None without any."""
    within = (profile.c.model == name, profile.c.version == "", profile.c.segment == "")
    whole: Profile | None = None
    for (data,) in connection.execute(
        select(profile.c.data).where(*within, profile.c.start >= window.start, profile.c.end <= window.end)
    ):
        part = unpacked(data, bins)
        whole = part if whole is None else merge(whole, part)
    return whole
