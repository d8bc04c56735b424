"""What an alert says while it waits to clear: its worst window, since when it is quiet, and when it will be over."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from monitor.alerts.attack_wording import is_suspicion, no_more_signs
from monitor.alerts.finding import Finding
from monitor.alerts.lifecycle import UNDER_ALARM
from monitor.alerts.phrasing import clock, counted
from monitor.alerts.public import before, instant
from monitor.alerts.story_wording import STORIES
from monitor.alerts.taxonomy import is_of_broken_data
from monitor.alerts.vocabulary import ENDS

WORST, CLEAR = "worst", "clear_since"
"""In an alert's evidence: what it said of its worst window, where that is an earlier one; since when it is quiet."""
WEAKER = "less in the newest window: too little to fire, too much to be clear"


def telling_the_worst(findings: Iterable[Finding], standing: Mapping[str, Mapping[str, Any]]) -> Iterator[Finding]:
    """Have alerts that wait to clear, or go on though little is left, say what their worst window showed.

    standing: public alerts as they stood before this window, by their marks.
    """
    for finding in findings:
        plain = {name: part for name, part in finding.evidence.items() if name not in (WORST, CLEAR)}
        stood = before(finding, standing)
        kept = _worst_of(stood)
        if stood is None or kept is None or finding.alert.state not in UNDER_ALARM:
            yield replace(finding, evidence=plain)
        elif finding.alert.state == "firing":
            yield replace(finding, evidence=plain) if _is_worse(finding, kept) else _weaker(finding, plain, kept)
        else:
            since = stood["evidence"].get(CLEAR) or instant(finding.window.start)
            yield _waiting(replace(finding, evidence={**plain, WORST: kept, CLEAR: since}))


def _worst_of(stood: Mapping[str, Any] | None) -> Mapping[str, Any] | None:
    """Give what an alert has shown at worst so far; None of one that did not stand."""
    if stood is None or stood["state"] not in UNDER_ALARM:
        return None
    shown = {name: stood[name] for name in ("text", "value", "effect", "p_value", "n", "window_start", "window_end")}
    found: Mapping[str, Any] = stood["evidence"].get(WORST) or shown
    return found


def _is_worse(finding: Finding, kept: Mapping[str, Any]) -> bool:
    """Say whether a window shows as much as the worst before; of stories, and of clients' faults, the last does."""
    if not finding.breaches or finding.value is None:
        return False
    if finding.detector in STORIES or is_of_broken_data(finding.evidence):
        return True
    name = "value" if is_suspicion(finding) or finding.effect is None else "effect"
    return bool(abs(getattr(finding, name)) >= abs(kept[name] or 0.0))


def _weaker(finding: Finding, evidence: Mapping[str, Any], kept: Mapping[str, Any]) -> Finding:
    """Give an alert that fires in a window that is not its worst; one that goes on by a looser threshold tells that."""
    goes_on = not finding.breaches and finding.value is not None and not is_of_broken_data(finding.evidence)
    said = f"{kept['text']}; {WEAKER}" if goes_on else finding.said
    return replace(finding, evidence={**evidence, WORST: kept}, said=said)


def _waiting(finding: Finding) -> Finding:
    """Give an alert that waits to clear with its sentence; what a window has no answer to is said as before."""
    if (finding.value is None and finding.note not in ENDS) or is_of_broken_data(finding.evidence):
        return finding
    ended = [finding.note] if finding.value is None else []
    ended += [no_more_signs(finding.evidence)] if is_suspicion(finding) else []
    quiet = [f"quiet since {clock(datetime.fromisoformat(finding.evidence[CLEAR]))}"]
    left = finding.clear - finding.alert.clears
    quiet += [f"resolves after {counted(left, 'more clear window')}"] if left > 0 else []
    return replace(finding, said="; ".join([finding.evidence[WORST]["text"], *ended, ", ".join(quiet)]))
