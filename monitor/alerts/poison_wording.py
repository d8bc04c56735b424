"""What a message says of labels that look poisoned: what they point at, which records, and who gave or sent them."""

from collections.abc import Mapping, Sequence
from typing import Any

from monitor.alerts.phrasing import first_of, listed, shown

LISTED = 8


def poisoned(told: Mapping[str, Any]) -> list[str]:
    """Say by the evidence of one alert which records the labels are of, and whose.

    >>> poisoned({"record_ids": ["a"], "contributors": [{"contributor": "R7", "rows": 9}]})
    ['Records: a; most labelled by R7 (9)']
    """
    ids = [shown(str(one)) for one in told.get("record_ids") or ()]
    named = [
        f"Records: {listed(ids, LISTED)}" if ids else "",
        _most("labelled", "contributor", told.get("contributors") or ()),
        _most("sent", "client", told.get("clients") or ()),
    ]
    text = "; ".join(filter(None, named))
    return [text[:1].upper() + text[1:]] if text else []


def pointed_at(at: Mapping[str, Any]) -> list[str]:
    """Say what a statistic of labels points at; nothing where that is nothing in particular.

    >>> pointed_at({"values": {"country": "Hungary"}, "label": "rich"}), pointed_at({"likely": "no", "label": "yes"})
    (['rows of country = Hungary are labelled rich too surely'], ['labelled yes where no is likelier'])
    """
    label, values = shown(str(at.get("label", ""))), at.get("values") or {}
    if at.get("others"):
        people = first_of([shown(str(one)) for one in (at["contributor"], *at["others"])])
        return [f"the labels of {people} contradict the reference more than others' do"]
    if "contributor" in at:
        return [f"{shown(str(at['contributor']))}'s labels contradict the reference more than others' do"]
    if "likely" in at:
        return [f"labelled {label} where {shown(str(at['likely']))} is likelier"]
    if values:
        held = " and ".join(f"{shown(str(column))} = {shown(str(value))}" for column, value in values.items())
        return [f"rows of {held} are labelled {label} too surely"]
    return []


def _most(how: str, key: str, counts: Sequence[Mapping[str, Any]]) -> str:
    named = [f"{shown(str(one[key]))} ({one['rows']:,})" for one in counts]
    return f"most {how} by {', '.join(named)}" if named else ""
