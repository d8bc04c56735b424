"""An alert as the world outside sees it: its keys, its id, its times."""

import math
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from monitor.alerts.attack_wording import is_suspicion
from monitor.alerts.finding import Finding
from monitor.alerts.taxonomy import atlas_of
from monitor.alerts.wording import text_of


def as_json(finding: Finding) -> dict[str, Any]:
    """Give the finding's alert with the keys of the public alert JSON."""
    alert, window = finding.alert, finding.window
    return {
        "id": alert_id(alert.fingerprint, alert.episode),
        **{label: getattr(finding, label) for label in ("model", "kind", "origin", "detector", "column", "segment")},
        "severity": finding.severity,
        "state": alert.state,
        "since": instant(finding.since),
        "fired_at": instant(alert.fired_at),
        "resolved_at": instant(alert.resolved_at),
        "window_start": instant(window.start),
        "window_end": instant(window.end),
        "value": plain(finding.value),
        "threshold": plain(_limit(finding)),
        "p_value": plain(finding.p_value),
        "effect": plain(finding.effect),
        "n": finding.n,
        "evidence": plain(finding.evidence),
        "atlas": atlas_of(finding.kind, finding.evidence),
        "text": text_of(finding),
        "silenced_until": instant(finding.silenced_until),
        "acknowledged_at": instant(finding.acknowledged.at) if finding.acknowledged else None,
        "acknowledged_why": finding.acknowledged.why if finding.acknowledged else None,
    }


def alert_id(fingerprint: str, episode: int) -> str:
    """Name one episode of an alert.

    >>> alert_id("3f2a90cc41d87be2", 2)
    '3f2a90cc41d8-2'
    """
    return f"{fingerprint[:12]}-{episode}"


def mark_of(alert: str) -> str:
    """Give what the ids of an alert's episodes begin with.

    >>> mark_of("3f2a90cc41d8-2")
    '3f2a90cc41d8'
    """
    return alert.rpartition("-")[0]


def before(finding: Finding, standing: Mapping[str, Mapping[str, Any]]) -> Mapping[str, Any] | None:
    """Give a finding's alert as it stood before this window, of public alerts by their marks; None where it did not."""
    return standing.get(mark_of(alert_id(finding.fingerprint, finding.alert.episode)))


def instant(at: datetime | None) -> str | None:
    """Give an aware time as ISO 8601 in UTC.

    >>> instant(datetime(2013, 3, 1, tzinfo=UTC))
    '2013-03-01T00:00:00Z'
    """
    return None if at is None else at.astimezone(UTC).replace(tzinfo=None).isoformat() + "Z"


def plain(value: Any) -> Any:  # noqa: ANN401 (anything JSON can hold)
    """Give a value as strict JSON has it: numbers that are not finite become None.

    >>> plain({"shares": (0.5, math.nan)})
    {'shares': [0.5, None]}
    """
    if isinstance(value, Mapping):
        return {str(key): plain(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [plain(part) for part in value]
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else None
    return value


def _limit(finding: Finding) -> float | None:
    """Give what the number had to reach: of evidence against clients as much as its chance allows, in nats."""
    return -math.log(finding.alpha) if is_suspicion(finding) and finding.alpha else finding.threshold
