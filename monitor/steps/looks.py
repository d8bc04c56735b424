"""What is looked at when a window is judged; a new look is a function that gives measurements, and its name here."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial

from monitor.alerts.vocabulary import WINDOWS_BEFORE
from monitor.config import Model
from monitor.detectors.attack import Sighting
from monitor.detectors.attack.poisoned import Labels
from monitor.detectors.quality import repeated_share, unlabelled_share, unseen_share, volume
from monitor.detectors.quality.share import usual_counts
from monitor.profiles.calendar import Hours
from monitor.profiles.profile import Profile
from monitor.steps.estimates import estimated
from monitor.steps.groups import Beside, of_groups
from monitor.steps.history import History
from monitor.steps.leaps import Stirred, leaps
from monitor.steps.measure import Found, found_of, measured
from monitor.steps.memory import Memory
from monitor.steps.parts import Pairs
from monitor.steps.poisoned import poisoned_labels
from monitor.steps.repeats import repeats_in, usual_repeats
from monitor.steps.sample import SmallGroup
from monitor.steps.seldom import judged_together
from monitor.steps.small_groups import of_small_groups
from monitor.steps.suspicions import suspicions
from monitor.steps.temporal import beside_the_calendar, lasting_changes
from monitor.steps.versions import new_versions, versions_compared
from monitor.store.references import WHOLE
from monitor.timestamps import times_read
from monitor.types import Measurement, Window

WEEK = timedelta(days=7)
PUT_BACK = "clocks are put back: local times of this hour are read as those of the hour before"


@dataclass(frozen=True)
class Sight:
    """All there is to look at in one window of a model.

    rows: of the window alone. references, current: profiles by segment, "" being all traffic; `current` always holds
    it, and the rows of the windows before where these were too few to be judged. pairs: those of both that are
    compared. history: the windows judged so far. memory: what was measured in them. versions: when the first window of
    each version began, and under "" that of the model. found: what the looks before this one have found. seen: what
    clients did as attackers would. suspected: (kind, segment) of the alerts of attacks that stand. labels: judges the
    labels of a window's rows; None until they have matured. together: all traffic since ROC AUC was last judged;
    None where the window has labels of each class enough. hours: counts the rows of a span by weekday and hour.
    small_groups, last: as in `Sample`. stirred: columns under alarm, see `stirred_columns`; measured_before: what was
    measured of these, where the window was judged before. labelled: `pairs` without labels of segments whose
    labels lag.
    """

    model: str
    settings: Model
    window: Window
    rows: int
    references: Mapping[str, Profile]
    current: Mapping[str, Profile]
    pairs: Pairs
    history: History
    memory: Memory
    versions: Mapping[str, datetime] = field(default_factory=dict)
    found: Sequence[Found] = ()
    seen: Sequence[Sighting] = ()
    suspected: Collection[tuple[str, str]] = ()
    labels: Callable[[Window], Labels] | None = None
    together: Profile | None = None
    hours: Hours | None = None
    small_groups: Sequence[SmallGroup] = ()
    last: Mapping[int, Mapping[str, Profile]] = field(default_factory=dict)
    stirred: Mapping[str, Stirred] = field(default_factory=dict)
    measured_before: Sequence[Measurement] = ()
    labelled: Pairs = field(default_factory=dict)

    @property
    def whole(self) -> Profile:
        """Give the profile of all of the window's traffic."""
        return self.current[WHOLE]


Look = Callable[[Sight], Iterator[Found]]


def against_the_reference(sight: Sight) -> Iterator[Found]:
    """Lay each profile beside that of the reference."""
    found = map(partial(_of_new_values, sight), measured(sight.labelled or sight.pairs, sight.settings))
    yield from judged_together(found, sight.references[WHOLE], sight.together)


def _of_new_values(sight: Sight, found: Found) -> Found:
    """Lay the share of new values beside those of windows before, where they come with time; of all traffic only."""
    one, columns = found.measurement, sight.references[WHOLE].layout.by_name
    if one.detector != unseen_share.NAME or one.segment or not columns[one.column].renewal:
        return found
    before = sight.memory.earlier(sight.window, one.detector, one.column, last=unseen_share.REMEMBERED)
    beside = unseen_share.beside_windows(one, columns[one.column], before)
    return replace(found, measurement=replace(beside, evidence={**beside.evidence, "beside": WINDOWS_BEFORE}))


def volume_of(sight: Sight) -> Iterator[Found]:
    """Compare the window's rows with those of the windows that it should resemble.

    Before two or three weeks are known, by how much weekdays differ is taken from the reference.
    """
    zone = sight.settings.columns.zone

    def odd(window: Window) -> bool:
        return times_read(window, zone) != 1 or bool(sight.settings.holiday(window))

    own, *others = sight.history.rows_like(sight.window, odd=odd)
    calendar, shared = sight.references[WHOLE].layout.calendar, 0.0
    usual = sight.history.rows_as_usual(sight.window, calendar.rows_usual_in, odd=odd) if calendar else None
    if calendar and usual:
        own, others, shared = usual, [], 1 / calendar.weeks
    awaited = calendar is not None and calendar.expects(sight.window)
    compare = partial(volume.compare_counts, own, others=others, awaited=awaited, shared=shared)
    measurement = _by_the_clock(compare, sight.rows, times_read(sight.window, zone))
    yield found_of(volume.DETECTOR, measurement, sight.settings)


def _by_the_clock(compare: Callable[[int], Measurement], rows: int, read: float) -> Measurement:
    """Measure rows as so many times a window's, or as those of one, whichever is more like the windows before.

    Where clocks are put back an hour comes twice if times name no zone, and if they do it does not: which is so is not
    known.
    """
    found = compare(rows)
    if read == 1:
        return found
    if not read and not rows:
        return replace(found, p_value=None, effect=None, note=PUT_BACK)
    other = compare(round(rows / read)) if read else found
    likelier = max(found, other, key=lambda one: 1.0 if one.p_value is None else one.p_value)
    return replace(likelier, value=float(rows), n=rows)


def labels_in_records(sight: Sight) -> Iterator[Found]:
    """Compare how many of the window's records bear a label with the windows of a week or more before it."""
    name, settings = sight.settings.columns.label, sight.settings
    column = sight.whole.columns.get(name) if name and settings.labels is None else None
    if name is None or column is None:
        return
    known = [at for at in sight.memory.before(sight.window) if sight.history.knows(at, labels=True)]
    earlier = (one for at in known if (one := sight.memory.at(at, unlabelled_share.NAME, name)))
    without = usual_counts(earlier, unlabelled_share.DETECTOR.min_effect)
    counts = [(rows - unlabelled, rows) for unlabelled, rows in without]
    enough = counts if known and sight.window.start - known[0].start >= WEEK else []
    labelled = column.n + column.invalid
    measurement = unlabelled_share.compare_counts(enough, labelled, sight.whole.rows, column=name)
    measurement = replace(measurement, evidence={"beside": WINDOWS_BEFORE})
    yield found_of(unlabelled_share.DETECTOR, measurement, settings, shared=0.0)


def repeated_rows(sight: Sight) -> Iterator[Found]:
    """Compare how many of the window's rows repeat another with the windows before, where queries are followed."""
    counted = repeats_in(sight.seen)
    if counted is None:
        return
    usual = usual_repeats(sight.memory, sight.window)
    measurement = replace(repeated_share.compare_counts(usual, *counted), evidence={"beside": WINDOWS_BEFORE})
    yield found_of(repeated_share.DETECTOR, measurement, sight.settings)


def before_labels(sight: Sight) -> Iterator[Found]:
    """Estimate the performance of all traffic from its scores."""
    yield from estimated(*sight.pairs[WHOLE], sight.settings)


def groups_of(sight: Sight) -> Iterator[Found]:
    """Compare the groups of sensitive columns, and of segments, with each other, and with stated shares."""
    yield from of_groups(Beside(sight.references, sight.current), sight.settings)
    yield from of_small_groups(sight.small_groups, sight.references, sight.last, sight.settings)


LOOKS: tuple[Look, ...] = (
    against_the_reference,
    before_labels,
    volume_of,
    repeated_rows,
    labels_in_records,
    new_versions,
    versions_compared,
    groups_of,
    lasting_changes,
    leaps,
    beside_the_calendar,
    suspicions,
    poisoned_labels,
)
"""In this order: later ones may read what earlier ones found."""


def found_in(sight: Sight) -> list[Found]:
    """Take every look in turn."""
    found: list[Found] = []
    for look in LOOKS:
        found += look(replace(sight, found=tuple(found)))
    return found
