"""Detect and judge: one transaction a window writes its measurements, its alerts' steps and their messages."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial

from sqlalchemy import Connection

from monitor.alerts.finding import Finding
from monitor.alerts.quiet import telling_the_worst
from monitor.detectors.attack import Sighting
from monitor.steps.ahead import is_news, of_news, open_windows
from monitor.steps.alone import noting_alone
from monitor.steps.aside import noting_aside
from monitor.steps.attack_evidence import with_attack_evidence
from monitor.steps.baseline import Baseline
from monitor.steps.broken_by import with_broken_by
from monitor.steps.broken_in import with_broken_in
from monitor.steps.brought import with_brought
from monitor.steps.client_rows import with_clients_behind
from monitor.steps.due import Due, Known, Revisions, due_windows, label_clock, matured
from monitor.steps.faulty import Faulty, faulty_clients
from monitor.steps.going_on import clients_going_on
from monitor.steps.history import History
from monitor.steps.invalid import with_invalid
from monitor.steps.known import known_of, of_one_length
from monitor.steps.lagging import Lagging
from monitor.steps.leaps import leaps_measured, stirred_columns
from monitor.steps.memory import Memory
from monitor.steps.notify import addressed, tell
from monitor.steps.of_a_time import as_of
from monitor.steps.origins import with_origins
from monitor.steps.poisoned import labels_of
from monitor.steps.profiled import without_clients
from monitor.steps.recurring import noting_recurrence
from monitor.steps.reference import References
from monitor.steps.repeats import repeated_more, with_repeats
from monitor.steps.sample import Sample, sample_of, sample_within
from monitor.steps.segments import put_together
from monitor.steps.seldom import with_earlier_labels
from monitor.steps.setting_in import noting_onsets
from monitor.steps.small_groups import small_groups
from monitor.steps.standing import Standing, held_back, noting_alarms, of_versions_over, stepped_alerts
from monitor.steps.suspicions import alarmed_clients, seen_within, suspicious
from monitor.steps.temporal import hours_of
from monitor.steps.verdict import Verdict, maturity_of, verdict_on
from monitor.store.alerts import write_findings
from monitor.store.measurements import write_judgement, write_measurements
from monitor.store.profiles import first_seen
from monitor.store.references import WHOLE
from monitor.store.silences import read_quieted
from monitor.types import Measurement, Window
from monitor.watch import Monitor, Watch

OnWindow = Callable[[Window], None]

MORE_LABELS = 1.1
"""So many times the labels that were known are worth measuring a window again for, before all are."""


def judge(
    monitor: Monitor, watch: Watch, references: References, *, now: datetime, on_window: OnWindow
) -> list[Finding]:
    """Judge every window of a model that is due, oldest first; give what became of its alerts.

    Of windows that are not over, suspicions are told.
    """
    with monitor.database.read() as connection:
        known, versions = known_of(connection, watch), first_seen(connection, watch.name)
    if known is None:
        return []
    known = of_one_length(monitor, watch, known)
    told: list[Finding] = []
    judging = Judging(monitor, watch, references, known, versions)
    maturity, period, lateness = maturity_of(watch), watch.period, watch.settings.lateness
    for due in due_windows(known, maturity, period=period, lateness=lateness, rest=judging.rest):
        looked_at = judging.looked_at(due)
        if looked_at is None:
            continue
        verdict = judging.verdict(looked_at, due)
        told += judging.written(verdict, judging.stepped(looked_at, verdict), due, now=now)
        on_window(due.window)
    return told + judging.ahead(now=now)


@dataclass(frozen=True)
class LookedAt:
    """What a window is made of, and beside what it is laid.

    faulty: clients whose data are broken. The rows of clients under an attack alarm are left out of the sample.
    moving: whether it is laid beside windows before it, and not beside the reference.
    """

    sample: Sample
    beside: References
    seen: Sequence[Sighting]
    faulty: Faulty
    moving: bool


class Judging:
    """The windows of a model, one after the other, each with the earlier ones and the standing alerts in mind."""

    def __init__(
        self,
        monitor: Monitor,
        watch: Watch,
        references: References,
        known: Known,
        versions: Mapping[str, datetime],
    ) -> None:
        self._monitor, self._watch, self._references = monitor, watch, references
        self._known = known
        self._history, self._standing = History(known.judgements), Standing.of(monitor, watch)
        self._memory: Memory | None = None
        self._baseline = Baseline(watch.name, watch.settings, references)
        self._labels, self._changes = labels_of(monitor.database, watch), Revisions(known.revisions)
        self._clock, self._versions = label_clock(known, watch.period), versions
        self._hours = hours_of(monitor.database, watch)
        self._lagging = Lagging(monitor.database, watch, references[WHOLE].layout, self._clock)

    def rest(self, window: Window) -> tuple[int, int]:
        """Give (rows, labelled) of a window without segments whose labels lag, where there are such; else 0 rows."""
        lag = self._lagging.within(window)
        return lag.rows, lag.labelled

    def looked_at(self, due: Due) -> LookedAt | None:
        """Read what a window holds; None where that is hardly more than when it was judged."""
        watch, whole, memory = self._watch, self._references[WHOLE], self._remembered()
        layout = whole.layout
        with self._monitor.database.read() as connection:
            read = sample_of(connection, watch.name, due, history=self._history, changes=self._changes, layout=layout)
            if self._tells_little(read, due):
                return None
            beside = self._baseline.at(connection, read.stretch, self._history)
            seen = seen_within(connection, watch.name, due.window) if watch.settings.watches_attacks else []
            alarmed = alarmed_clients(seen, alpha=watch.settings.attacks.alpha)
            attackers = self._standing.attackers(due.window) | alarmed
            faulty = faulty_clients(
                connection,
                watch,
                read.stretch,
                # a window without signs excuses no suspicion
                alarmed | self._standing.excused(due.window),
                reference=whole,
                everybody=read.profiles[WHOLE],
                seen=seen,
            )
            honest = partial(
                without_clients, connection, watch, clients=attackers - faulty.columns.keys(), layout=layout
            )
            read = honest(read)
            gathering = self._history.gathering(due.window, read.stretch, read.whole.rows)
            small = small_groups(self._references, gathering)
            read = put_together(
                read,
                least=watch.settings.min_rows,
                references=self._references,
                gathering=gathering,
                read=lambda stretch: honest(sample_within(connection, watch.name, stretch, layout)).profiles,
                groups={one.windows for one in small if one.windows},
            )
            within = partial(sample_within, connection, watch.name, layout=layout, segments=False)
            together = with_earlier_labels(
                read.whole,
                read.stretch,
                history=self._history,
                memory=memory,
                read=lambda stretch: honest(within(stretch)).whole,
            )
        profiles, apart = (
            {part: replace(self._standing.expecting(one, part), span=one.span or read.stretch) for part, one in held}
            for held in (read.profiles.items(), read.small.items())
        )
        read = replace(read, profiles=profiles, small=apart, small_groups=small, together=together)
        stretches = {part: one.span or read.stretch for part, one in read.compared.items()}
        moving = watch.settings.baseline is not None and beside is not self._references
        beside = beside if moving else as_of(beside, self._references, stretches, watch.period)
        beside = with_repeats(beside, read.profiles, repeated_more(seen, memory, due.window))
        return LookedAt(read, beside, seen, faulty, moving)

    def verdict(self, looked_at: LookedAt, due: Due) -> Verdict:
        """Measure a window and lay each number beside its threshold."""
        verdict = verdict_on(
            self._watch,
            looked_at.beside,
            looked_at.sample,
            due,
            history=self._history,
            memory=self._remembered(),
            clock=self._clock,
            versions=self._versions,
            seen=looked_at.seen,
            suspected=self._standing.suspected(),
            labels=self._labels,
            hours=self._hours,
            stirred=stirred_columns(self._standing.rows.values()) if due.before is None else None,
            measured_before=self._leaps_before(due),
            lag=self._lagging.within(looked_at.sample.stretch),
        )
        return replace(verdict, moving=looked_at.moving)

    def _leaps_before(self, due: Due) -> list[Measurement]:
        if due.before is None:
            return []
        with self._monitor.database.read() as connection:
            return leaps_measured(connection, self._watch.name, due.window)

    def stepped(self, looked_at: LookedAt, verdict: Verdict) -> list[Finding]:
        """Step the alerts that a window moves, with evidence and with why it differs."""
        database, watch, standing = self._monitor.database, self._watch, self._standing
        window = verdict.judgement.window
        going_on = clients_going_on(database, watch, window, standing.alerts, standing.rows)
        stepped = list(stepped_alerts(watch, verdict, standing, going_on=going_on))
        stepped += of_versions_over(watch, verdict, standing, stepped)
        stepped = list(noting_recurrence(stepped, verdict, self._remembered()))
        stepped = noting_onsets(database, watch.name, stepped, standing.rows)
        stepped = list(noting_alone(stepped, verdict.only, standing.rows))
        layout, window = verdict.profiles[WHOLE][0].layout, looked_at.sample.stretch
        stepped = with_clients_behind(database, watch, stepped, self._history, window)
        stepped = with_broken_by(database, watch, stepped, layout, window)
        stepped = with_broken_in(database, watch, stepped, verdict.profiles[WHOLE][0], window)
        stepped = self._explained(looked_at, verdict, with_invalid(database, watch.name, stepped, layout, window))
        stepped, without = noting_aside(stepped, looked_at.sample), looked_at.sample.without
        return with_brought(database, watch, verdict, stepped, standing=standing, window=window, without=without)

    def written(self, verdict: Verdict, stepped: Sequence[Finding], due: Due, *, now: datetime) -> list[Finding]:
        """Write a window's measurements, its alerts' steps and their messages; give what became of its alerts."""
        verdict = noting_alarms(verdict, stepped, due)
        self._history.note(verdict.judgement)
        self._remembered().note(due.window, verdict.found)
        name, judgement = self._watch.name, verdict.judgement
        with self._monitor.database.write() as connection:
            write_measurements(connection, name, judgement.window, judgement.revision, verdict.judged)
            write_judgement(connection, name, judgement)
            findings = self._told(connection, stepped, now=now)
        self._standing.note(findings)
        return findings

    def ahead(self, *, now: datetime) -> list[Finding]:
        """Tell of suspicions in windows that are not over yet, and give what became of their alerts.

        The windows are judged, with these, once they are over.
        """
        if not self._watch.settings.watches_attacks:
            return []
        with self._monitor.database.read() as connection:
            seen = open_windows(connection, self._watch, self._known, judged=self._history.until)
        news = (window for window, found in seen.items() if is_news(self._watch, window, found, self._standing))
        return [finding for window in news for finding in self._suspected(window, now=now)]

    def _suspected(self, window: Window, *, now: datetime) -> list[Finding]:
        """Tell of suspicions in the part of a window that is over."""
        due = Due(window, 0, before=None)
        looked_at = self.looked_at(due)
        if looked_at is None:
            return []
        verdict, standing = self.verdict(looked_at, due), self._standing
        stepped = list(stepped_alerts(self._watch, of_news(self._watch, verdict, standing), standing))
        stepped = self._explained(looked_at, verdict, stepped)
        with self._monitor.database.write() as connection:
            findings = self._told(connection, stepped, now=now)
        standing.note(findings)
        return findings

    def _explained(self, looked_at: LookedAt, verdict: Verdict, stepped: Sequence[Finding]) -> list[Finding]:
        """Give findings with who sent what they tell of, and with why the window differs."""
        database, watch, standing = self._monitor.database, self._watch, self._standing
        layout = verdict.profiles[WHOLE][0].layout
        explained = with_origins(
            database,
            watch.name,
            verdict,
            with_attack_evidence(database, watch, stepped, standing.rows, layout),
            standing=standing.rows,
            memory=self._remembered(),
            history=self._history,
            window=looked_at.sample.stretch,
            suspicious=suspicious(looked_at.seen, alpha=watch.settings.attacks.alpha, without=looked_at.sample.without),
            faulty=looked_at.faulty,
        )
        return list(telling_the_worst(explained, standing.rows))

    def _told(self, connection: Connection, stepped: Sequence[Finding], *, now: datetime) -> list[Finding]:
        """Write what became of alerts and queue the messages about it; give the findings with what is told."""
        standing = self._standing
        noted = map(read_quieted(connection, now=now).noted, stepped)
        findings = held_back(noted, standing.rows.values(), apart=self._watch.labels is not None)
        findings = addressed(findings, self._monitor)
        write_findings(connection, findings, standing.alerts, now=now)
        tell(connection, self._monitor, findings, now=now)
        return findings

    def _tells_little(self, sample: Sample, due: Due) -> bool:
        """Say whether only a few of its labels have come since a window was judged, and more are awaited.

        Where labels trickle in over weeks, every window of these weeks would be measured again in every pass.
        """
        before = due.before
        if before is None or before.matured or not before.decided or before.revision < 0:
            return False
        few = before.labelled < sample.labelled < MORE_LABELS * before.labelled
        if sample.rows != before.rows or not few:
            return False
        counts = {"rows": sample.rows, "labelled": sample.labelled}
        return not matured(due.window, maturity_of(self._watch), self._history, clock=self._clock, **counts)

    def _remembered(self) -> Memory:
        if self._memory is None:
            self._memory = Memory.of(self._monitor.database, self._watch.name, self._references[WHOLE].layout.by_name)
        return self._memory
