"""What a window is compared with: the reference, or windows before it; and how much windows differ from each other."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import reduce

import numpy as np
from sqlalchemy import Connection

from monitor.config import Model
from monitor.detectors.drift import mean_vector
from monitor.detectors.performance.spread import seasons_of
from monitor.profiles.accepted import with_offsets
from monitor.profiles.correlation import WINDOWS_NEEDED
from monitor.profiles.layout import Layout
from monitor.profiles.profile import Profile, merge
from monitor.steps.history import History
from monitor.steps.likeness import SPREAD, as_judged, likeness_of, told_by_windows, told_of_segment
from monitor.steps.measure import least_told
from monitor.steps.parts import is_segment
from monitor.steps.reference import References
from monitor.store.profiles import read_profiles
from monitor.store.references import WHOLE
from monitor.types import Window

MOST_ALIKE = 32
REMEMBERED = 128


@dataclass
class Baseline:
    """What the windows of one model are compared with; profiles of earlier windows are read once and remembered."""

    model: str
    settings: Model
    references: References
    _read: dict[Window, References] = field(default_factory=dict)
    _alike: tuple[Sequence[Window], References] | None = None

    def at(self, connection: Connection, window: Window, history: History) -> References:
        """Give the profiles that a window, or several that are judged together, are compared with, by segment.

        With `baseline` they are those of as many windows before it, once there are as many, with the reference's
        labels. Without, they are the reference's; how much windows differ, and how far they lie from it, is also
        learned from those before, from the eighth on: the first ones, and those that neither fired nor led to it, but
        for holidays.
        """
        asked = self.settings.baseline
        if asked is not None:
            before = history.before(window, asked.count, cycle=asked.cycle)
            last = history.before(window, MOST_ALIKE, cycle=None) if len(before) < WINDOWS_NEEDED else ()
            return self._merged(connection, before, last) if len(before) == asked.count else self.references
        # a step of eight, so that the same is found whether windows are judged one a day or all at once
        accepted = history.accepted_before(window, first=WINDOWS_NEEDED, leading=self.settings.hold.m - 1)
        accepted = [one for one in accepted if not self.settings.holiday(one)]
        accepted = accepted[: len(accepted) // WINDOWS_NEEDED * WINDOWS_NEEDED][-MOST_ALIKE:]
        return self._differing(connection, accepted, history) if accepted else self.references

    def _merged(self, connection: Connection, windows: Sequence[Window], last: Sequence[Window]) -> References:
        read = {window: self._of(connection, window) for window in windows}
        whole = self.references[WHOLE]
        layout = _knowing(whole.layout, self._likeness(connection, read, last))
        found: dict[str, Profile] = {}
        for name, reference in self.references.items():
            held = _part(read, name)
            least = self.settings.min_rows
            own = _knowing(reference.layout, told_of_segment(layout, held, least)) if is_segment(name) else layout
            if held:
                found[name] = _labelled(reduce(merge, held.values()), reference, own)
        return found if WHOLE in found else self.references

    def _likeness(self, connection: Connection, read: Mapping[Window, References], last: Sequence[Window]) -> Layout:
        """Give how much windows differ: those of the baseline where they are enough to tell.

        Few, such as one weekday's of four weeks, are taken to differ as the reference's do, or the last ones before.
        """
        whole = self.references[WHOLE]
        if len(read) < WINDOWS_NEEDED <= whole.layout.windows:
            return whole.layout
        if len(read) < WINDOWS_NEEDED:
            read = {window: self._of(connection, window) for window in last}
        return told_by_windows(whole.layout, whole, _part(read, WHOLE), self.settings.min_rows)

    def _differing(self, connection: Connection, windows: Sequence[Window], history: History) -> References:
        if self._alike is None or self._alike[0] != windows:
            read = {window: self._of(connection, window) for window in windows}
            labelled = {window for window in windows if history.knows(window, labels=True)}
            whole = self._taught(WHOLE, read, labelled, usual=self.references[WHOLE].layout)
            layouts = {
                name: self._taught(name, read, labelled, usual=whole) for name in self.references if is_segment(name)
            }
            alike = {name: replace(one, layout=layouts.get(name, whole)) for name, one in self.references.items()}
            self._alike = windows, alike
        return self._alike[1]

    def _taught(
        self, name: str, read: Mapping[Window, References], labelled: Collection[Window], *, usual: Layout
    ) -> Layout:
        """Give a layout that knows what windows before tell: of the likeness of rows where the reference tells less.

        labelled: those whose labels are known, which tell of a weekly season where the reference is too short for it.
        usual: what a segment is taken for of which nothing is known.
        """
        reference, held = self.references[name], _part(read, name)
        layout, least = reference.layout, self.settings.min_rows
        windows = as_judged(held, least)
        if not windows:
            return layout if layout.windows >= WINDOWS_NEEDED else usual
        if layout.windows < WINDOWS_NEEDED:
            layout = told_of_segment(usual, held, least) if name else told_by_windows(layout, reference, held, least)
        elif layout.windows < len(windows):
            own = told_of_segment(layout, held, least) if name else likeness_of(held, windows, layout)
            layout = replace(layout, columns=own.columns)
        known = {window: profile for window, profile in held.items() if window in labelled}
        layout = layout if layout.seasons else replace(layout, seasons=seasons_of(known, SPREAD))
        return with_offsets(layout, reference, windows, least=least_told(layout, self.settings))

    def _of(self, connection: Connection, window: Window) -> References:
        if window not in self._read:
            if len(self._read) >= REMEMBERED:
                del self._read[next(iter(self._read))]
            self._read[window] = read_profiles(connection, self.model, window, self.references[WHOLE].layout)
        return self._read[window]


def _part(read: Mapping[Window, References], name: str) -> dict[Window, Profile]:
    """Give the profiles of one part of the traffic, of the windows that hold it, in their order."""
    return {window: found[name] for window, found in read.items() if name in found}


def _knowing(reference: Layout, windows: Layout) -> Layout:
    """Give what windows tell of their likeness, but of labels, which stay the reference's, what that tells of its own.

    Windows of one weekday differ less than those of all, whose labels they are laid beside.
    """
    kept = {name for name in reference.spreads if not name.startswith(mean_vector.NAME)}
    columns = tuple(
        before if before.role == "label" else replace(after, week=None)
        for before, after in zip(reference.columns, windows.columns, strict=True)
    )
    spreads = {**windows.spreads, **{name: reference.spreads[name] for name in kept}}
    return replace(windows, columns=columns, spreads=spreads, seasons=reference.seasons)


def _labelled(profile: Profile, reference: Profile, layout: Layout) -> Profile:
    """Give a baseline with the reference's labels: the windows' own may still be coming."""
    counts, sums = profile.counts.copy(), profile.sums.copy()
    for i, column in enumerate(layout.columns):
        if column.role == "label":
            here = slice(layout.offsets[i], layout.offsets[i + 1])
            counts[here], sums[2 * i : 2 * i + 2] = reference.counts[here], reference.sums[2 * i : 2 * i + 2]
    first, first_sum = layout.offsets[-1], 2 * len(layout.columns)
    counts[first:], sums[first_sum:] = reference.counts[first:], reference.sums[first_sum:]
    return replace(profile, layout=layout, counts=np.asarray(counts), sums=sums)
