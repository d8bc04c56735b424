"""Whose rows a window was compared without, as evidence of the alerts that it moves."""

from collections.abc import Sequence
from dataclasses import replace

from monitor.alerts.causes import ASIDE
from monitor.alerts.finding import Finding
from monitor.detectors.quality import volume
from monitor.steps.sample import Sample

COMPARED = ("drift.", "confidence", "performance.", "quality", "disagreement", "bias.")
"""What kinds of alerts begin with that speak of the rows that are left."""


def noting_aside(stepped: Sequence[Finding], sample: Sample) -> list[Finding]:
    """Give a window's findings, those about the rows that are left with whose were left aside, and how many."""
    if not sample.aside:
        return list(stepped)
    told = {ASIDE: {"clients": sorted(sample.without), "rows": sample.aside}}
    return [replace(f, evidence={**f.evidence, **told}) if _speaks_of_the_rest(f) else f for f in stepped]


def _speaks_of_the_rest(finding: Finding) -> bool:
    return finding.kind.startswith(COMPARED) and finding.breaches and finding.detector != volume.NAME
