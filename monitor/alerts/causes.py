"""What a message says of why: what an alarm most likely comes from, and which columns are broken."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

from monitor.alerts.finding import Finding, Group
from monitor.alerts.origin import AT_ONCE, MET
from monitor.alerts.phrasing import distinct, first_of, said, shown
from monitor.alerts.vocabulary import ORIGINS
from monitor.profiles.population import NAMES as OF_ALL_FEATURES

PART, TWICE, MOST_OF_IT = 0.05, 2.0, 0.5
"""A client is named that sent so much of a change, and with odds so many times those of its share of the rows; of what
is broken only where those named sent so much of it together."""
MISSING = "missing_rows_of"
"""In an alert's origin: the columns of which the rows of one category are missing."""
BROKEN_BY = "broken_by"
"""In an alert's evidence: the clients that sent most of the values by which a column is broken."""
BROKEN_IN = "broken_in"
"""In an alert's evidence: the value of another column whose rows hold most of those by which a column is broken."""
BROUGHT_BY, BROUGHT = "brought_by", "brought"
"""In an alert's evidence: the client that brings what it tells of; of one about a client, all that it brings."""
POISONED = "poisoned"
"""In the evidence of ageing: that labels of the same time look poisoned."""
ASIDE = "aside"
"""In an alert's evidence: the clients under an attack alarm whose rows were left aside, and how many rows."""
UNRELATED = "unrelated"
"""In an alert's origin: which of answers and labels are those of other rows, or `either`."""
USUAL = "told_usual"
"""In an alert's evidence: the number of rows that its message called usual."""
ROWS = "told_rows"
"""In an alert's evidence: the number of rows that its message told of."""
STAYED = "stayed"
"""In an alert's evidence: that a column which leapt is where it leapt to, for as long as windows are remembered."""
TOLD_BY = "told_by"
"""In an alert's evidence: the columns that tell where one that leapt should be."""
APART = 0.25
"""Rows that are so far from those that were usual, as a logarithm to base 2, are not as they were."""
WHOSE_ROWS = "whose_rows"
"""In an alert's evidence: the clients that send more rows, or fewer, each with how many and how many are usual."""
ALONE = "alone"
"""In an alert's evidence: by version, how many of the windows that it answered alone breached."""


def reason_lines(group: Group) -> list[str]:
    """Say what an alarm most likely comes from, what speaks against that, and who sent most of it."""
    finding = group.findings[0]
    why = finding.evidence.get("origin")
    if not why or group.transition == "resolved" or finding.origin not in ORIGINS:
        return []
    against = [f"but {said('; '.join(why['against']))}"] if why["against"] else []
    reasons = [said("; ".join(why["for"]))] if why["for"] else []
    told = "; ".join([*reasons, *against])
    lines = [f"Likely origin: {ORIGINS[finding.origin]}" + (f" ({told})." if told else ".")]
    senders = [_sent(one) for one in why.get("clients", ())[:3] if _more_than_its_part(one)]
    moved = str(why.get("column", ""))
    most = "" if moved in {one.column for one in group.findings} else ", the feature that moved most"
    change = f"Clients that sent most of the change of {shown(moved)}{most}"
    return lines + ([f"{change}: {', '.join(senders)}."] if senders else [])


def sent_by(group: Group) -> list[str]:
    """Name the clients that sent most of what is broken, where few did."""
    told = {f.column: f.evidence[BROKEN_BY] for f in group.findings if f.evidence.get(BROKEN_BY)}
    if group.transition == "resolved" or not told:
        return []
    few = {column: [one for one in sent[:3] if _more_than_its_part(one)] for column, sent in told.items()}
    named = {column: ", ".join(map(_sent, sent)) for column, sent in few.items() if _are_most(sent)}
    what = {column: f"values of {shown(column)}" if column else "rows" for column in named}
    return [f"Clients that sent most of these {what[column]}: {names}." for column, names in named.items()]


def broken_in(group: Group) -> list[str]:
    """Say in the rows of which value of another column the broken values stand, where nearly all do."""
    told = {f.column: f.evidence[BROKEN_IN] for f in group.findings if f.evidence.get(BROKEN_IN)}
    if group.transition == "resolved":
        return []
    return [
        f"{one['share']:.0%} of these values of {shown(column)} stand in rows of {shown(one['column'])} = "
        f"{shown(one['value'])} ({one['traffic']:.1%} of the rows), {one['broken']:.0%} of which hold one."
        for column, one in told.items()
    ]


def _are_most(sent: Sequence[Mapping[str, Any]]) -> bool:
    return bool(sum(float(one["share"]) for one in sent) >= MOST_OF_IT)


def _sent(one: Mapping[str, Any]) -> str:
    return f"{shown(one['client'])} {one['share']:.0%} ({one['traffic']:.0%} of the rows)"


def _more_than_its_part(one: Mapping[str, Any]) -> bool:
    """Say whether a client sent more of a change than its part of the rows explains: of that everybody sends some.

    >>> sent = [{"share": 0.13, "traffic": 0.12}, {"share": 0.9, "traffic": 0.6}, {"share": 0.004, "traffic": 0.001}]
    >>> [_more_than_its_part(one) for one in sent]
    [False, True, False]
    """
    share, traffic = one["share"], one["traffic"]
    return bool(share >= PART and share * (1 - traffic) >= TWICE * traffic * (1 - share))


def left_aside(group: Group) -> list[str]:
    """Say whose rows were left aside where that was done, so that figures are those of the others."""
    told: Mapping[str, Any] = next((one.evidence[ASIDE] for one in group.findings if one.evidence.get(ASIDE)), {})
    if not told or group.transition == "resolved":
        return []
    names = first_of(list(map(shown, told["clients"])))
    return [f"All figures are without {told['rows']:,} rows of clients under an attack alarm: {names}."]


def whose_rows(group: Group) -> list[str]:
    """Say which clients sent more rows than usual, or fewer, where an alarm is about how many there are."""
    told: Mapping[str, Any] = next((one.evidence for one in group.findings if one.evidence.get(WHOSE_ROWS)), {})
    if not told or group.transition == "resolved":
        return []
    clients = told[WHOSE_ROWS]
    named = [f"{shown(one['client'])} ({one['rows']:,}, usually {one['usual']:,})" for one in clients]
    more = "More" if clients[0]["rows"] > clients[0]["usual"] else "Fewer"
    return [f"{more} rows than usual came from {first_of(named)}."]


def version_lines(group: Group) -> list[str]:
    """Say how many windows of each version breached, where versions answered in turn."""
    counts = next(filter(None, map(_in_turn, group.findings)), {})
    if group.transition == "resolved" or not counts:
        return []
    ranked = sorted(counts.items(), key=lambda item: (-item[1]["breached"] / item[1]["windows"], item[0]))
    told = [f"{one['breached']:,} of {one['windows']:,} of version {shown(name)}" for name, one in ranked]
    return [f"Windows that breached, of those that a version answered alone: {first_of(told)}."]


def _in_turn(finding: Finding) -> Mapping[str, Mapping[str, int]]:
    counts = finding.evidence.get(ALONE, {})
    return counts if len(counts) > 1 else {}


def came_at_once(finding: Finding) -> bool:
    """Say whether labels meet the answers otherwise at once, and neither features nor anything else tells why."""
    told = finding.evidence.get("origin", {})
    return finding.origin == "undetermined" and any(MET + AT_ONCE in one for one in told.get("for", ()))


def broken_columns(finding: Finding) -> list[str]:
    """Name the columns that are broken, where the alert comes of that."""
    if not comes_of_broken_data(finding):
        return []
    return list(map(str, finding.evidence["origin"].get("broken", ())))


def missing_rows_of(finding: Finding) -> list[str]:
    """Name the columns of which the rows of one category are missing, where the alert comes of that."""
    return list(map(str, finding.evidence.get("origin", {}).get(MISSING, ())))


def unrelated(finding: Finding) -> str:
    """Say which of answers and labels are those of other rows, or `either`, where the alert comes of that; else ""."""
    return str(finding.evidence.get("origin", {}).get(UNRELATED, ""))


def became_usual(finding: Finding) -> float | None:
    """Give how many rows were usual before an alert about them, where it ends with as few, or as many, as it told."""
    before, told, now = finding.evidence.get(USUAL), finding.evidence.get(ROWS), finding.value
    if not before or told is None or now is None or finding.detector != "volume":
        return None
    # other days of the week have other numbers of rows: as many as then are none that lie between
    from_usual, from_told = (abs(math.log2((now + 0.5) / (rows + 0.5))) for rows in (before, told))
    return float(before) if from_told < APART <= from_usual else None


def turned_answers(finding: Finding) -> list[str]:
    """Name the model's answers that changed by themselves, where the alert comes of that."""
    return list(map(str, finding.evidence.get("origin", {}).get("answers", ())))


def columns_behind(finding: Finding) -> list[str]:
    """Name the columns that are broken, or crept to where no reference row lies, where the alert comes of that."""
    why = finding.evidence.get("origin", {})
    return list(map(str, (*why.get("broken", ()), *why.get("crept", ()))))


def growing_columns(group: Group) -> list[str]:
    """Name the columns that a message is about, where each of them does nothing but grow with time; else none.

    A message about columns that are made of all features is about those that moved with them, of which any may grow.
    """
    grows = {name for one in group.findings for name in one.evidence.get("origin", {}).get("grows", ())}
    lasting = (moved["column"] for one in group.findings for moved in one.evidence.get("moved", ()))
    own = [*(one.column for one in group.findings), *lasting]
    about = [name for name in distinct(own) if name not in OF_ALL_FEATURES]
    if not about:
        moved = distinct(name for one in group.findings for name in one.evidence.get("columns", ()))
        return [name for name in moved if name in grows]
    return about if grows.issuperset(about) else []


def comes_of_broken_data(finding: Finding) -> bool:
    """Say whether something else than a fault in data is told because of one."""
    return finding.origin == "data_quality" and "origin" in finding.evidence
