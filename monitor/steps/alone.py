"""Which versions' windows breached, where versions answer in turn and not side by side: an alert's evidence says it."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from monitor.alerts.causes import ALONE
from monitor.alerts.finding import Finding
from monitor.alerts.public import before
from monitor.alerts.taxonomy import is_attack
from monitor.store.references import WHOLE

Counts = Mapping[str, Mapping[str, int]]


def noting_alone(
    findings: Iterable[Finding], version: str, standing: Mapping[str, Mapping[str, Any]]
) -> Iterator[Finding]:
    """Note in the evidence of alerts about all traffic how many windows that a version answered alone breached.

    `alone`: by version, `breached` of `windows`, from the first breach of those by which the alert fired, or may yet.
    version: the one that answers alone in this window; the empty text where none does. standing: public alerts by their
    marks.
    """
    for finding in findings:
        counts = {} if finding.segment != WHOLE or is_attack(finding.kind) else _counted(finding, version, standing)
        yield replace(finding, evidence={**finding.evidence, ALONE: counts}) if counts else finding


def _counted(finding: Finding, version: str, standing: Mapping[str, Mapping[str, Any]]) -> Counts:
    stood = before(finding, standing)
    goes_on = stood is not None and stood["state"] not in ("ok", "resolved")
    counts: Counts = stood["evidence"].get(ALONE, {}) if stood is not None and goes_on else {}
    if not version or finding.value is None:
        return counts
    so_far = counts.get(version, {"breached": 0, "windows": 0})
    now = {"breached": so_far["breached"] + finding.breaches, "windows": so_far["windows"] + 1}
    return {**counts, version: now}
