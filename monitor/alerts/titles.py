"""What a message is called, from when it is told until it is over."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from monitor.alerts.attack_names import EVERYONE, attack_named, shows_malformed, who
from monitor.alerts.attack_wording import NAMED, going_on, is_suspicion
from monitor.alerts.causes import BROUGHT, broken_columns
from monitor.alerts.finding import Finding, Group
from monitor.alerts.phrasing import distinct, first_of, listed, shown
from monitor.alerts.story_wording import changed, has_only_begun
from monitor.alerts.taxonomy import SYNTHETIC, is_of_broken_data, pattern_of
from monitor.alerts.vocabulary import LASTING, SUDDEN, TITLES, level_of

TOLD_AS = "told_as"
"""In an alert's evidence: what it was called when it was told, as of `told_as`."""
PREFIXES = {
    "resolved": "resolved: ",
    "worsened": "much worse: ",
    "turned": "the other way: ",
    "unsilenced": "after a silence: ",
    "repeat": "still firing: ",
}
"""What a title begins with, by the reason of its message."""
BROKEN = "broken data"


@dataclass(frozen=True)
class Name:
    """What an alert is called: what happens, in which columns or else in which number."""

    words: str
    columns: Sequence[str]
    number: str


def told_as(finding: Finding) -> dict[str, Any]:
    """Give what an alert is called when it is told, as JSON, where its labels alone do not say so.

    What is found of it later, a pattern or a broken column, does not change that.
    """
    if is_suspicion(finding):
        return {"words": _suspected(finding), "who": who(finding)}
    if has_only_begun(finding):
        return {"words": SUDDEN, "columns": [changed(finding)]}
    if brought := distinct(str(one["column"]) for one in finding.evidence.get(BROUGHT, ())):
        return {"words": f"drift that {shown(str(finding.evidence['client']))} brings", "columns": brought}
    if moved := distinct(str(one["column"]) for one in finding.evidence.get("moved", ())):
        return {"words": LASTING, "columns": moved}
    # a column that is broken comes before those that are made of it
    broken = broken_columns(finding) if finding.evidence.get("role") == "derived" else []
    return {"columns": distinct([*broken, finding.column])} if broken else {}


def title_of(group: Group) -> str:
    """Say what happened to which model, and in which columns, or else in which numbers."""
    if is_suspicion(group.findings[0]):
        return _suspicion_title(group)
    parts: dict[str, list[Name]] = {}
    for name in (_name(finding, group) for finding in group.findings):
        parts.setdefault(name.words, []).append(name)
    said = "; ".join(words + _where(names) for words, names in parts.items())
    return f"{shown(group.model)}: {PREFIXES.get(group.reason, '')}{said}"


def _name(finding: Finding, group: Group) -> Name:
    words = TITLES.get(group.kind) or group.kind.replace(".", ": ").replace("_", " ")
    told = _told(finding, group.transition)
    columns = told.get("columns") or distinct([finding.column])
    return Name(str(told.get("words", words)), list(map(str, columns)), level_of(finding.detector))


def _told(finding: Finding, transition: str) -> Mapping[str, Any]:
    told: Mapping[str, Any] | None = finding.evidence.get(TOLD_AS)
    return told or (told_as(finding) if transition == "fired" else {})


def _where(names: Sequence[Name]) -> str:
    columns = distinct(column for name in names for column in name.columns)
    numbers = distinct(name.number for name in names)
    return f" in {listed(columns, 3)}" if columns else f" ({listed(numbers, 3)})"


def _suspicion_title(group: Group) -> str:
    """Say what is suspected of whom; who goes on without signs gives no all-clear."""
    told = [_told(finding, group.transition) or told_as(finding) for finding in group.findings]
    accused = [(str(one["words"]), str(one["who"])) for one in told if one["words"] != BROKEN]
    first = first_of(distinct(name for _, name in accused if name != EVERYONE), NAMED)
    prefix = PREFIXES.get(group.reason, "")
    if not accused:
        return (
            f"{shown(group.model)}: {prefix}{BROKEN} from {first_of(distinct(str(one['who']) for one in told), NAMED)}"
        )
    words = max((words for words, _ in accused), key=len)
    whom = f"by {first}" if first else f"in {EVERYONE}"
    turned = ", which were broken data" if all(_suspected(finding) == BROKEN for finding in group.findings) else ""
    quiet = group.transition == "resolved" and going_on(group) and not group.by_hand
    said = "no more " if quiet else prefix
    return f"{shown(group.model)}: {said}{words} {whom}{turned}"


def _suspected(finding: Finding) -> str:
    if is_of_broken_data(finding.evidence):
        return BROKEN
    told = finding.evidence
    named = attack_named(finding.kind, made_up=pattern_of(told) == SYNTHETIC, malformed=shows_malformed(told))
    return f"signs of {named}"
