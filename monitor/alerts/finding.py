"""What became of an alert in a window, and those that one message tells together."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from monitor.alerts.lifecycle import Alert, Transition
from monitor.alerts.taxonomy import is_attack
from monitor.types import SEVERITIES, Window

BY_HAND = "resolved by hand"
"""The note of an alert that people end."""
CONFIG = "monitor.yaml"
"""What the configuration's file is called, where nothing else is known of it."""


@dataclass(frozen=True)
class Acknowledgement:
    """That somebody took over an episode of an alert, when, and what was said then."""

    at: datetime
    why: str = ""


@dataclass(frozen=True)
class Finding:
    """One alert after a window: its labels, its state, and what was measured in that window.

    transition: what happened to it in this window; None when there is nothing to tell.
    value, reference_value: in `unit`; threshold: the smallest effect that breaches; alpha: the largest p-value.
    breaches: what was measured breaches by its own threshold, and not only by the looser one of an alert that fires.
    answered: the window has an answer; one of too few rows, judged together with the next ones, has none.
    evidence: JSON that goes with the alert; `told` and `inhibited_by` in it belong to `inhibited`.
    said: its sentence, where that is known already.
    span: the time that its rows are of, where that is known: a small segment's are those of several windows.
    clear: so many clear windows in a row end it; 0 where that is not known.
    silenced_until, acknowledged: when its silence ends, and that it was taken over; None where neither is so.
    reason: why it is told, where the transition does not say so.
    """

    alert: Alert
    model: str
    kind: str
    detector: str
    window: Window
    column: str = ""
    segment: str = ""
    severity: str = "warning"
    origin: str = "undetermined"
    transition: Transition | None = None
    value: float | None = None
    reference_value: float | None = None
    unit: str = ""
    effect: float | None = None
    threshold: float | None = None
    p_value: float | None = None
    alpha: float | None = None
    n: int = 0
    low: float | None = None
    high: float | None = None
    note: str = ""
    breaches: bool = True
    answered: bool = True
    evidence: Mapping[str, Any] = field(default_factory=dict)
    said: str = ""
    span: Window | None = None
    clear: int = 0
    silenced_until: datetime | None = None
    acknowledged: Acknowledgement | None = None
    reason: str = ""

    @property
    def fingerprint(self) -> str:
        """Give the alert's identity."""
        return self.alert.fingerprint

    @property
    def since(self) -> datetime | None:
        """Give when what it tells of began; None while the alert is ok."""
        return begun_at(self.kind, self.alert.since, self.evidence)


@dataclass(frozen=True)
class Group:
    """Findings of one model, kind, transition and reason: what one message tells. Never empty.

    config: the configuration's file, as commands that a message names are given it.
    """

    model: str
    kind: str
    transition: Transition
    findings: tuple[Finding, ...]
    config: str = CONFIG

    @property
    def reason(self) -> str:
        """Give why it is told: first, unsilenced, worsened, turned, repeat or resolved."""
        return self.findings[0].reason or ("first" if self.transition == "fired" else self.transition)

    @property
    def by_hand(self) -> bool:
        """Say whether people end what it tells of, and not windows."""
        return any(finding.note == BY_HAND for finding in self.findings)


def begun_at(kind: str, since: datetime | None, evidence: Mapping[str, Any]) -> datetime | None:
    """Give when what an alert tells of began: an attack with its first suspicious record, where that is known.

    since: the start of the first window by which the alert fired, which is as much as is known of any other.

    >>> noon = datetime.fromisoformat("2024-05-01T12:00:00Z")
    >>> str(begun_at("attack.evasion", noon, {"first_suspicious_record": {"id": "a1", "time": "2024-05-01T18:03:12Z"}}))
    '2024-05-01 18:03:12+00:00'
    """
    first = evidence.get("first_suspicious_record") if is_attack(kind) else None
    return datetime.fromisoformat(first["time"]) if since and first and first["time"] else since


def gravity_of(severity: str) -> int:
    """Give the place of a severity from the gravest on.

    >>> gravity_of("critical") < gravity_of("info")
    True
    """
    return SEVERITIES.index(severity) if severity in SEVERITIES else len(SEVERITIES)
