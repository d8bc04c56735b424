"""Which way a number went where it breached: windows that breach in opposite directions do not fire together."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from monitor.alerts.lifecycle import Alert
from monitor.alerts.telling import WAY
from monitor.detectors.quality import volume
from monitor.detectors.temporal import step_change
from monitor.stats.location import mean_shift_test
from monitor.steps.verdict import Verdict
from monitor.store.measurements import Judged

HIGHER, LOWER = "higher", "lower"
DIRECTED = 0.01
"""The p-value from which on a mean says which way a column went."""


def with_direction(found: str, before: Mapping[str, Any] | None) -> dict[str, str]:
    """Give for an alert's evidence which way it goes: what its window showed, or else what was known before."""
    way = found or (before["evidence"].get(WAY, "") if before else "")
    return {WAY: way} if way else {}


def direction_of(verdict: Verdict, judged: Judged) -> str:
    """Say which way a measurement that breaches went; the empty text where it has no way, or that is not sure.

    Blind to categories, and to changes of shape that leave the mean where it was.
    """
    one = judged.measurement
    if judged.outcome != "breach" or one.value is None:
        return ""
    if one.detector in (volume.NAME, step_change.NAME) and one.reference is not None:
        return HIGHER if one.value > one.reference else LOWER
    reference, current = verdict.profiles.get(one.segment, (None, None))
    if not (judged.kind.startswith(("drift.", "confidence")) and reference and current):
        return ""
    here, there = (
        side.columns[one.column].moments if one.column in side.columns else None for side in (reference, current)
    )
    moved = mean_shift_test(here, there) if here and there else None
    if moved is None or moved[1] > DIRECTED:
        return ""
    return HIGHER if moved[0] > 0 else LOWER


def turned(alert: Alert, way: str, before: Mapping[str, Any] | None) -> Alert:
    """Give an alert that has not fired without its earlier breaches, where these went the other way.

    before: its public JSON. What scatters about the reference breaches now above it and now below, and is nothing that
    began with the first of these windows.
    """
    known = before["evidence"].get(WAY, "") if before else ""
    if alert.state != "pending" or not way or not known or way == known:
        return alert
    return replace(alert, breaches=(None,) * len(alert.breaches))
