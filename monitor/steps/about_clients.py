"""The alerts about clients that bring drift: each goes on while drift of any column does that its rows bring."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from monitor.alerts.attack_names import CLIENT
from monitor.alerts.causes import BROUGHT, BROUGHT_BY
from monitor.alerts.finding import Finding
from monitor.alerts.lifecycle import UNDER_ALARM, Alert, Outcome, Rule, Transition, fingerprint, step
from monitor.alerts.public import alert_id, mark_of
from monitor.detectors.drift import client_drift
from monitor.detectors.suspicion.suspects import client_of
from monitor.detectors.temporal.lasting import LASTING_DRIFT
from monitor.steps.going_on import for_longer
from monitor.steps.standing import Standing
from monitor.steps.verdict import Verdict
from monitor.types import Measurement
from monitor.watch import Watch

KINDS = ("drift.data", "drift.prediction", "confidence")
KIND = client_drift.DETECTOR.kind


def is_drift(finding: Finding) -> bool:
    """Say whether an alert of drift fires, and breaches in its window, whose rows a client may have sent."""
    return finding.kind in KINDS and finding.alert.state == "firing" and finding.breaches and column_of(finding) != ""


def column_of(finding: Finding) -> str:
    """Name the column that an alert tells of; of a change over windows the one that moved most."""
    return finding.column or str(finding.evidence.get("column", "")) * (finding.detector == LASTING_DRIFT)


def about_clients(watch: Watch, verdict: Verdict, stepped: Sequence[Finding], standing: Standing) -> Iterator[Finding]:
    """Step the alerts about clients that bring drift: one begins with the first drift that fires by its rows.

    stepped: a window's findings, drift with the client that brings it.
    """
    by_client: dict[str, list[Finding]] = {}
    for finding in stepped:
        if is_drift(finding) and BROUGHT_BY in finding.evidence:
            by_client.setdefault(str(finding.evidence[BROUGHT_BY]["client"]), []).append(finding)
    lasting = {
        client
        for row in standing.rows.values()
        if row["detector"] == client_drift.NAME and row["state"] in UNDER_ALARM
        if (client := client_of(row["segment"]))
    }
    for client in sorted(lasting | by_client.keys()):
        findings = sorted(by_client.get(client, []), key=lambda f: -float(f.evidence[BROUGHT_BY]["share"]))
        yield _about(watch, verdict, client, findings, standing)


def _about(watch: Watch, verdict: Verdict, client: str, findings: Sequence[Finding], standing: Standing) -> Finding:
    """Step the alert about one client; findings: what it brings in this window, most of a change first."""
    window, one = verdict.judgement.window, _measured(client, findings)
    outcome: Outcome = "breach" if findings else "clear" if verdict.judgement.decided else "insufficient"
    stood = standing.alerts.get(mark := fingerprint(watch.name, KIND, client_drift.NAME, "", one.segment), Alert(mark))
    rule = for_longer(Rule(k=1, m=1, clear=watch.settings.clear), window)
    after, transition = _stepped(stood, findings, verdict, rule, outcome)
    row = standing.rows.get(mark_of(alert_id(mark, after.episode)))
    kept = row["evidence"].get(BROUGHT) if row and not findings else None
    return Finding(
        alert=after,
        model=watch.name,
        kind=KIND,
        detector=client_drift.NAME,
        window=window,
        segment=one.segment,
        severity=watch.settings.severity.get(KIND, "warning"),
        transition=transition,
        value=one.value,
        unit=client_drift.DETECTOR.unit,
        n=one.n,
        breaches=bool(findings),
        answered=outcome != "insufficient",
        evidence={**one.evidence, BROUGHT: kept or list(map(_part, findings))},
        clear=rule.clear,
    )


def _measured(client: str, findings: Sequence[Finding]) -> Measurement:
    shares = {column_of(f): float(f.evidence[BROUGHT_BY]["share"]) for f in reversed(findings)}
    rows = int(findings[0].evidence[BROUGHT_BY]["rows"]) if findings else 0
    (one,) = client_drift.compare(client, shares, rows, CLIENT + client)
    return one


def _stepped(
    stood: Alert, findings: Sequence[Finding], verdict: Verdict, rule: Rule, outcome: Outcome
) -> tuple[Alert, Transition | None]:
    """Step the alert itself; it began with the first of the alerts by which it did."""
    window = verdict.judgement.window
    after, told = step(stood, outcome=outcome, window_end=window.end, window_start=window.start, rule=rule)
    if after.episode == stood.episode:
        return after, told
    return replace(after, since=min((f.alert.since for f in findings if f.alert.since), default=after.since)), told


def _part(finding: Finding) -> dict[str, Any]:
    """Give a column that a client moves as it stands in the evidence of the alert about that client."""
    change = finding.evidence.get("change")
    told = {"column": column_of(finding), "segment": finding.segment, **finding.evidence[BROUGHT_BY]}
    return {name: part for name, part in told.items() if name != "client"} | ({"change": change} if change else {})
