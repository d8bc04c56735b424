"""Detect and judge: one transaction a window writes its measurements, its alerts' steps and their messages."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import pyarrow as pa
from sqlalchemy import Connection

from monitor.alerts.grouping import Finding, inhibited
from monitor.alerts.lifecycle import Alert, fingerprint, step
from monitor.config import setting_of
from monitor.detectors.quality import volume
from monitor.profiles.groups import profile_table
from monitor.profiles.profile import Profile
from monitor.stats.volume import WINDOWS_NEEDED
from monitor.steps.due import Due, Known, Maturity, due_windows, label_clock, matured
from monitor.steps.measure import Found, compared, measured, rule_of
from monitor.steps.notify import tell
from monitor.steps.reference import References
from monitor.store.alerts import alert_rows, read_alerts, write_findings
from monitor.store.cursors import read_source
from monitor.store.measurements import Judged, Judgement, read_judgements, write_judgement, write_measurements
from monitor.store.profiles import read_profiles, revisions
from monitor.store.records import record_span
from monitor.store.references import WHOLE
from monitor.types import Window
from monitor.watch import Monitor, Watch

OnWindow = Callable[[Window], None]
SEVERITIES = {"performance.realised": "critical", "health": "critical"}
HISTORY = 28


@dataclass(frozen=True)
class Verdict:
    """All that was found out about a window: measurements beside their thresholds, and what may step an alert."""

    judgement: Judgement
    found: Sequence[Found]
    judged: Sequence[Judged]
    first: bool
    settled: bool

    def stepping(self) -> Iterator[tuple[Found, Judged]]:
        """Give what moves an alert: each measurement once, labels' only when they have matured."""
        for found, judged in zip(self.found, self.judged, strict=True):
            if judged.outcome and (self.settled if found.of_labels else self.first):
                yield found, judged


def judge(
    monitor: Monitor, watch: Watch, references: References, *, now: datetime, on_window: OnWindow
) -> list[Finding]:
    """Judge every window of a model that is due, oldest first; give what became of its alerts."""
    with monitor.database.read() as connection:
        known = _known(connection, watch)
    if known is None:
        return []
    told: list[Finding] = []
    history = list(known.judgements)
    maturity = maturity_of(watch)
    for due in due_windows(known, maturity, period=watch.period, lateness=watch.settings.lateness):
        with monitor.database.read() as connection:
            current = read_profiles(connection, watch.name, due.window, references[WHOLE].layout)
        clock = label_clock(known, watch.period)
        verdict = verdict_on(watch, references, current, due, history=history, clock=clock)
        history = [j for j in history if j.window != due.window] + [verdict.judgement]
        with monitor.database.write() as connection:
            told += _written(connection, monitor, watch, verdict, now=now)
        on_window(due.window)
    return told


def maturity_of(watch: Watch) -> Maturity:
    """Say when the labels of a model's windows count as known."""
    in_record = watch.labels is None
    max_delay = watch.settings.labels.max_delay if watch.settings.labels else None
    return Maturity(in_record, max_delay, watch.settings.min_labels)


def verdict_on(
    watch: Watch,
    references: References,
    current: dict[str, Profile],
    due: Due,
    *,
    history: Sequence[Judgement],
    clock: datetime,
) -> Verdict:
    """Measure a window and lay each number beside its threshold; nothing is written."""
    whole = current.get(WHOLE) or profile_table(pa.table({}), references[WHOLE].layout)
    found = [*measured(references, {WHOLE: whole, **current}, watch.settings)]
    found += volume_of(watch, due.window, whole.rows, history)
    labelled = whole.outcome.n if whole.outcome else 0
    ready = matured(due.window, maturity_of(watch), rows=whole.rows, labelled=labelled, clock=clock)
    waiting = any(not j.matured for j in history if j.window < due.window)
    before = due.before is not None and due.before.matured
    settled = ready and not waiting and not before
    judged = compared(found, watch.settings, window=due.window, settled=settled or before)
    judgement = Judgement(due.window, due.revision, whole.rows, labelled, matured=settled or before)
    return Verdict(judgement, found, judged, first=due.before is None, settled=settled)


def volume_of(watch: Watch, window: Window, rows: int, history: Sequence[Judgement]) -> list[Found]:
    """Compare a window's rows with those of the windows that it should resemble."""
    measurement = volume.compare_counts(comparable(window, history), rows)
    setting = setting_of(watch.settings.thresholds, detector=measurement.detector, kind=volume.DETECTOR.kind)
    wanted = volume.DETECTOR.armed if setting.value is None else setting.value != "off"
    return [Found(volume.DETECTOR, measurement, volume.DETECTOR.kind, armed=wanted, setting=setting)]


def comparable(window: Window, history: Sequence[Judgement]) -> list[int]:
    """Give the rows of earlier windows of the same hour of the week, or of the day, or simply of the last ones.

    The first of these of which there are eight counts.
    """
    earlier = [j for j in history if j.window < window]
    week, day = timedelta(weeks=1), timedelta(days=1)
    for cycle in (week, day):
        alike = [j.rows for j in earlier if (window.start - j.window.start) % cycle == timedelta(0)]
        if len(alike) >= WINDOWS_NEEDED and cycle > window.end - window.start:
            return alike[-HISTORY:]
    return [j.rows for j in earlier][-HISTORY:]


def _known(connection: Connection, watch: Watch) -> Known | None:
    span = record_span(connection, watch.name)
    if span is None:
        return None
    drained_at = read_source(connection, watch.records_source).drained_at
    return Known(*span, drained_at, revisions(connection, watch.name), read_judgements(connection, watch.name))


def _written(
    connection: Connection, monitor: Monitor, watch: Watch, verdict: Verdict, *, now: datetime
) -> list[Finding]:
    judgement = verdict.judgement
    write_measurements(connection, watch.name, judgement.window, judgement.revision, verdict.judged)
    write_judgement(connection, watch.name, judgement)
    alerts = read_alerts(connection, watch.name)
    standing = alert_rows(connection, model=watch.name)
    stepped = list(stepped_alerts(watch, verdict, alerts))
    findings = inhibited(stepped, standing)
    write_findings(connection, findings, now=now)
    tell(connection, monitor, findings, now=now)
    return findings


def stepped_alerts(watch: Watch, verdict: Verdict, alerts: dict[str, Alert]) -> Iterator[Finding]:
    """Step every alert that the window moves; one that never breached is not begun."""
    window = verdict.judgement.window
    for found, judged in verdict.stepping():
        measurement = judged.measurement
        mark = fingerprint(watch.name, judged.kind, measurement.detector, measurement.column, measurement.segment)
        before = alerts.get(mark)
        if before is None and judged.outcome != "breach":
            continue
        after, transition = step(
            before or Alert(mark),
            outcome=judged.outcome,  # type: ignore[arg-type]  # the empty text is left out by `stepping`
            window_end=window.end,
            rule=rule_of(found, watch.settings),
        )
        yield Finding(
            alert=after,
            model=watch.name,
            kind=judged.kind,
            detector=measurement.detector,
            window=window,
            column=measurement.column,
            segment=measurement.segment,
            severity=watch.settings.severity.get(judged.kind) or SEVERITIES.get(judged.kind, "warning"),
            origin="data_quality" if judged.kind == "quality" else "undetermined",
            transition=transition,
            value=measurement.value,
            reference_value=found.reference_value,
            unit=found.detector.unit,
            effect=measurement.effect,
            threshold=judged.threshold,
            p_value=measurement.p_value,
            alpha=judged.alpha,
            n=measurement.n,
            low=measurement.low,
            high=measurement.high,
            note=measurement.note,
        )
