"""What else changed while performance fell over windows: it may be the reason, or make rows unfit to learn from."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from monitor.alerts.attack_names import POISONING
from monitor.alerts.causes import MISSING, POISONED
from monitor.alerts.finding import Finding
from monitor.alerts.lifecycle import UNDER_ALARM
from monitor.alerts.phrasing import distinct
from monitor.detectors.quality import unlabelled_share
from monitor.detectors.temporal.lasting import AGEING
from monitor.steps.version_reasons import differing_version

ABOUT = 7
"""Within so many windows two changes may be one."""


def noting_what_else_changed(
    stepped: Sequence[Finding], differs: str, standing: Iterable[Mapping[str, Any]]
) -> Iterator[Finding]:
    """Note with what tells of ageing a version, or answers, that are otherwise than before: these may be the reason.

    And which columns were broken meanwhile, or crept beyond the reference, or lacked the rows of a category; and that
    labels looked poisoned.
    """
    now = ({"detector": f.detector, "state": f.alert.state, "segment": f.segment} for f in stepped)
    differs = differs or differing_version(now)
    rows = list(standing)
    turned = [row for row in rows if row["state"] in UNDER_ALARM and _answers_in(row)]
    for finding in stepped:
        if finding.detector != AGEING or "since" not in finding.evidence:
            yield finding
            continue
        then = [_answers_in(row) for row in turned if began_with(finding, row)]
        found: dict[str, Any] = {"version": differs} if differs else {"answers": then[0]} if then else {}
        risen = [row["evidence"].get("origin", {}) for row in rows if _stands_with(finding, row)]
        crept = distinct(name for why in risen for name in why.get("crept", ()))
        missing = distinct(name for why in risen for name in why.get(MISSING, ()))
        found |= {"crept": crept} if crept else {}
        found |= {MISSING: missing} if missing else {}
        poisoned = any(row["kind"] == POISONING and _lasted_until(finding, row) for row in rows)
        found |= {POISONED: True} if poisoned else {}
        unfit = distinct(name for row in rows if _lasted_until(finding, row) for name in broken_in(row))
        yield replace(finding, evidence={**finding.evidence, **found, **({"unfit": unfit} if unfit else {})})


def _stands_with(finding: Finding, row: Mapping[str, Any]) -> bool:
    return row["state"] in UNDER_ALARM and row["fired_at"] is not None and began_with(finding, row)


def _lasted_until(finding: Finding, row: Mapping[str, Any]) -> bool:
    """Say whether an alert fired, and was not over when a change over windows began; of labels that lack none is."""
    began, over = datetime.fromisoformat(finding.evidence["since"]), row["resolved_at"]
    lasts = row["state"] in UNDER_ALARM or (over is not None and datetime.fromisoformat(over) > began)
    return row["fired_at"] is not None and lasts and row["detector"] != unlabelled_share.NAME


def _answers_in(row: Mapping[str, Any]) -> Sequence[str]:
    """Name the answers that changed by themselves, where an alert comes of that."""
    found: Sequence[str] = row["evidence"].get("origin", {}).get("answers", ())
    return found


def began_with(finding: Finding, row: Mapping[str, Any]) -> bool:
    """Say whether a change over windows began about when an alert did: that day is found to within some windows."""
    length, began = finding.window.end - finding.window.start, datetime.fromisoformat(finding.evidence["since"])
    return abs(began - datetime.fromisoformat(row["since"])) <= ABOUT * length


def broken_in(row: Mapping[str, Any]) -> Sequence[str]:
    """Name the columns that an alert says to be broken."""
    if row["kind"] == "quality":
        return [row["column"]]
    found: Sequence[str] = row["evidence"].get("origin", {}).get("broken", ())
    return found
