"""Whether the monitor can see: a source that stands still, fails or falls silent raises a health alert of its own."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import pairwise

from sqlalchemy import Connection

from monitor.alerts.grouping import Finding, inhibited
from monitor.alerts.lifecycle import Alert, Rule, fingerprint, step
from monitor.alerts.thresholds import Threshold, judged, significance
from monitor.detectors.quality import freshness
from monitor.schedule import window_of
from monitor.steps.notify import tell
from monitor.store.alerts import alert_rows, read_alerts, write_findings
from monitor.store.cursors import note_live, read_source
from monitor.store.measurements import read_judgements
from monitor.store.records import record_span
from monitor.types import Measurement, Window
from monitor.watch import Monitor, Watch

KIND = "health"
GAPS = 200
AT_ONCE = Rule(k=1, m=1, clear=1)


def watch_over(monitor: Monitor, watch: Watch, problems: Mapping[str, str], *, now: datetime) -> list[Finding]:
    """Step a model's health alerts; `problems` says by name why something stands still, or nothing."""
    with monitor.database.write() as connection:
        silence = _silence(connection, watch, now=now)
        alerts = read_alerts(connection, watch.name)
        measured = [*map(_measured, problems.items()), *([silence] if silence else [])]
        stepped = list(_stepped(watch, measured, alerts, now=now))
        if not stepped:
            return []
        findings = inhibited(stepped, alert_rows(connection, model=watch.name))
        write_findings(connection, findings, alerts, now=now)
        tell(connection, monitor, findings, now=now)
    return findings


def _measured(problem: tuple[str, str]) -> Measurement:
    name, why = problem
    return Measurement(name, float(bool(why)), note=why)


def _silence(connection: Connection, watch: Watch, *, now: datetime) -> Measurement | None:
    """Measure the hours since the newest record, once they have been up to date: a history is no silence.

    The note says that it is too long, and is empty while it is not.
    """
    span, source = record_span(connection, watch.name), watch.records_source
    if span is None:
        return None
    age = max(now - span[1], timedelta(0))
    length = _length(span[1], watch)
    if age <= 2 * length + watch.settings.lateness:
        note_live(connection, source, at=now)
    elif read_source(connection, source).live_at is None:
        return None
    filled = [j.window.start for j in read_judgements(connection, watch.name) if j.rows][-GAPS:]
    measurement = freshness.compare_age(age, [b - a for a, b in pairwise(filled)])
    budget = watch.settings.false_alarms
    alpha = significance(alarms=budget.count, per=budget.per, window=length, tests=1)
    reached = judged(measurement, Threshold(alpha=alpha, min_effect=freshness.DETECTOR.min_effect)) == "breach"
    since = f"no record since {span[1]:%Y-%m-%d %H:%M} UTC, a longer silence than usual" if reached else ""
    return replace(measurement, note=since)


def _length(time: datetime, watch: Watch) -> timedelta:
    window = window_of(time, watch.period)
    return window.end - window.start


def _stepped(
    watch: Watch, measured: list[Measurement], alerts: Mapping[str, Alert], *, now: datetime
) -> Iterator[Finding]:
    for measurement in measured:
        mark = fingerprint(watch.name, KIND, measurement.detector)
        before = alerts.get(mark)
        if before is None and not measurement.note:
            continue
        after, transition = step(
            before or Alert(mark),
            outcome="breach" if measurement.note else "clear",
            window_end=now,
            rule=AT_ONCE,
        )
        yield Finding(
            alert=after,
            model=watch.name,
            kind=KIND,
            detector=measurement.detector,
            window=Window(now, now),
            severity=watch.settings.severity.get(KIND, "critical"),
            origin="data_quality",
            transition=transition,
            value=measurement.value,
            p_value=measurement.p_value,
            note=measurement.note,
        )
