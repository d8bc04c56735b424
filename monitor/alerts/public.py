"""An alert as the world outside sees it: its keys, its id, its times."""

import math
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from monitor.alerts.attack_wording import is_suspicion
from monitor.alerts.finding import Finding, begun_at
from monitor.alerts.taxonomy import atlas_of
from monitor.alerts.wording import text_of

QUIETED = ("silenced_until", "acknowledged_at", "acknowledged_why")
"""Those of the public keys that people fill."""
KEYS = (
    "id",
    "model",
    "kind",
    "origin",
    "detector",
    "column",
    "segment",
    "severity",
    "state",
    "since",
    "fired_at",
    "resolved_at",
    "window_start",
    "window_end",
    "value",
    "threshold",
    "p_value",
    "effect",
    "n",
    "evidence",
    "atlas",
    "text",
    *QUIETED,
)
"""The keys of the public alert JSON, in order."""


def as_json(finding: Finding) -> dict[str, Any]:
    """Give the finding's alert with the keys of the public alert JSON."""
    alert, window, taken = finding.alert, finding.window, finding.acknowledged
    known = {name: getattr(finding, name) for name in KEYS if hasattr(finding, name)}
    return in_text(
        known
        | {
            "id": id_of(finding),
            "state": alert.state,
            "fired_at": alert.fired_at,
            "resolved_at": alert.resolved_at,
            "window_start": window.start,
            "window_end": window.end,
            "threshold": _limit(finding),
            "atlas": atlas_of(finding.kind, finding.evidence),
            "text": text_of(finding),
            "acknowledged_at": taken.at if taken else None,
            "acknowledged_why": taken.why if taken else None,
        }
    )


def public_of(row: Mapping[str, Any]) -> dict[str, Any]:
    """Give an alert as it is stored with the public keys, times as they are; nothing is known of what was quieted."""
    made = {
        "id": alert_id(row["fingerprint"], row["episode"]),
        "since": begun_at(row["kind"], row["since"], row["evidence"]),
        "atlas": atlas_of(row["kind"], row["evidence"]),
        **dict.fromkeys(QUIETED),
    }
    return {name: made[name] if name in made else row[name] for name in KEYS}


def in_text(public: Mapping[str, Any]) -> dict[str, Any]:
    """Give an alert's public keys as JSON has them: in order, times as text."""
    values = {name: public[name] for name in KEYS}
    return {name: instant(one) if isinstance(one, datetime) else plain(one) for name, one in values.items()}


def alert_id(fingerprint: str, episode: int) -> str:
    """Name one episode of an alert.

    >>> alert_id("3f2a90cc41d87be2", 2)
    '3f2a90cc41d8-2'
    """
    return f"{fingerprint[:12]}-{episode}"


def id_of(finding: Finding) -> str:
    """Name the episode of a finding's alert."""
    return alert_id(finding.fingerprint, finding.alert.episode)


def mark_of(alert: str) -> str:
    """Give what the ids of an alert's episodes begin with.

    >>> mark_of("3f2a90cc41d8-2")
    '3f2a90cc41d8'
    """
    return alert.rpartition("-")[0]


def before(finding: Finding, standing: Mapping[str, Mapping[str, Any]]) -> Mapping[str, Any] | None:
    """Give a finding's alert as it stood before this window, of public alerts by their marks; None where it did not."""
    return standing.get(mark_of(id_of(finding)))


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
