"""Whether the monitor can see: a source that stands still, fails or falls silent raises a health alert of its own."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import pairwise

from sqlalchemy import Connection

from monitor.alerts.finding import Finding
from monitor.alerts.inhibition import inhibited
from monitor.alerts.lifecycle import UNDER_ALARM, Alert, Rule, fingerprint, step
from monitor.alerts.public import as_json, id_of, mark_of
from monitor.alerts.thresholds import Threshold, judged, significance
from monitor.alerts.vocabulary import LOSSES
from monitor.detectors.quality import freshness
from monitor.schedule import window_of
from monitor.steps.losses import lost_quietly
from monitor.steps.notify import addressed, tell
from monitor.steps.segment_labels import labels_of_segments, source_of
from monitor.steps.standing import held_back
from monitor.steps.turns import Turn, slot_level, turns, unjudged
from monitor.store.alerts import alert_rows, held_findings, read_alerts, write_findings
from monitor.store.cursors import note_judged, note_live, read_source
from monitor.store.measurements import read_filled
from monitor.store.records import record_span
from monitor.store.silences import read_quieted
from monitor.types import Measurement, Window
from monitor.watch import Monitor, Watch

KIND = "health"
GAPS = 200
AT_ONCE = Rule(k=1, m=1, clear=1)


def watch_over(
    monitor: Monitor, watch: Watch, problems: Mapping[str, str], *, now: datetime, losses: bool = True
) -> list[Finding]:
    """Step a model's health alerts, and tell what waited for one that has ended if it still breaches.

    problems: by name, why something stands still, or the empty text. losses: ask, too, whether records have
    ceased, and what else was lost quietly.
    """
    measured, live, found = [Turn(_measured(problem), now) for problem in problems.items()], False, list[Finding]()
    if losses:
        found += _labels_turned(monitor, watch, now=now)
        found += _segments_turned(monitor, watch, now=now)
        with monitor.database.read() as connection:
            live = _is_live(connection, watch, now=now)
            measured += [*_silence(connection, watch, live=live, now=now), *_lost(connection, watch, now=now)]
    with monitor.database.write() as connection:
        if live:
            note_live(connection, watch.records_source, at=now)
        return found + _told(connection, monitor, watch, measured, now=now)


def _labels_turned(monitor: Monitor, watch: Watch, *, now: datetime) -> list[Finding]:
    """Step the alerts about when labels come through every slot that has ended, each turn in its own transaction."""
    with monitor.database.read() as connection:
        left = unjudged(connection, watch)
    if left is None:
        return []
    found = list[Finding]()
    for turned in turns(left, alpha=slot_level(watch.settings, left.history.length)):
        with monitor.database.write() as connection:
            note_judged(connection, watch.labels_source, until=min(turned[0].at, left.until))
            found += _told(connection, monitor, watch, turned, now=now)
    with monitor.database.write() as connection:
        note_judged(connection, watch.labels_source, until=left.until)
    return found


def _segments_turned(monitor: Monitor, watch: Watch, *, now: datetime) -> list[Finding]:
    """Step the alert about segments whose labels stay out through every day that was not looked at yet."""
    with monitor.database.read() as connection:
        looked = labels_of_segments(connection, watch)
    if looked is None:
        return []
    with monitor.database.write() as connection:
        note_judged(connection, source_of(watch), until=looked.until)
        return [one for turn in looked.turns for one in _told(connection, monitor, watch, [turn], now=now)]


def _told(
    connection: Connection, monitor: Monitor, watch: Watch, measured: Iterable[Turn], *, now: datetime
) -> list[Finding]:
    alerts = read_alerts(connection, watch.name)
    stepped = list(_stepped(watch, measured, alerts))
    if not stepped:
        return []
    rows = {mark_of(row["id"]): row for row in alert_rows(connection, model=watch.name)}
    quieted = read_quieted(connection, now=now)
    findings = inhibited(map(quieted.noted, stepped), rows.values())
    rows |= {mark_of(row["id"]): row for row in map(as_json, findings)}
    held = map(quieted.noted, _held(connection, watch, findings))
    findings += held_back(held, rows.values(), apart=watch.labels is not None)
    findings = addressed(findings, monitor)
    write_findings(connection, findings, alerts, now=now)
    tell(connection, monitor, findings, now=now)
    return findings


def _held(connection: Connection, watch: Watch, stepped: Iterable[Finding]) -> list[Finding]:
    """Give what waited for a health alert that has just ended, and may still have to wait for another one."""
    ended = {id_of(f) for f in stepped if f.transition == "resolved"}
    return held_findings(connection, watch.name, by=ended) if ended else []


def _measured(problem: tuple[str, str]) -> Measurement:
    name, why = problem
    return Measurement(name, float(bool(why)), note=why)


def _is_live(connection: Connection, watch: Watch, *, now: datetime) -> bool:
    """Say whether the newest record is up to date."""
    span = record_span(connection, watch.name)
    return span is not None and now - span[1] <= 2 * _length(span[1], watch) + watch.settings.lateness


def _silence(connection: Connection, watch: Watch, *, live: bool, now: datetime) -> Iterator[Turn]:
    """Measure the hours since the newest record, once they have been up to date: a history is no silence.

    The note says that it is too long, and is empty while it is not.
    """
    span = record_span(connection, watch.name)
    if span is None or not (live or read_source(connection, watch.records_source).live_at):
        return
    age = max(now - span[1], timedelta(0))
    length = _length(span[1], watch)
    filled = [judged.window.start for judged in read_filled(connection, watch.name, most=GAPS)]
    measurement = freshness.compare_age(age, [b - a for a, b in pairwise(filled)])
    budget = watch.settings.false_alarms
    alpha = significance(alarms=budget.count, per=budget.per, window=length, tests=1)
    reached = judged(measurement, Threshold(alpha=alpha, min_effect=freshness.DETECTOR.min_effect)) == "breach"
    since = f"no record since {span[1]:%Y-%m-%d %H:%M} UTC, a longer silence than usual" if reached else ""
    yield Turn(replace(measurement, note=since), now, span[1])


def _lost(connection: Connection, watch: Watch, *, now: datetime) -> Iterator[Turn]:
    alerts = read_alerts(connection, watch.name)
    marks = {name: alerts.get(fingerprint(watch.name, KIND, name)) for name in LOSSES}
    standing = {name for name, alert in marks.items() if alert and alert.state in UNDER_ALARM}
    yield from lost_quietly(connection, watch.name, watch.settings, now=now, standing=standing)


def _length(time: datetime, watch: Watch) -> timedelta:
    window = window_of(time, watch.period)
    return window.end - window.start


def _stepped(watch: Watch, measured: Iterable[Turn], alerts: Mapping[str, Alert]) -> Iterator[Finding]:
    """Step an alert for each measurement; its window begins with the outage, where that is known, or the alert."""
    for turn in measured:
        measurement, now = turn.measurement, turn.at
        mark = fingerprint(watch.name, KIND, measurement.detector)
        before = alerts.get(mark)
        if before is None and not measurement.note:
            continue
        after, transition = step(
            before or Alert(mark),
            outcome="breach" if measurement.note else "clear",
            window_end=now,
            window_start=turn.since,
            rule=AT_ONCE,
        )
        if transition == "fired" and turn.began:
            after = replace(after, since=turn.began)
        yield Finding(
            alert=after,
            model=watch.name,
            kind=KIND,
            detector=measurement.detector,
            window=Window(min(turn.began or after.since or now, now), now),
            severity=watch.settings.severity.get(KIND, "critical"),
            origin="data_quality",
            transition=transition,
            value=measurement.value,
            p_value=measurement.p_value,
            note=measurement.note,
            evidence=measurement.evidence,
        )
