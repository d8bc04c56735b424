"""Stored records profiled against another reference: worked out while others write, then put in place at once."""

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import Connection

from monitor.profiles.layout import Layout
from monitor.profiles.profile import Profile, merge
from monitor.schedule import windows_between
from monitor.steps.profiled import profiled
from monitor.steps.slices import windows_of
from monitor.store.database import Database
from monitor.store.measurements import doubt_judgements
from monitor.store.profiles import Kept, Slice, forget_profiles, put_profiles, revisions
from monitor.store.records import read_records, read_segment, segment_numbers
from monitor.types import Window
from monitor.watch import Watch


@dataclass(frozen=True)
class Anew:
    """The profiles of all records up to a segment, and the revisions that their windows had before."""

    watch: Watch
    layout: Layout
    profiles: Mapping[Slice, Kept]
    before: Mapping[Window, int]
    last: int

    def write(self, connection: Connection) -> None:
        """Write them in the place of those that are there, and have every window judged anew.

        Windows that records or labels have come to in the meantime are profiled within the transaction.
        """
        name = self.watch.name
        stale = self._stale(connection)
        found = {place: kept for place, kept in self.profiles.items() if place.window not in stale}
        for window in sorted(stale):
            for rows in read_records(connection, name, window, timestamp=self.watch.roles.timestamp):
                for part in profiled(connection, self.watch, rows, self.layout) if rows.num_rows else ():
                    _add(found, part)
        forget_profiles(connection, name)
        put_profiles(connection, name, found)
        doubt_judgements(connection, name)

    def _stale(self, connection: Connection) -> set[Window]:
        now = revisions(connection, self.watch.name)
        changed = {
            window
            for one, revision in now.items()
            if self.before.get(one) != revision
            # what is replaced may have been counted by the day instead of the hour
            for window in windows_between(one.start, one.end, self.watch.base)
        }
        for number in segment_numbers(connection, self.watch.name):
            if number > self.last:
                timestamp = self.watch.roles.timestamp
                rows = read_segment(connection, number, columns=[timestamp])
                changed |= {*windows_of(rows, timestamp, self.watch.base)[0]}
        return changed


def profiled_anew(database: Database, watch: Watch, layout: Layout) -> Anew:
    """Profile all stored records, without writing anything."""
    found = dict[Slice, Kept]()
    with database.read() as connection:
        before, numbers = revisions(connection, watch.name), segment_numbers(connection, watch.name)
        for number in numbers:
            for part in profiled(connection, watch, read_segment(connection, number), layout):
                _add(found, part)
    return Anew(watch, layout, found, before, max(numbers, default=0))


def _add(found: dict[Slice, Kept], part: Mapping[Slice, Profile]) -> None:
    # packed, they are a small part of what they are in the hand
    for place, profile in part.items():
        kept = found.get(place)
        whole = merge(Profile.unpacked(kept.data, profile.layout), profile) if kept else profile
        found[place] = Kept(kept.revision + 1 if kept else 1, whole.rows, whole.packed())
