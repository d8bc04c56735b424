"""The rows that a window is judged by: its own, and those of the windows before it that were too few to be judged."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pyarrow as pa
from sqlalchemy import Connection

from monitor.detectors.detector import Detector
from monitor.profiles.groups import profile_table
from monitor.profiles.layout import Layout
from monitor.profiles.profile import Profile
from monitor.steps.due import Due, Revisions
from monitor.steps.history import History
from monitor.store.profiles import read_profiles
from monitor.store.references import WHOLE
from monitor.types import Window


@dataclass(frozen=True)
class SmallGroup:
    """A group of `column`, its segment `begun=group`, of which a detector can say nothing from one window's rows.

    usual: the rows that count, to be expected in a window. windows: how many are judged together now; None where its
    turn is yet to come.
    """

    detector: Detector
    column: str
    begun: str
    group: str
    usual: float
    windows: int | None


@dataclass(frozen=True)
class Sample:
    """What is compared with the reference.

    stretch: the windows whose rows it holds, up to the one that is judged. revision: of them all. rows, labelled: of
    the last window alone. profiles: by segment, "" being all traffic. small: of segments that hold few rows, with those
    of windows before; lacking_in: what segments lack to be judged. together: all traffic since ROC AUC
    was last judged; None where the window has labels of each class enough. small_groups: those of which a window holds
    too few rows; last: by number of windows, the profiles of the last so many, where it is the turn of as many.
    without: clients of whom it surely holds no row; aside: how many of theirs were left aside; everybody: the profiles
    of the window with these, empty where none was.
    """

    stretch: Window
    revision: int
    rows: int
    labelled: int
    profiles: Mapping[str, Profile]
    small: Mapping[str, Profile] = field(default_factory=dict)
    lacking_in: Mapping[str, str] = field(default_factory=dict)
    together: Profile | None = None
    small_groups: Sequence[SmallGroup] = ()
    last: Mapping[int, Mapping[str, Profile]] = field(default_factory=dict)
    without: frozenset[str] = frozenset()
    aside: int = 0
    everybody: Mapping[str, Profile] = field(default_factory=dict)

    @property
    def whole(self) -> Profile:
        """Give the profile of all traffic."""
        return self.profiles[WHOLE]

    @property
    def compared(self) -> Mapping[str, Profile]:
        """Give the profiles that are laid beside the reference's."""
        return {**self.profiles, **self.small}

    def lacking(self, least: int, segment: str = WHOLE) -> str:
        """Say what is lacking before the rows of a segment can be judged; the empty text when they can."""
        rows = self.whole.rows
        return (
            self.lacking_in.get(segment, "")
            if rows >= least
            else f"{rows} of {least} rows: judged together with the next windows"
        )


def sample_of(
    connection: Connection, model: str, due: Due, *, history: History, changes: Revisions, layout: Layout
) -> Sample:
    """Read the profiles of a window, and of those before it that were left undecided."""
    stretch = _stretch(due, history)
    profiles = _read(connection, model, stretch, layout)
    own = profiles if stretch == due.window else _read(connection, model, due.window, layout)
    outcome = own[WHOLE].outcome
    labelled = outcome.n if outcome else 0
    return Sample(stretch, changes.of(stretch), own[WHOLE].rows, labelled, profiles)


def sample_within(
    connection: Connection, model: str, stretch: Window, layout: Layout, *, segments: bool = True
) -> Sample:
    """Read the profiles of any stretch of time, or that of all traffic alone, without what was done about it."""
    profiles = _read(connection, model, stretch, layout, segments=segments)
    return Sample(stretch, 0, profiles[WHOLE].rows, 0, profiles)


def _stretch(due: Due, history: History) -> Window:
    if due.before is not None:
        return due.before.stretch
    begun = None if history.has_passed(due.window) else history.begun_before(due.window)
    return Window(begun or due.window.start, due.window.end)


def _read(
    connection: Connection, model: str, window: Window, layout: Layout, *, segments: bool = True
) -> dict[str, Profile]:
    read = read_profiles(connection, model, window, layout, segments=segments)
    return read if WHOLE in read else {WHOLE: profile_table(pa.table({}), layout), **read}
