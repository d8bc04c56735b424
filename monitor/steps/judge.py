"""Detect and judge: one transaction a window writes its measurements, its alerts' steps and their messages."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime

from sqlalchemy import Connection

from monitor.alerts.grouping import Finding
from monitor.steps.attack_evidence import with_attack_evidence
from monitor.steps.baseline import Baseline
from monitor.steps.due import Known, Revisions, due_windows, label_clock
from monitor.steps.faulty import faulty_clients
from monitor.steps.history import History
from monitor.steps.memory import Memory
from monitor.steps.notify import tell
from monitor.steps.origins import with_origins
from monitor.steps.poisoned import labels_of
from monitor.steps.profiled import without_clients
from monitor.steps.reference import References
from monitor.steps.sample import sample_of
from monitor.steps.standing import Standing, held_back, noting_alarms, stepped_alerts
from monitor.steps.suspicions import alarmed_clients, seen_within, suspicious_excess
from monitor.steps.verdict import Verdict, maturity_of, verdict_on
from monitor.store.alerts import write_findings
from monitor.store.cursors import read_source
from monitor.store.measurements import read_judgements, write_judgement, write_measurements
from monitor.store.profiles import first_seen, revisions
from monitor.store.records import record_span
from monitor.store.references import WHOLE
from monitor.types import Window
from monitor.watch import Monitor, Watch

OnWindow = Callable[[Window], None]


def judge(
    monitor: Monitor, watch: Watch, references: References, *, now: datetime, on_window: OnWindow
) -> list[Finding]:
    """Judge every window of a model that is due, oldest first; give what became of its alerts."""
    with monitor.database.read() as connection:
        known, versions = _known(connection, watch), first_seen(connection, watch.name)
    if known is None:
        return []
    told: list[Finding] = []
    history, standing, memory = History(known.judgements), Standing.of(monitor, watch), None
    baseline = Baseline(watch.name, watch.settings, references)
    labels = labels_of(monitor.database, watch)
    maturity, changes = maturity_of(watch), Revisions(known.revisions)
    for due in due_windows(known, maturity, period=watch.period, lateness=watch.settings.lateness):
        with monitor.database.read() as connection:
            memory = memory or Memory.of(connection, watch.name)
            layout = references[WHOLE].layout
            compared_with = baseline.at(connection, due.window, history)
            read = sample_of(connection, watch.name, due, history=history, changes=changes, layout=layout)
            seen = seen_within(connection, watch.name, due.window) if watch.settings.watches_attacks else []
            alpha = watch.settings.attacks.alpha
            attackers = standing.attackers() | alarmed_clients(seen, alpha=alpha)
            parts = {"reference": references[WHOLE], "everybody": read.profiles[WHOLE]}
            faulty = faulty_clients(connection, watch, read.stretch, attackers, **parts)
            read = without_clients(connection, watch, read, attackers - faulty.columns.keys(), layout)
        sample = replace(read, profiles={part: standing.expecting(one, part) for part, one in read.profiles.items()})
        clock = label_clock(known, watch.period)
        verdict = verdict_on(
            watch,
            compared_with,
            sample,
            due,
            history=history,
            memory=memory,
            clock=clock,
            versions=versions,
            seen=seen,
            suspected=standing.suspected(),
            labels=labels,
        )
        stepped = list(stepped_alerts(watch, verdict, standing.alerts))
        stepped = with_attack_evidence(monitor.database, watch, stepped, standing.rows)
        stepped = with_origins(
            monitor.database,
            watch.name,
            verdict,
            stepped,
            standing=standing.rows,
            drifting=history.alarmed_before(due.window),
            window=sample.stretch,
            attack=suspicious_excess(seen, alpha=alpha),
            faulty=faulty,
        )
        verdict = noting_alarms(verdict, stepped, due)
        history.note(verdict.judgement)
        memory.note(due.window, verdict.found)
        with monitor.database.write() as connection:
            findings = _written(connection, monitor, watch, verdict, stepped=stepped, standing=standing, now=now)
        standing.note(findings)
        told += findings
        on_window(due.window)
    return told


def _known(connection: Connection, watch: Watch) -> Known | None:
    span = record_span(connection, watch.name)
    if span is None:
        return None
    drained_at = read_source(connection, watch.records_source).drained_at
    return Known(*span, drained_at, revisions(connection, watch.name), read_judgements(connection, watch.name))


def _written(
    connection: Connection,
    monitor: Monitor,
    watch: Watch,
    verdict: Verdict,
    *,
    stepped: Sequence[Finding],
    standing: Standing,
    now: datetime,
) -> list[Finding]:
    judgement = verdict.judgement
    write_measurements(connection, watch.name, judgement.window, judgement.revision, verdict.judged)
    write_judgement(connection, watch.name, judgement)
    findings = held_back(stepped, standing.rows.values(), apart=watch.labels is not None)
    write_findings(connection, findings, standing.alerts, now=now)
    tell(connection, monitor, findings, now=now)
    return findings
