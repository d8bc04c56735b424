"""A model's alerts as they stand, how a window moves them, and which of that is told."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from monitor.alerts.attack_wording import is_of_clients
from monitor.alerts.finding import Finding
from monitor.alerts.inhibition import inhibited
from monitor.alerts.lifecycle import (
    UNDER_ALARM,
    Alert,
    Rule,
    Transition,
    begun_anew,
    corrected,
    fingerprint,
    step,
    times_again,
)
from monitor.alerts.public import alert_id, as_json, mark_of
from monitor.alerts.taxonomy import ATTACK, is_attack
from monitor.alerts.vocabulary import VERSION_ALONE, VERSION_GONE
from monitor.config import Model
from monitor.detectors.quality import added_column
from monitor.detectors.suspicion.suspects import client_of, may_be_honest, still_shows
from monitor.detectors.temporal import lasting
from monitor.detectors.versions import version_inputs, version_performance, version_predictions
from monitor.profiles.profile import Profile
from monitor.steps.direction import direction_of, turned, with_direction
from monitor.steps.due import Due
from monitor.steps.evidence import breaching_segments, evidence_of
from monitor.steps.going_on import for_longer
from monitor.steps.measure import Found, rule_for, waits_for_labels
from monitor.steps.origins import FIXED
from monitor.steps.parts import VERSION
from monitor.steps.undecided import Undecided
from monitor.steps.verdict import Verdict
from monitor.store.alerts import Episode, alert_rows, read_alerts, read_episodes
from monitor.store.measurements import Judged
from monitor.store.references import WHOLE
from monitor.types import Window
from monitor.watch import Monitor, Watch

BESIDE_THE_OLDER = (version_predictions.NAME, version_performance.NAME, version_inputs.NAME)
"""What says how a version differs from the older one, and needs both."""

AGAIN = "again"
"""In an alert's evidence: how often it has fired again soon after its end."""

SEVERITY_OF = {"performance.realised": "critical", "health": "critical", "new_version": "info"}


def _may_be_honest(row: Mapping[str, Any]) -> bool:
    """Say whether a client that an alert is about is hardly suspected of anything."""
    return row["origin"] == "data_quality" or may_be_honest(row["evidence"], row["severity"])


@dataclass(frozen=True)
class Standing:
    """A model's alerts as they stand between two windows.

    By fingerprint, their state and their public JSON; and each time that an attack was told of a client, by its id.
    """

    alerts: dict[str, Alert]
    rows: dict[str, Mapping[str, Any]]
    attacks: dict[str, Episode]

    @classmethod
    def of(cls, monitor: Monitor, watch: Watch) -> "Standing":
        """Read them from the store."""
        with monitor.database.read() as connection:
            rows = alert_rows(connection, model=watch.name)
            episodes = read_episodes(connection, watch.name, kinds=ATTACK)
            by_mark: dict[str, Mapping[str, Any]] = {mark_of(row["id"]): row for row in rows}
            return cls(read_alerts(connection, watch.name), by_mark, {one.id: one for one in episodes})

    def expecting(self, profile: Profile, segment: str) -> Profile:
        """Give a profile that names the added columns that are under alarm even where they no longer come."""
        missed = {
            row["column"]: 0
            for row in self.rows.values()
            if row["detector"] == added_column.NAME and row["segment"] == segment
            if row["state"] not in ("ok", "resolved")
        }
        return replace(profile, added={**missed, **profile.added}) if missed else profile

    def suspected(self) -> set[tuple[str, str]]:
        """Give (kind, segment) of the alerts of attacks that go on being stepped, though nothing more be seen."""
        return {
            (row["kind"], row["segment"])
            for row in self.rows.values()
            if row["detector"].startswith("suspected_") and row["state"] not in ("ok", "resolved")
        }

    def attackers(self, window: Window) -> set[str]:
        """Name the clients that were under an attack alarm when a window was over, however long ago that is.

        But for those whose data are broken, or who send what honest clients may: what their rows show would be told of
        by nobody.
        """
        slight = {mark for mark, row in self.rows.items() if _may_be_honest(row)}
        return {client for mark, client in self._alarmed(window) if mark not in slight}

    def excused(self, window: Window) -> set[str]:
        """Name the clients of alerts that tell of broken data, of those that were under an attack alarm then."""
        broken = {client_of(row["segment"]) for row in self.rows.values() if row["origin"] == "data_quality"}
        return {client for _, client in self._alarmed(window) if client in broken}

    def _alarmed(self, window: Window) -> Iterator[tuple[str, str]]:
        """Give the alerts about clients that stood when a window was over, by their marks, with the client."""
        for one in self.attacks.values():
            if one.lasted_at(window.end) and (client := client_of(one.segment)) is not None:
                yield mark_of(one.id), client

    def again(self, mark: str) -> int:
        """Count how often an alert has fired again soon after its end; mark: its fingerprint."""
        row = self.rows.get(mark_of(alert_id(mark, 0)))
        return int(row["evidence"].get(AGAIN, 0)) if row else 0

    def pending(self, mark: str) -> Mapping[str, Any] | None:
        """Give the public JSON of an alert that has not fired yet, nor ended; mark: its fingerprint."""
        alert = self.alerts.get(mark)
        return self.rows.get(mark_of(alert_id(mark, alert.episode))) if alert and alert.state == "pending" else None

    def dated(self, mark: str, alert: Alert) -> Alert:
        """Give an alert as it is dated where nobody was told of it, see `begun_anew`; mark: its fingerprint."""
        row = self.rows.get(mark_of(alert_id(mark, alert.episode)))
        return begun_anew(alert) if row and row["evidence"].get("told") is False else alert

    def note(self, findings: Iterable[Finding]) -> None:
        """Take in what a window changed, once that is committed."""
        for finding in findings:
            self.alerts[finding.fingerprint] = finding.alert
            row = as_json(finding)
            self.rows[mark_of(row["id"])] = row
            alert, name = finding.alert, str(row["id"])
            if is_attack(finding.kind) and alert.fired_at is not None:
                ended = alert.resolved_at if alert.state == "resolved" else None
                self.attacks[name] = Episode(name, finding.kind, finding.segment, alert.fired_at, ended)


def stepped_alerts(
    watch: Watch, verdict: Verdict, standing: Standing, *, going_on: Collection[str] = ()
) -> Iterator[Finding]:
    """Step every alert that the window moves; one that never breached is not begun.

    going_on: clients under alarm who sent rows lately.
    """
    window, alerts = verdict.judgement.window, standing.alerts
    segments, undecided = breaching_segments(verdict), Undecided.of(verdict, standing.rows.values())
    suspected = _suspected_now(verdict)
    for found, told in _stepping(watch.name, verdict, alerts):
        measurement = told.measurement
        mark = fingerprint(watch.name, told.kind, measurement.detector, measurement.column, measurement.segment)
        before = alerts.get(mark)
        judged = undecided.told(told) if before and before.state in UNDER_ALARM else told
        if is_of_clients(measurement.detector) and judged.outcome == "clear" and measurement.segment in suspected:
            # who turns from one attack to another has not ended
            judged = replace(judged, outcome="insufficient")
        if judged.outcome != "breach" and (before is None or before.state in ("ok", "resolved")):
            continue
        rule = rule_for(found, judged, watch.settings)
        stays = is_of_clients(measurement.detector) and client_of(measurement.segment) in going_on
        if stays or measurement.detector in lasting.BY_NAME:
            rule = for_longer(rule, window)
        again = 0 if is_attack(judged.kind) else standing.again(mark)
        rule = rule.doubled(again)
        row, way = standing.pending(mark), direction_of(verdict, judged)
        after, transition = _moved(turned(before or Alert(mark), way, row), found, judged, rule, verdict)
        after = standing.dated(mark, after)
        if after == before and after.state in ("ok", "resolved"):
            # a window that is judged anew says nothing of an alert that is over
            continue
        length = window.end - window.start
        again = times_again(before or Alert(mark), after, rule, window=length, times=again)
        evidence = evidence_of(verdict, segments, judged) | ({AGAIN: again} if again else {}) | with_direction(way, row)
        said = _found(watch, verdict, found, judged)
        yield replace(said, alert=after, transition=transition, evidence=evidence, clear=rule.clear)


def _suspected_now(verdict: Verdict) -> set[str]:
    """Name the segments of clients that show signs of any attack in a window."""
    found = (judged for judged in verdict.judged if judged.outcome == "breach")
    return {one.measurement.segment for one in found if is_of_clients(one.measurement.detector)} - {WHOLE}


def _found(watch: Watch, verdict: Verdict, found: Found, judged: Judged) -> Finding:
    """Give what a window says of an alert, without what becomes of it."""
    one = judged.measurement
    _, current = verdict.profiles.get(one.segment, (None, None))
    return Finding(
        alert=Alert(fingerprint(watch.name, judged.kind, one.detector, one.column, one.segment)),
        model=watch.name,
        kind=judged.kind,
        detector=one.detector,
        window=verdict.judgement.window,
        column=one.column,
        segment=one.segment,
        severity=_severity_of(judged, watch.settings),
        origin=FIXED.get(judged.kind, "undetermined"),
        value=one.value,
        reference_value=one.reference,
        unit=found.detector.unit,
        effect=one.effect,
        threshold=judged.threshold,
        p_value=one.p_value,
        alpha=judged.alpha,
        n=one.n,
        low=one.low,
        high=one.high,
        note=one.note,
        breaches=judged.outcome == "breach",
        answered=judged.outcome != "insufficient",
        span=current.span if current else None,
    )


def _severity_of(judged: Judged, settings: Model) -> str:
    """Say how grave an alert is: by what the user says, by what was found, by its detector, else by its kind."""
    one = judged.measurement
    found = settings.severity.get(judged.kind) or one.evidence.get("severity") or SEVERITY_OF.get(one.detector)
    return found or SEVERITY_OF.get(judged.kind, "warning")


def _stepping(model: str, verdict: Verdict, alerts: Mapping[str, Alert]) -> Iterator[tuple[Found, Judged]]:
    """Give what moves alerts; what is seen of all traffic moves those about a version that answers it alone, too."""
    for found, judged in verdict.stepping():
        yield found, judged
        one = judged.measurement
        if verdict.only and one.segment == WHOLE:
            own = replace(one, segment=VERSION + verdict.only)
            alert = alerts.get(fingerprint(model, judged.kind, own.detector, own.column, own.segment))
            if alert and alert.state in UNDER_ALARM:
                yield found, replace(judged, measurement=own)


def _moved(
    before: Alert, found: Found, judged: Judged, rule: Rule, verdict: Verdict
) -> tuple[Alert, Transition | None]:
    window, one = verdict.judgement.window, judged.measurement
    if verdict.again and not (found.of_labels or is_of_clients(one.detector)):
        return corrected(before, window_end=window.end) if judged.outcome == "clear" else (before, None)
    lingers = judged.lingers or (is_of_clients(one.detector) and still_shows(one.evidence))
    stands = before.state in UNDER_ALARM and lingers
    return step(
        before,
        outcome="breach" if stands else judged.outcome,  # type: ignore[arg-type]  # `stepping` leaves "" out
        window_end=window.end,
        window_start=window.start,
        rule=rule,
    )


def of_versions_over(
    watch: Watch, verdict: Verdict, standing: Standing, stepped: Sequence[Finding]
) -> Iterator[Finding]:
    """Step the alerts about versions that a window cannot tell of any more, as clear, with the reason.

    What is gone does no harm. A version that is the only one is compared with none, and all traffic is its own.
    """
    window, moved = verdict.judgement.window, {finding.fingerprint for finding in stepped}
    for mark, alert in standing.alerts.items() if verdict.first else ():
        row = standing.rows.get(mark_of(alert_id(mark, alert.episode)))
        if row is None or alert.state not in UNDER_ALARM or mark in moved:
            continue
        note = _why_over(row, verdict)
        if not note:
            continue
        rule = Rule(k=1, m=1, clear=watch.settings.clear)
        after, transition = step(alert, outcome="clear", window_end=window.end, window_start=window.start, rule=rule)
        same = ("model", "kind", "detector", "column", "segment", "severity", "origin", "evidence")
        told = {name: row[name] for name in same}
        yield Finding(after, window=window, transition=transition, note=note, breaches=False, clear=rule.clear, **told)


def _why_over(row: Mapping[str, Any], verdict: Verdict) -> str:
    """Say why a window tells nothing of an alert about a version; the empty text where it may yet, or is of none."""
    if not row["segment"].startswith(VERSION) or row["segment"] in verdict.profiles:
        return ""
    if row["segment"] != VERSION + verdict.only:
        return VERSION_GONE
    # what waits for labels steps once they have come
    told = {(j.measurement.detector, j.measurement.column) for j in verdict.judged if not j.measurement.segment}
    stands = row["detector"] not in BESIDE_THE_OLDER and (row["detector"], row["column"]) in told
    return "" if stands else VERSION_ALONE


def noting_alarms(verdict: Verdict, stepped: Sequence[Finding], due: Due) -> Verdict:
    """Note with the judgement whether all traffic was drifting; a window that is judged again keeps what was noted."""
    alarmed = due.before.alarmed if due.before else any(_drifting(finding) for finding in stepped)
    return replace(verdict, judgement=replace(verdict.judgement, alarmed=alarmed))


def _drifting(finding: Finding) -> bool:
    whole = not finding.segment and finding.kind.startswith(("drift.", "confidence"))
    return whole and finding.alert.state in UNDER_ALARM


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
