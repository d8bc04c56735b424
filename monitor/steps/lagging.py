"""Segments whose labels lag behind those of the others: what labels say is said of the other rows."""

from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any, NamedTuple

from monitor.profiles.layout import Layout
from monitor.profiles.profile import Profile
from monitor.steps.parts import VERSION, Pairs
from monitor.steps.segment_labels import (
    DAY,
    Counts,
    counts_by_day,
    counts_of_reference,
    lacking,
    midnight,
    standing_segments,
    weeks_before,
)
from monitor.store.database import Database
from monitor.store.references import WHOLE
from monitor.types import Window
from monitor.watch import Watch

FEW, CHANCE = 0.85, 1e-3
"""Labels lag where so large a part of those that should be there is, at most, which chance makes so seldom."""


class Lag(NamedTuple):
    """Segments whose labels lag, and how many rows of all the others there are, and of these with a label."""

    segments: frozenset[str]
    rows: int
    labelled: int


NONE = Lag(frozenset(), 0, 0)


class Lagging:
    """Says of which segments the labels lag in a window; days are counted once."""

    def __init__(self, database: Database, watch: Watch, layout: Layout, clock: datetime) -> None:
        self._database, self._watch, self._layout, self._clock = database, watch, layout, clock
        labels = watch.settings.labels
        self._delay = labels.max_delay if labels and watch.roles.segments else None
        self._known: Mapping[str, float] | None = None
        self._reference: Counts = {}
        self._days: dict[datetime, Lag] = {}
        self._counts: dict[datetime, Counts] = {}

    def within(self, window: Window) -> Lag:
        """Say which segments lack labels on one of a window's days, of which all should have come by now."""
        if self._delay is None or self._clock < window.end + self._delay:
            return NONE
        first = midnight(window.start)
        days = [self._on(first + one * DAY) for one in range(max(-((first - window.end) // DAY), 1))]
        segments = frozenset[str]().union(*(day.segments for day in days))
        return Lag(segments, sum(day.rows for day in days), sum(day.labelled for day in days)) if segments else NONE

    def _on(self, day: datetime) -> Lag:
        if day not in self._days:
            with self._database.read() as connection:
                if self._known is None:
                    self._known = standing_segments(connection, self._watch)
                    self._reference = counts_of_reference(connection, self._watch, self._layout)
                read = counts_by_day(connection, self._watch.name, self._layout, self._counts)
                now, then = read(day), weeks_before(read, day)
            found = [one.segment for one in lacking(now, then, self._known, self._reference, few=FEW, chance=CHANCE)]
            labelled, rows = now.get(WHOLE, (0, 0))
            of_these = [now[one] for one in of_one_column(found, now) if one in now]
            rest = rows - sum(held for _, held in of_these), labelled - sum(known for known, _ in of_these)
            self._days[day] = Lag(frozenset(found), *rest)
        return self._days[day]


def of_one_column(segments: Collection[str], rows: Mapping[str, Any]) -> list[str]:
    """Give those of the column whose segments hold the most rows: rows of two columns' segments are the same rows.

    >>> of_one_column(["place=a", "place=b", "by=x"], {"place=a": (0, 9), "place=b": (0, 8), "by=x": (1, 12)})
    ['place=a', 'place=b']
    """
    by_column = defaultdict[str, list[str]](list)
    for one in segments:
        by_column[one.partition("=")[0]].append(one)
    return max(by_column.values(), key=lambda held: sum(rows[one][1] for one in held if one in rows), default=[])


def without_labels_of(pairs: Pairs, profiles: Mapping[str, Profile], segments: Collection[str]) -> Pairs:
    """Give (reference, window) without labels of some segments, which all traffic holds no labels of either.

    Nor does a version, of whose rows it is not known which are in these segments. profiles: those of the window by
    segment, of the same rows as that of all traffic.
    """
    held = [name for name in segments if name in pairs]
    if not held:
        return pairs
    rows = {name: (0, profiles[name].rows) for name in held if name in profiles}
    before, after = pairs[WHOLE]
    for name in of_one_column(list(rows), rows):
        before, after = _less(before, pairs[name][0]), _less(after, profiles[name])
    unlabelled = {*held, *(name for name in pairs if name.startswith(VERSION))}
    return {
        **pairs,
        **{one: (pairs[one][0], _less(*[pairs[one][1]] * 2)) for one in unlabelled},
        WHOLE: (before, after),
    }


def _less(profile: Profile, part: Profile) -> Profile:
    """Give a profile without the labels of a part of it; its columns are as they were, but for that of labels."""
    counts, sums, layout = profile.counts.copy(), profile.sums.copy(), profile.layout
    for i, column in enumerate(layout.columns):
        if column.role == "label":
            here, of_both = slice(layout.offsets[i], layout.offsets[i + 1]), slice(2 * i, 2 * i + 2)
            counts[here] -= part.counts[here]
            sums[of_both] -= part.sums[of_both]
    first, of_outcome = layout.offsets[-1], slice(2 * len(layout.columns), layout.first_mean)
    counts[first:] -= part.counts[first:]
    sums[of_outcome] -= part.sums[of_outcome]
    return replace(profile, counts=counts, sums=sums)
