"""Sentences of detectors that say of their number more than what it is called and how large it is."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from monitor.alerts.causes import BROUGHT, STAYED, TOLD_BY, became_usual
from monitor.alerts.finding import Finding
from monitor.alerts.phrasing import change_told, counted, first_of, measure, said, shown
from monitor.alerts.story_wording import ageing, lasting_drift

BROUGHT_NAMED = 4
"""Of so many columns it is said how one client's rows change them."""


def other_side(finding: Finding) -> str:
    """Name the distribution that a window's was laid beside."""
    other = finding.evidence.get("beside")
    return f"that of {other}" if other else "the reference's"


def _mean_shift(finding: Finding, value: float, back: bool) -> str:  # noqa: FBT001  # called through OWN_WORDS
    moved = "is within" if back else "fell by" if (finding.effect or 0) < 0 else "rose by"
    other = other_side(finding)
    return f"mean {moved} {measure(abs(value), finding.unit)}" + (f" of {other}" if back else "")


def _mean_vector(finding: Finding, value: float, back: bool) -> str:  # noqa: FBT001  # called through OWN_WORDS
    told = f"the mean of the vectors {'is within' if back else 'moved by'} {measure(value, finding.unit)}"
    few = [] if back else finding.evidence.get("foremost") or []
    named = [f"{shown(finding.column)}[{place}]" for place in few]
    return told + (f", most of it in {' and '.join(named)}" if named else "")


def _step_change(finding: Finding, value: float, back: bool) -> str:  # noqa: FBT001  # called through OWN_WORDS
    now, where = measure(value, finding.unit), finding.evidence.get("beside")
    before = "" if finding.reference_value is None else measure(finding.reference_value, finding.unit)
    where = "the windows since it leapt" if finding.evidence.get(STAYED) else where
    if told_by := finding.evidence.get(TOLD_BY):
        others = first_of(list(map(shown, told_by)))
        if back:
            return f"mean {now} goes with {others} again as in {where}"
        tell = "tells" if len(told_by) == 1 else "tell"
        return f"mean is {now}, where {others} {tell} {before} by how they went together in {where}"
    return f"mean {now} is like that of {where}, {before}" if back else f"mean leapt from {before} in {where} to {now}"


def _volume(finding: Finding, value: float, back: bool) -> str:  # noqa: FBT001  # called through OWN_WORDS
    usual, before = finding.reference_value, became_usual(finding) if back else None
    held = "" if usual is None else f", where comparable windows held {round(usual):,} on average"
    held += f": that has become usual, of {round(before):,} before" if before else ""
    return f"{value:,.0f} {'row' if value == 1 else 'rows'}{held}"


def _client_drift(finding: Finding, value: float, back: bool) -> str:  # noqa: FBT001  # called through OWN_WORDS
    client = shown(str(finding.evidence.get("client", "")))
    if back or not value:
        return f"no column differs by the rows of {client} any more"
    parts = finding.evidence.get(BROUGHT) or ()
    traffic = float(parts[0]["traffic"]) if parts else 0.0
    sent = f"{counted(finding.n, 'row')} of {client} ({measure(traffic, 'share')} of all) are most of the change"
    told = [_of_column(one) for one in _one_each(parts)]
    return f"{sent} of {first_of(told, BROUGHT_NAMED)}"


def _one_each(parts: Iterable[Mapping[str, Any]]) -> Iterator[Mapping[str, Any]]:
    named = set[str]()
    for one in parts:
        if one["column"] not in named:
            yield one
        named.add(one["column"])


def _of_column(one: Mapping[str, Any]) -> str:
    change = f", {change_told(one['change'])}" if one.get("change") else ""
    within = f" in {shown(str(one['segment']))}" if one.get("segment") else ""
    return f"{shown(str(one['column']))}{within} ({measure(float(one['share']), 'share')}{change})"


def _new_version(finding: Finding, value: float, back: bool) -> str:  # noqa: FBT001  # called through OWN_WORDS
    return f"answers {measure(value, finding.unit)} of the rows, {'no longer new' if back else 'for the first time'}"


def _probe(finding: Finding, value: float, back: bool) -> str:  # noqa: FBT001  # called through OWN_WORDS
    if back:
        return "answers the canary inputs as it did"
    return f"answers {measure(value, 'share')} of the canary inputs otherwise than it did ({said(finding.note)})"


OWN_WORDS = {
    "mean_shift": _mean_shift,
    "mean_vector": _mean_vector,
    "volume": _volume,
    "new_version": _new_version,
    "probe": _probe,
    "ageing": ageing,
    "lasting_drift": lasting_drift,
    "step_change": _step_change,
    "client_drift": _client_drift,
}
"""Each is given the finding, its value, and whether it is back to what is usual."""
