"""Detect and judge: one transaction a window writes its measurements, its alerts' steps and their messages."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from monitor.alerts.grouping import UNDER_ALARM, Finding, as_json, inhibited
from monitor.alerts.lifecycle import Alert, fingerprint, step
from monitor.detectors.change import change_of
from monitor.detectors.quality import added_column
from monitor.profiles.layout import Layout
from monitor.profiles.profile import Profile
from monitor.steps.baseline import Baseline
from monitor.steps.due import Due, Known, Maturity, Revisions, due_windows, label_clock, matured
from monitor.steps.history import History
from monitor.steps.looks import LOOKS, Sight
from monitor.steps.measure import Found, Pairs, compared, laid_beside, rule_of, waits_for_labels
from monitor.steps.memory import Memory
from monitor.steps.notify import tell
from monitor.steps.reference import References
from monitor.steps.sample import Sample, sample_of
from monitor.store.alerts import alert_rows, read_alerts, write_findings
from monitor.store.cursors import read_source
from monitor.store.measurements import Judged, Judgement, read_judgements, write_judgement, write_measurements
from monitor.store.profiles import first_seen, revisions
from monitor.store.records import record_span
from monitor.store.references import WHOLE
from monitor.types import Measurement, Window
from monitor.watch import Monitor, Watch

OnWindow = Callable[[Window], None]
MOST_NAMED = 5
SEVERITIES = {"performance.realised": "critical", "health": "critical", "new_version": "info"}
ORIGINS = {"quality": "data_quality", "model_change": "model_change", "bias.temporal": "temporal"}


@dataclass(frozen=True)
class Verdict:
    """All that was found out about a window: measurements beside their thresholds, and what may step an alert.

    first: it is judged for the first time, and before all later ones. settled: its labels have just matured.
    """

    judgement: Judgement
    found: Sequence[Found]
    judged: Sequence[Judged]
    first: bool
    settled: bool
    profiles: Pairs

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
        known, versions = _known(connection, watch), first_seen(connection, watch.name)
    if known is None:
        return []
    told: list[Finding] = []
    history, standing, memory = History(known.judgements), Standing.of(monitor, watch), None
    baseline = Baseline(watch.name, watch.settings, references)
    maturity, changes = maturity_of(watch), Revisions(known.revisions)
    for due in due_windows(known, maturity, period=watch.period, lateness=watch.settings.lateness):
        with monitor.database.read() as connection:
            memory = memory or Memory.of(connection, watch.name)
            layout = references[WHOLE].layout
            compared_with = baseline.at(connection, due.window, history)
            read = sample_of(connection, watch.name, due, history=history, changes=changes, layout=layout)
        sample = replace(read, profiles={part: standing.expecting(one, part) for part, one in read.profiles.items()})
        clock = label_clock(known, watch.period)
        verdict = verdict_on(
            watch, compared_with, sample, due, history=history, memory=memory, clock=clock, versions=versions
        )
        stepped = list(stepped_alerts(watch, verdict, standing.alerts))
        verdict = noting_alarms(verdict, stepped, due)
        history.note(verdict.judgement)
        memory.note(due.window, verdict.found)
        with monitor.database.write() as connection:
            findings = _written(connection, monitor, watch, verdict, stepped=stepped, standing=standing, now=now)
        standing.note(findings)
        told += findings
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
    sample: Sample,
    due: Due,
    *,
    history: History,
    memory: Memory,
    clock: datetime,
    versions: Mapping[str, datetime],
) -> Verdict:
    """Measure a window and lay each number beside its threshold; nothing is written."""
    settings, maturity, pairs = watch.settings, maturity_of(watch), laid_beside(references, sample.profiles)
    sight = Sight(
        model=watch.name,
        settings=settings,
        window=due.window,
        rows=sample.rows,
        references=references,
        current=sample.profiles,
        pairs=pairs,
        history=history,
        memory=memory,
        versions=versions,
    )
    found: list[Found] = []
    for look in LOOKS:
        found += look(replace(sight, found=tuple(found)))
    lacking = sample.lacking(settings.min_rows)
    ready = bool(lacking) or matured(due.window, maturity, rows=sample.rows, labelled=sample.labelled, clock=clock)
    # Labels step alerts in the order of windows; where they may come for ever, one window without them holds up none.
    waiting = maturity.max_delay is not None and history.waits_before(due.window)
    passed = history.has_passed(due.window)
    before = due.before is not None and due.before.matured
    settled = ready and not waiting and not before
    judged = compared(found, settings, window=sample.stretch, settled=settled or before, waits_for=lacking)
    judgement = Judgement(
        due.window,
        sample.revision,
        sample.rows,
        sample.labelled,
        matured=settled or before,
        since=None if sample.stretch == due.window else sample.stretch.start,
        decided=not lacking,
    )
    first = due.before is None and not passed
    return Verdict(judgement, found, judged, first=first, settled=settled, profiles=pairs)


def _known(connection: Connection, watch: Watch) -> Known | None:
    span = record_span(connection, watch.name)
    if span is None:
        return None
    drained_at = read_source(connection, watch.records_source).drained_at
    return Known(*span, drained_at, revisions(connection, watch.name), read_judgements(connection, watch.name))


@dataclass(frozen=True)
class Standing:
    """A model's alerts as they stand between two windows, by fingerprint: their state, and their public JSON."""

    alerts: dict[str, Alert]
    rows: dict[str, Mapping[str, Any]]

    @classmethod
    def of(cls, monitor: Monitor, watch: Watch) -> "Standing":
        """Read them from the store."""
        with monitor.database.read() as connection:
            rows = alert_rows(connection, model=watch.name)
            return cls(read_alerts(connection, watch.name), {_mark(row): row for row in rows})

    def expecting(self, profile: Profile, segment: str) -> Profile:
        """Give a profile that names the added columns that are under alarm even where they no longer come."""
        missed = {
            row["column"]: 0
            for row in self.rows.values()
            if row["detector"] == added_column.NAME and row["segment"] == segment and row["state"] != "ok"
        }
        return replace(profile, added={**missed, **profile.added}) if missed else profile

    def note(self, findings: Iterable[Finding]) -> None:
        """Take in what a window changed, once that is committed."""
        for finding in findings:
            self.alerts[finding.fingerprint] = finding.alert
            row = as_json(finding)
            self.rows[_mark(row)] = row


def _mark(row: Mapping[str, Any]) -> str:
    return str(row["id"]).rpartition("-")[0]


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


def held_back(findings: Iterable[Finding], standing: Iterable[Mapping[str, Any]], *, apart: bool) -> list[Finding]:
    """Settle which findings are told.

    apart: labels come at times of their own. What they show then holds back nothing that does not wait for them, and
    the other way round: which of the two is known first would depend on when passes are made.
    """
    found, rows = list(findings), list(standing)
    if not apart:
        return inhibited(found, rows)
    told: list[Finding] = []
    for of_labels in (True, False):
        alike = [f for f in found if waits_for_labels(f.kind, f.detector) == of_labels]
        beside = [r for r in rows if r["kind"] == "health" or waits_for_labels(r["kind"], r["detector"]) == of_labels]
        told += inhibited(alike, beside)
    return told


def noting_alarms(verdict: Verdict, stepped: Sequence[Finding], due: Due) -> Verdict:
    """Note with the judgement whether all traffic was drifting; a window that is judged again keeps what was noted."""
    alarmed = due.before.alarmed if due.before else any(_drifting(finding) for finding in stepped)
    return replace(verdict, judgement=replace(verdict.judgement, alarmed=alarmed))


def _drifting(finding: Finding) -> bool:
    whole = not finding.segment and finding.kind.startswith(("drift.", "confidence"))
    return whole and finding.alert.state in UNDER_ALARM


def stepped_alerts(watch: Watch, verdict: Verdict, alerts: dict[str, Alert]) -> Iterator[Finding]:
    """Step every alert that the window moves; one that never breached is not begun."""
    window = verdict.judgement.window
    segments = breaching_segments(verdict)
    for found, judged in verdict.stepping():
        measurement = judged.measurement
        mark = fingerprint(watch.name, judged.kind, measurement.detector, measurement.column, measurement.segment)
        before = alerts.get(mark)
        if judged.outcome != "breach" and (before is None or before.state in ("ok", "resolved")):
            continue
        stands = before is not None and before.state in UNDER_ALARM and judged.lingers
        after, transition = step(
            before or Alert(mark),
            outcome="breach" if stands else judged.outcome,  # type: ignore[arg-type]  # `stepping` leaves "" out
            window_end=window.end,
            window_start=window.start,
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
            severity=watch.settings.severity.get(judged.kind)
            or SEVERITIES.get(measurement.detector)
            or SEVERITIES.get(judged.kind, "warning"),
            origin=ORIGINS.get(judged.kind, "undetermined"),
            transition=transition,
            value=measurement.value,
            reference_value=measurement.reference,
            unit=found.detector.unit,
            effect=measurement.effect,
            threshold=judged.threshold,
            p_value=measurement.p_value,
            alpha=judged.alpha,
            n=measurement.n,
            low=measurement.low,
            high=measurement.high,
            note=measurement.note,
            evidence=_evidence(verdict, segments, judged),
        )


def breaching_segments(verdict: Verdict) -> dict[tuple[str, str], list[str]]:
    """Give the segments in which each (kind, column) breaches in this window, the largest effect first."""
    found = defaultdict[tuple[str, str], dict[str, float]](dict)
    for _, judged in verdict.stepping():
        one = judged.measurement
        if judged.outcome == "breach" and one.segment:
            within = found[judged.kind, one.column]
            within[one.segment] = max(within.get(one.segment, 0.0), abs(one.effect or 0.0))
    return {place: sorted(within, key=lambda name: (-within[name], name)) for place, within in found.items()}


def _evidence(verdict: Verdict, segments: Mapping[tuple[str, str], list[str]], judged: Judged) -> dict[str, Any]:
    one = judged.measurement
    within = segments.get((judged.kind, one.column), [])
    evidence: dict[str, Any] = {"segments": within} if within and not one.segment else {}
    evidence |= one.evidence
    reference, current = verdict.profiles.get(one.segment, (None, None))
    if reference and current and one.column in reference.columns and judged.kind.startswith(("drift.", "confidence")):
        change = change_of(reference.columns[one.column], current.columns[one.column])
        evidence |= {"change": change} if change else {}
        evidence |= _explained(verdict, reference.layout, one)
    return evidence


def _explained(verdict: Verdict, layout: Layout, one: Measurement) -> dict[str, Any]:
    """Give how much the model's answer hangs on a column; of the population, which of its columns moved most."""
    known = layout.by_name[one.column].sensitivity
    found: dict[str, Any] = {} if known is None else {"sensitivity": round(known, 4)}
    made_of = next((d.columns for d in layout.derivations if one.column in d.names and len(d.columns) > 1), ())
    if layout.by_name[one.column].role != "derived" or not made_of:
        return found
    moved: dict[str, float] = {}
    for judged in verdict.judged:
        other = judged.measurement
        if judged.outcome == "breach" and other.segment == one.segment and other.column in made_of:
            hangs = layout.by_name[other.column].sensitivity
            weight = abs(other.effect or 0.0) * (1.0 if hangs is None else hangs)
            moved[other.column] = max(moved.get(other.column, 0.0), weight)
    ranked = sorted(moved, key=lambda name: (-moved[name], name))
    return found | ({"columns": ranked[:MOST_NAMED]} if ranked else {})
