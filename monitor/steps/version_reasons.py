"""What comes of a version that answers otherwise, and of nothing else that a window shows."""

from collections.abc import Iterable, Mapping
from typing import Any

from monitor.alerts.finding import Finding
from monitor.alerts.lifecycle import UNDER_ALARM
from monitor.detectors.quality import out_of_range_share, unseen_share
from monitor.detectors.versions import new_version, version_performance, version_predictions
from monitor.steps.evidence import moved_columns
from monitor.steps.parts import VERSION
from monitor.steps.verdict import Verdict
from monitor.store.references import WHOLE
from monitor.types import Measurement

ANSWERS = ("prediction", "score")
RANGES = (unseen_share.NAME, out_of_range_share.NAME)
BESIDE_THE_OLDER = (version_predictions.NAME, version_performance.NAME)
OF_ANSWERS = ("drift.prediction", "drift.concept", "confidence", "performance.realised", "performance.estimated")
"""Kinds of what a version does, rather than of what it is given."""


def new_version_in(verdict: Verdict) -> str:
    """Name the version that is new in a window; the empty text where none is."""
    news = (j.measurement for j in verdict.judged if j.measurement.detector == new_version.NAME)
    return next((one.segment.removeprefix(VERSION) for one in news if one.value and one.p_value == 0), "")


def differing_version(standing: Iterable[Mapping[str, Any]], stepped: Iterable[Finding] = ()) -> str:
    """Name a version of which an alert stands that it answers otherwise than the older one; the empty text without.

    stepped: alerts of the window itself.
    """
    before = ((row["detector"], row["state"], str(row["segment"])) for row in standing)
    now = ((one.detector, one.alert.state, one.segment) for one in stepped)
    told = (name for detector, state, name in (*before, *now) if detector in BESIDE_THE_OLDER and state in UNDER_ALARM)
    return min((name.removeprefix(VERSION) for name in told), default="")


def comes_of_version(one: Measurement, verdict: Verdict) -> bool:
    """Say whether values of an answer that the reference does not hold come of a new version, and of no other."""
    column = verdict.profiles[WHOLE][0].layout.by_name.get(one.column)
    if one.detector not in RANGES or column is None or column.role not in ANSWERS:
        return False
    version = new_version_in(verdict)
    if not version:
        return False
    own = VERSION + version
    return one.segment == own or not (one.segment.startswith(VERSION) or _breaks_elsewhere(one, own, verdict))


def lies_in_own_rows(finding: Finding, verdict: Verdict, one: Measurement) -> bool:
    """Say whether a version that came later, and no other, answers otherwise to inputs that did not move."""
    later = {j.measurement.segment for j in verdict.judged if j.measurement.detector == new_version.NAME}
    if finding.segment not in later or finding.kind not in OF_ANSWERS:
        return False
    layout = verdict.profiles[WHOLE][0].layout
    moved = moved_columns(verdict, layout, finding.segment) or moved_columns(verdict, layout, WHOLE)
    return not moved and not _breaks_elsewhere(one, finding.segment, verdict)


def _breaks_elsewhere(one: Measurement, own: str, verdict: Verdict) -> bool:
    """Say whether another version than the one of segment `own` shows the same."""
    return any(
        judged.outcome == "breach" and (found.detector, found.column) == (one.detector, one.column)
        for judged in verdict.judged
        if (found := judged.measurement).segment.startswith(VERSION) and found.segment != own
    )
