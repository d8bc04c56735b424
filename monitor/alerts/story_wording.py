"""What a message says of a change over windows: since when, how fast, whether it lasts."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from monitor.alerts.causes import MISSING, POISONED, broken_columns
from monitor.alerts.finding import Finding, Group
from monitor.alerts.phrasing import change_told, counted, listed, measure, number, shown
from monitor.alerts.vocabulary import level_of

MOST, LASTING = 8, 3
TELLING = ("pending", "firing")
STORIES = ("ageing", "lasting_drift")
"""Detectors that tell of a change over windows, from its beginning on."""


def onset(finding: Finding) -> datetime | None:
    """Give when a change over windows most likely began; None of what tells of none, or of its end.

    It lies before the windows that showed it surely, of which the first is the alert's own `since`.
    """
    told = finding.evidence.get("since") if finding.detector in STORIES else None
    return datetime.fromisoformat(told) if told and finding.alert.state in TELLING else None


def is_sudden(group: Group) -> bool:
    """Say whether a message tells of nothing but changes over windows that have only begun."""
    return group.transition == "fired" and all(map(has_only_begun, group.findings))


def has_only_begun(finding: Finding) -> bool:
    """Say whether an alert tells of a change over windows that may yet pass."""
    return finding.detector in STORIES and not lasts(finding.evidence)


def changed(finding: Finding) -> str:
    """Name the column, or else the number, that changed most."""
    return str(finding.evidence.get("column") or level_of(finding.evidence.get("metric", "")))


def ageing(finding: Finding, value: float, back: bool) -> str:  # noqa: FBT001  # called as words of its own
    """Say what performance has been, since when, and from when on to retrain."""
    told = finding.evidence
    if back or "since" not in told:
        return "performance is like the reference's" + (" again" if back else f", or worse by {number(value)}")
    levels = f"{level_of(told['metric'])} has been {number(told['after'])} since {_day(told['since'])}"
    before = "" if told["before"] is None else f" (reference {number(told['before'])})"
    if version := told.get("version"):
        advice = [f"version {shown(version)} answers otherwise than the older one: see first whether it is the reason"]
    elif answers := told.get("answers") or told.get("origin", {}).get("answers"):
        advice = [f"{listed(answers, 3)} changed by itself about then: see first whether that is the reason"]
    elif missing := told.get(MISSING):
        rows = f"rows are missing since about then, told apart by {listed(list(missing), 3)}"
        advice = [f"{rows}: see first whether the model is worse on those that are left"]
    elif told.get(POISONED):
        advice = ["labels of that time look poisoned: see first whether they are right"]
    elif broken := broken_columns(finding):
        broke = "were broken" if len(broken) > 1 else "was broken"
        advice = [f"{listed(broken, 3)} {broke} about then: see first whether that is the reason"]
    else:
        advice = [_retraining(told)] if lasts(told) and not told["recurring"] else []
    return ", ".join([levels + before, *_going(told), *_beside_the_reference(told), *advice])


def _retraining(told: Mapping[str, Any]) -> str:
    """Say from when on to retrain, of which columns some rows are not fit for it, and what to look at before."""
    unfit = list(told.get("unfit") or ())
    broken = f"{listed(unfit, 3)} {'were' if len(unfit) > 1 else 'was'} broken"
    without = f" without the rows in which {broken}" if unfit else ""
    crept = list(told.get("crept") or ())
    right = f"{listed(crept, 3)} {'are' if len(crept) > 1 else 'is'} right"
    day = _day(told["retrain_from"])
    first = f"see that {right}, which crept beyond the reference, before you " if crept else ""
    if told.get("at_once") and not crept:
        first = f"see what changed on {day}, such as how labels are made, and only if that is right "
    return f"{first}retrain with data from {day}{without}"


def lasting_drift(finding: Finding, value: float, back: bool) -> str:  # noqa: FBT001  # called as words of its own
    """Say which columns have moved, since when, and by how much."""
    told = finding.evidence
    if back or "since" not in told:
        return "no column has moved for good" if back else f"a column is off by {number(value)} for good"
    columns = listed([one["column"] for one in told["moved"]] or [told["column"]], 3)
    unit = finding.unit if told["metric"] == "mean_shift" else ""
    effects = [one["effect"] for one in told["moved"] if one["column"] == told["column"]]
    far = abs(effects[0]) if effects and effects[0] is not None else value
    size = f"{measure(far, unit)}" + ("" if unit else " (Jensen-Shannon distance)")
    change = told.get("change")
    lately = [f"in the last window {change_told(change)}"] if change and not change.get("still") else []
    return ", ".join(
        [
            f"{columns} moved since {_day(told['since'])}, {shown(told['column'])} by {size}",
            *lately,
            *_going(told),
            *_beside_the_reference(told),
        ]
    )


def _going(told: Mapping[str, Any]) -> list[str]:
    """Say how fast it goes on, when it will have reached its limit, and whether it comes and goes."""
    parts, speed, reaches = [], told["per_30_days"], told["reaches"]
    if speed:
        way = "rising" if speed["slope"] > 0 else "falling"
        fitted = speed.get("windows", told["windows"])
        over = "" if fitted == told["windows"] else f" over the last {fitted:,} windows"
        parts.append(f"{way} by {number(abs(speed['slope']))} in 30 days{over}")
    if reaches:
        latest = f"to {_day(reaches['latest'])}" if reaches["latest"] else "or later"
        span = f"{_day(reaches['earliest'])} {latest}"
        parts.append(f"at {number(reaches['limit'])} about {_day(reaches['at'])} ({span})")
    if told["recurring"]:
        return [*parts, f"as it was a {told['recurring']} before"]
    span = "in" if told.get("gaps") else "for"
    return [*parts, f"{span} {told['windows']:,} windows" if lasts(told) else "too new to say whether it lasts"]


def _beside_the_reference(told: Mapping[str, Any]) -> list[str]:
    """Say how old the reference is, and which months and hours since the change it does not know."""
    known = told.get("reference")
    if not known:
        return []
    age = f", {counted(round(known['age']), 'day')} before" if known["age"] >= 1 else ""
    unknown = listed([*known["months"], *known["times"]], MOST)
    held = f"; it holds {'no' if known['never'] else 'hardly any'} rows of {unknown}" if unknown else ""
    return [f"the reference ends {_day(known['last'])}{age}{held}"]


def lasts(told: Mapping[str, Any], windows: int = LASTING) -> bool:
    """Say whether a change has been there for so many windows, or long enough to be called lasting."""
    return int(told.get("windows", 0)) >= windows


def _day(instant: str) -> str:
    return str(instant)[:10]
