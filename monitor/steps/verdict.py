"""What was found out about a window: everything measured, each number beside its threshold; nothing is written."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from monitor.alerts.attack_wording import is_of_clients
from monitor.detectors.attack import Sighting
from monitor.detectors.attack.poisoned import Labels
from monitor.detectors.quality import volume
from monitor.profiles.calendar import Hours
from monitor.steps.due import Due, Maturity, matured
from monitor.steps.gaps import without_gaps
from monitor.steps.history import History
from monitor.steps.lagging import NONE, Lag, without_labels_of
from monitor.steps.leaps import Stirred
from monitor.steps.looks import Sight, found_in
from monitor.steps.measure import Found, compared
from monitor.steps.memory import Memory
from monitor.steps.mixes import without_mixes
from monitor.steps.parts import Pairs, laid_beside, only_version
from monitor.steps.reference import References
from monitor.steps.sample import Sample
from monitor.steps.shared_moves import without_shared_moves
from monitor.steps.usual import without_holidays, without_the_allotted, without_the_usual
from monitor.store.measurements import Judged, Judgement
from monitor.store.references import WHOLE
from monitor.types import Measurement, Window
from monitor.watch import Watch


@dataclass(frozen=True)
class Verdict:
    """All that was found out about a window: measurements beside their thresholds, and what may step an alert.

    first: it is judged for the first time, and before all later ones. again: it was judged before, and no later one.
    late: rows of it came after it was judged. settled: its labels have just matured. only: the version that answers
    alone, which is the whole. moving: it was laid beside windows before it, and not beside the reference.
    """

    judgement: Judgement
    found: Sequence[Found]
    judged: Sequence[Judged]
    first: bool
    again: bool
    settled: bool
    profiles: Pairs
    late: bool = False
    only: str = ""
    moving: bool = False

    def stepping(self) -> Iterator[tuple[Found, Judged]]:
        """Give what moves an alert: each measurement once, labels' only when they have matured.

        How many rows the newest window holds is told again when more have come, and an attack in rows that came late.
        """
        for found, judged in zip(self.found, self.judged, strict=True):
            counted_anew = self.again and found.detector.name == volume.NAME
            came_late = self.late and judged.outcome == "breach" and is_of_clients(found.detector.name)
            if judged.outcome and (self.settled if found.of_labels else self.first or counted_anew or came_late):
                yield found, judged


def verdict_on(
    watch: Watch,
    references: References,
    sample: Sample,
    due: Due,
    *,
    history: History,
    memory: Memory,
    clock: datetime,
    versions: Mapping[str, datetime],
    seen: Sequence[Sighting] = (),
    suspected: Collection[tuple[str, str]] = (),
    labels: Callable[[Window], Labels] | None = None,
    hours: Hours | None = None,
    stirred: Mapping[str, Stirred] | None = None,
    measured_before: Sequence[Measurement] = (),
    lag: Lag = NONE,
) -> Verdict:
    """Measure a window and lay each number beside its threshold; nothing is written.

    lag: of which segments labels lag behind those of the others.
    """
    settings, pairs = watch.settings, laid_beside(references, sample.compared)
    was_settled = due.before is not None and due.before.matured
    settled = not was_settled and _has_settled(watch, sample, due, history=history, clock=clock, lag=lag)
    labels_known = settled or was_settled
    sight = Sight(
        model=watch.name,
        settings=settings,
        window=due.window,
        rows=sample.rows,
        references=references,
        current=sample.profiles,
        pairs=pairs,
        labelled=without_labels_of(pairs, sample.profiles, lag.segments),
        together=None if lag.segments else sample.together,
        history=history,
        memory=memory,
        versions=versions,
        seen=seen,
        suspected=suspected,
        labels=labels if labels_known and sample.labelled else None,
        hours=hours,
        small_groups=sample.small_groups,
        last=sample.last,
        stirred=stirred or {},
        measured_before=measured_before,
    )
    found, lacking = found_in(sight), partial(sample.lacking, settings.min_rows)
    newest = not history.has_passed(due.window)
    judged = compared(found, settings, window=sample.stretch, settled=labels_known, lacking=lacking)
    judged = without_the_usual(without_holidays(judged, settings.holiday(due.window)), pairs, sample.stretch)
    judged = without_mixes(judged, references, sample.profiles)
    judged = without_gaps(
        judged, pairs, {part: sample.everybody[part] for part in sample.everybody.keys() - sample.small}
    )
    return Verdict(
        _judgement(sample, due, matured=labels_known, decided=not lacking()),
        found,
        without_shared_moves(without_the_allotted(judged, references[WHOLE].layout), pairs),
        first=newest and due.before is None,
        again=newest and due.before is not None,
        late=due.before is not None and 0 <= due.before.revision < sample.revision,
        settled=settled,
        profiles=pairs,
        only=only_version(sample.compared),
    )


def _has_settled(watch: Watch, sample: Sample, due: Due, *, history: History, clock: datetime, lag: Lag) -> bool:
    """Say whether a window's labels count as known, and those of no window before it are awaited.

    Labels step alerts in the order of windows; one whose labels are overdue, or may come for ever, holds up none. Of
    too few rows labels are known, too: these are judged with the next windows. Where labels lag in some segments, those
    of the others are enough.
    """
    maturity = maturity_of(watch)
    has_matured = partial(matured, due.window, maturity, history)
    lacks = bool(sample.lacking(watch.settings.min_rows))
    known = has_matured(rows=sample.rows, labelled=sample.labelled, clock=clock)
    known = known or (lag.rows > 0 and has_matured(rows=lag.rows, labelled=lag.labelled, clock=clock))
    if not lacks and not known:
        return False
    delay = maturity.max_delay
    return delay is None or not history.waits_before(due.window, since=clock - delay)


def _judgement(sample: Sample, due: Due, *, matured: bool, decided: bool) -> Judgement:
    return Judgement(
        due.window,
        sample.revision,
        sample.rows,
        sample.labelled,
        matured=matured,
        since=None if sample.stretch == due.window else sample.stretch.start,
        decided=decided,
    )


def maturity_of(watch: Watch) -> Maturity:
    """Say when the labels of a model's windows count as known."""
    in_record = watch.labels is None
    max_delay = watch.settings.labels.max_delay if watch.settings.labels else None
    return Maturity(in_record, max_delay, watch.settings.min_labels)
