"""What a message says: what happened, how much and how sure, since when, where, and what to do."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from monitor.alerts.advice import to_do
from monitor.alerts.attack_names import POISONING
from monitor.alerts.attack_wording import is_suspicion, suspicion, suspicion_lines
from monitor.alerts.causes import (
    ASIDE,
    BROKEN_IN,
    broken_in,
    left_aside,
    reason_lines,
    sent_by,
    version_lines,
    whose_rows,
)
from monitor.alerts.finding import Finding, Group
from monitor.alerts.group_wording import groups_told, of_the_pair
from monitor.alerts.own_words import OWN_WORDS, other_side
from monitor.alerts.phrasing import (
    chance,
    change_told,
    clock,
    distinct,
    listed,
    measure,
    moved,
    number,
    said,
    shown,
)
from monitor.alerts.poison_wording import pointed_at, poisoned
from monitor.alerts.story_wording import onset
from monitor.alerts.vocabulary import CERTAIN, DISTANCES, ENDS, HELD, LOSSES, SWITCHES, level_of

LISTED = 8
GONE = {"drift.prediction": "no row is answered", "drift.label": "no label is"}
"""What is said of a category that is gone, by the kind of the alert."""


def text_of(finding: Finding) -> str:
    """Give one sentence about one alert: what moved, by how much, how sure that is, and since when.

    Values in shares are written in per cent; `None` is written as "no answer" with its reason.
    """
    if finding.said:
        return finding.said
    if is_suspicion(finding):
        return suspicion(finding)
    subject = shown(finding.column or finding.model)
    measured = finding.evidence.get("measure")
    subject = f"{measured} of {subject}" if measured else subject
    within = f" ({shown(finding.segment)})" if finding.segment else ""
    told = [_what(of_the_pair(finding)) + groups_told(finding), *_of_how_many(finding), *_since(finding)]
    sure = _how_sure(finding)
    points = pointed_at(finding.evidence.get("at") or {}) if finding.kind == POISONING and finding.breaches else []
    sentences = [f"{subject}{within}: {', '.join(told)}", *([", ".join(sure)] if sure else []), *points]
    return "; ".join(sentences)


def lines_of(group: Group) -> tuple[str, ...]:
    """Give the body of a message in order: how much and how sure, since when, who or what, what to do."""
    if is_suspicion(group.findings[0]):
        return suspicion_lines(group)
    told = sentences_of(list(_one_each(group.findings)))
    why = (
        *left_aside(group),
        *whose_rows(group),
        *sent_by(group),
        *broken_in(group),
        *version_lines(group),
        *reason_lines(group),
    )
    labels = poisoned(group.findings[0].evidence) if group.kind == POISONING else ()
    return (*told, *_times(group), *_places(group), *labels, *why, f"To do: {to_do(group)}.")


def sentences_of(findings: Sequence[Finding]) -> tuple[str, ...]:
    """Give the sentences of the first few alerts, and how many more there are."""
    rest = len(findings) - LISTED
    return (*map(text_of, findings[:LISTED]), *([f"and {rest} more"] if rest > 0 else []))


def _one_each(findings: Iterable[Finding]) -> Iterator[Finding]:
    """Leave out what a second detector says of how a column's distribution moved: that is one piece of news."""
    told: set[tuple[str, str]] = set()
    for finding in findings:
        place = finding.column, finding.segment
        if not (finding.kind.startswith(("drift.", "confidence")) and finding.column and place in told):
            yield finding
        told.add(place)


def _what(finding: Finding) -> str:
    name, value, back = finding.detector, finding.value, finding.alert.state not in ("pending", "firing")
    if finding.kind == "health":
        return LOSSES.get(name, "is watched again") if back else said(finding.note) or "cannot be seen"
    if value is None:
        return _without_number(finding)
    value = max(value, 0.0) if finding.kind == POISONING else value
    if name in SWITCHES:
        return SWITCHES[name][0 if value else 1] + ("" if back else _held(finding))
    if name in DISTANCES:
        beginning = f"distribution {_is_over(finding) if back else 'moved'} from {other_side(finding)}"
        unit = finding.unit if finding.unit.endswith(" sd") else ""
        return f"{_change(finding) or beginning}, {DISTANCES[name]} {measure(value, unit)}"
    if name in OWN_WORDS:
        return OWN_WORDS[name](finding, value, back)
    what = f"{_level(finding)}{_from(finding)}"
    told = f"{what} {_moved(finding, value, back=back)} {measure(value, finding.unit)}{_reference(finding)}"
    return told + ("" if back else _hits(finding) + _new_values(finding))


def _held(finding: Finding) -> str:
    """Name the single value that all rows hold, where that is what is told."""
    held = finding.evidence.get("held")
    return "" if held is None else f" ({shown(held) if isinstance(held, str) else number(held)})"


def _hits(finding: Finding) -> str:
    """Say which way labels differ at equal score, where that is what is told."""
    hits = finding.evidence.get("hits")
    if not hits:
        return ""
    now, expected = (measure(hits[name], "share") for name in ("share", "expected"))
    return f": label {shown(str(hits['label']))} in {now} of the rows, where rows scored so had it in {expected}"


def _from(finding: Finding) -> str:
    """Say from which number on rows count, where that hangs on the reference."""
    least = finding.evidence.get("least")
    return f" ({number(least)} or more)" if least is not None else ""


def _level(finding: Finding) -> str:
    level, beside = level_of(finding.detector), finding.evidence.get("beside")
    if not beside:
        return level
    return level.replace("the reference's range", f"the range of {beside}").replace("the reference", beside)


def _is_over(finding: Finding) -> str:
    """Say how a distribution that has come back lies: it may surely be another one still, by too little to be told."""
    surely = finding.alpha is not None and finding.p_value is not None and finding.p_value <= finding.alpha
    return "is hardly different" if surely else "is no longer surely different"


def _without_number(finding: Finding) -> str:
    if finding.note in ENDS:
        return finding.note
    return f"{level_of(finding.detector)} has no answer" + (f" ({shown(finding.note)})" if finding.note else "")


def _new_values(finding: Finding) -> str:
    """Name the values that the reference does not hold, or what is wrong with them, where that is what is told."""
    often = [f"{shown(str(one['value']))} ({one['rows']:,})" for one in finding.evidence.get("new_values", ())]
    if "length" in finding.evidence:
        held, usual = finding.evidence["length"], finding.evidence["usual_length"]
        return f", most often lists of {held:,} numbers, in the reference of {usual:,}"
    if finding.evidence.get("holds") in HELD:
        return f", {HELD[finding.evidence['holds']]}"
    change = finding.evidence.get("change")
    if finding.kind != "quality" or not change:
        return f", most often {', '.join(often)}" if often else ""
    if change.get("vanished"):
        gone = f"none is {shown(change['category'])} any more, of {_before(change)} before"
        return f", most often {', '.join(often)}; {gone}" if often else f"; {gone}"
    unit = finding.evidence.get("unit")
    where = f" in {shown(finding.evidence['unit_in'])}" if "unit_in" in finding.evidence else ""
    return f", {change_told(change)}{_ends(finding)}" + (f", perhaps {unit}{where}" if unit else "")


def _ends(finding: Finding) -> str:
    """Give the least and the largest value, where these lie beyond the reference's."""
    told = ((name, finding.evidence.get(name)) for name in ("lowest", "highest"))
    return "".join(f", {name} {moved(one['before'], one['now'], '')}" for name, one in told if one)


def _change(finding: Finding) -> str:
    change = finding.evidence.get("change")
    if not change or finding.alert.state not in ("pending", "firing"):
        return ""
    if change.get("vanished") and ASIDE not in finding.evidence:
        return f"{GONE.get(finding.kind, 'no row holds')} {shown(change['category'])}, of {_before(change)} before"
    return f"distribution moved: {change_told(change)}" + (" at such times" if finding.evidence.get("timed") else "")


def _before(change: Mapping[str, Any]) -> str:
    return measure(change["before"], "share")


def _moved(finding: Finding, value: float, *, back: bool) -> str:
    # An effect has no direction for sure: for a score that should be high it counts the fall.
    before = finding.reference_value
    if back or before is None or value == before:
        return "is"
    limit = finding.threshold if finding.alpha is None else None
    if limit is not None and (value < limit if value > before else value > limit):
        # It came nearer to the user's own threshold: `rose to` would read as good news.
        return "is"
    return "rose to" if value > before else "fell to"


def _reference(finding: Finding) -> str:
    if finding.reference_value is None:
        return ""
    then = finding.evidence.get("usual_then")
    usual = "" if then is None else f", at such times {measure(then, finding.unit)}"
    beside = finding.evidence.get("beside", "reference")
    return f" ({beside} {measure(finding.reference_value, finding.unit)}{usual})"


def _of_how_many(finding: Finding) -> list[str]:
    if not finding.n or finding.detector in ("volume", "freshness", "client_drift"):
        return []
    if whole := finding.evidence.get("weighed_as"):
        return [f"{finding.n:,} labelled rows weighed as all {whole:,}"]
    of = "input" if finding.detector == "probe" else "row"
    return [f"1 {of}" if finding.n == 1 else f"{finding.n:,} {of}s"]


def _how_sure(finding: Finding) -> list[str]:
    """Give p-value and effect, each beside its threshold, or the threshold of the number itself.

    Of an alert that is over only what no longer reaches its threshold, where that is one of the two.
    """
    if finding.detector in CERTAIN:
        return []
    p, alpha, effect, least = finding.p_value, finding.alpha, finding.effect, finding.threshold
    parts = [] if p is None else [chance(p)]
    if alpha is None:
        return [*parts, *_side(finding)]
    over = finding.alert.state == "resolved"
    parts = [f"{part} (threshold ≤ {number(alpha)})" for part in parts]
    # That of a switch is always 1.
    if effect is None or finding.detector in SWITCHES:
        return parts
    told = f"effect {number(abs(effect))}" + (f" (threshold ≥ {number(least)})" if least else "")
    if over and p is not None and (p <= alpha) != (abs(effect) >= (least or 0.0)):
        return [told] if p <= alpha else parts
    return [*parts, told]


def _side(finding: Finding) -> list[str]:
    """Say on which side of the user's own threshold the value lies."""
    value, limit = finding.value, finding.threshold
    if limit is None:
        return []
    side = "" if value is None else "at the " if value == limit else "below the " if value < limit else "above the "
    return [f"{side}threshold {'of ' if side else ''}{measure(limit, finding.unit)}"]


def _since(finding: Finding) -> list[str]:
    alert = finding.alert
    if alert.state == "resolved" and alert.resolved_at:
        began = [f"began {clock(alert.since)}"] if alert.since else []
        return [*began, f"resolved {clock(alert.resolved_at)}"]
    # a change over windows has said since when already
    return [f"since {clock(alert.since)}"] if alert.since and not onset(finding) else []


def _times(group: Group) -> list[str]:
    began = [since for finding in group.findings if (since := onset(finding) or finding.alert.since)]
    first = group.findings[0]
    looked = f"window {clock(first.window.start)} to {clock(first.window.end)}"
    if first.span and first.span.start < first.window.start:
        looked += f", judged with all rows since {clock(first.span.start)}"
    return [f"Since {clock(min(began))}; {looked}." if began else f"In the {looked}."]


def _places(group: Group) -> list[str]:
    columns = distinct(finding.column for finding in group.findings if group.kind != POISONING)
    segments = distinct(segment for finding in group.findings for segment in _segments(finding))
    moved = distinct(name for finding in group.findings for name in finding.evidence.get("columns", ()))
    moved = [name for name in moved if name not in columns and group.transition != "resolved"]
    named = (("Columns", columns), ("Moved with them", moved), ("Segments", segments))
    return [f"{word}: {listed(names, LISTED)}" for word, names in named if names]


def _segments(finding: Finding) -> tuple[str, ...]:
    """Name the segments that show it; where the rows of one value do, these are in most of them."""
    others = () if BROKEN_IN in finding.evidence else finding.evidence.get("segments", ())
    return (finding.segment, *map(str, others))
