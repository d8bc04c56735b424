"""Numbers, times and names from the data as they stand in a sentence, on one line."""

import math
import shlex
import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from monitor.alerts.lifecycle import UNDER_ALARM

NAME_LENGTH, SAID_LENGTH = 80, 400
MOST_DIGITS = 10
UNITS = {
    "day": timedelta(days=1),
    "hour": timedelta(hours=1),
    "minute": timedelta(minutes=1),
    "second": timedelta(seconds=1),
}


def number(value: float, digits: int = 3) -> str:
    """Write a number with so many significant digits.

    >>> [number(x) for x in (0.31234, 1234.5, 2.2e-16, 0.0, -12)]
    ['0.312', '1,230', '2.2e-16', '0', '-12']
    """
    rounded = float(f"{value:.{digits}g}")
    if rounded == 0 or 1e-4 <= abs(rounded) < 1e9:
        return f"{rounded:,.10g}"
    mantissa, _, exponent = f"{rounded:.{digits}g}".partition("e")
    return f"{mantissa}e{int(exponent)}" if exponent else mantissa


def chance(p_value: float, relation: str = "=") -> str:
    """Write a p-value, or by another relation what it is at most.

    >>> chance(0.0042), chance(2e-16, "≤"), chance(0.0)
    ('p = 0.0042', 'p ≤ 2e-16', 'p < 1e-300')
    """
    return "p < 1e-300" if p_value < 1e-300 else f"p {relation} {number(p_value)}"


WORDS = {
    "reference sd": " reference standard deviations",
    "rank sd": " standard deviations in rank",
    "hours": " hours",
    "days": " days",
}


def measure(value: float, unit: str, digits: int = 3) -> str:
    """Write a number with its unit, a share in per cent.

    >>> measure(0.312, "share"), measure(0.312, "reference sd"), measure(0.312, "rank sd")
    ('31.2 %', '0.312 reference standard deviations', '0.312 standard deviations in rank')
    """
    if unit == "share":
        return f"{number(100 * value, digits)} %"
    return number(value, digits) + WORDS.get(unit, "")


def compared_value(evidence: Mapping[str, Any]) -> str:
    """Name what is compared between groups, with the class that it is of where there is one.

    >>> compared_value({"of": "share_of_decisions", "class": "cat"}), compared_value({"of": "mean_error"})
    ('share of decisions "cat"', 'mean error')
    """
    of = str(evidence["of"]).replace("_", " ")
    return f'{of} "{shown(str(evidence["class"]))}"' if "class" in evidence else of


def moved(before: float, after: float, unit: str) -> str:
    """Write where a number was and where it is, with as many digits as it takes to see by how much it moved.

    >>> moved(1017.9, 1035.6, ""), moved(0.1, 0.62, "share"), moved(3, 3, "")
    ('1,018 → 1,036', '10 % → 62 %', '3 → 3')
    """
    least = abs(after - before)
    ratio = max(abs(before), abs(after)) / least if least > 0 else 1.0
    digits = min(max(3, math.ceil(math.log10(ratio)) + 2), MOST_DIGITS) if math.isfinite(ratio) else 3
    return f"{measure(before, unit, digits)} → {measure(after, unit, digits)}"


def change_told(change: Mapping[str, Any]) -> str:
    """Say what of a column moved, from where to where; of what stands still, that it does.

    >>> change_told({"of": "share", "category": "chat", "before": 0.2, "after": 0.04})
    'share of chat 20 % → 4 %'
    >>> change_told({"of": "mean", "measure": "length", "before": 120, "after": 60})
    'mean length 120 → 60'
    """
    share = change["of"] == "share"
    what = f"share of {shown(str(change['category']))}" if share else str(change["of"])
    what += f" {change['measure']}" if change.get("measure") else ""
    if change.get("interval"):
        return _of_interval(change["interval"])
    if change.get("still"):
        return f"{what} {number(change['after'])} as before"
    return f"{what} {moved(change['before'], change['after'], 'share' if share else '')}"


def _of_interval(one: Mapping[str, Any]) -> str:
    """Say how many values lie in an interval, of which the share rose.

    >>> _of_interval({"low": 90, "high": 95, "before": 0.03, "after": 0.31})
    'share from 90 to 95 3 % → 31 %'
    >>> _of_interval({"low": None, "high": 17, "before": 0.0, "after": 0.1})
    'share up to 17 0 % → 10 %'
    """
    low, high = (None if one[end] is None else number(one[end]) for end in ("low", "high"))
    ends = f"from {low}" if high is None else f"up to {high}" if low is None else f"from {low} to {high}"
    return f"share {f'of {low}' if low == high else ends} {moved(one['before'], one['after'], 'share')}"


def shown(name: str) -> str:
    """Give a name from the data on one line: control characters as visible marks, at most 80 characters.

    >>> shown("a" + chr(10) + "b")
    'a␊b'
    """
    marked = "".join(_marked(character) for character in name[: NAME_LENGTH + 1])
    return marked if len(marked) <= NAME_LENGTH else marked[: NAME_LENGTH - 1] + "…"


def said(text: str) -> str:
    """Give a sentence that may quote data on one line: control characters as visible marks, at most 400 characters."""
    marked = "".join(map(_marked, text[: SAID_LENGTH + 1]))
    return marked if len(marked) <= SAID_LENGTH else marked[: SAID_LENGTH - 1] + "…"


def pasted(*words: str) -> str:
    """Give words of a command as a shell takes them; control characters stand as visible marks.

    >>> pasted("monitor.yaml", "flight delays")
    "monitor.yaml 'flight delays'"
    """
    return shlex.join("".join(map(_marked, word)) for word in words)


def plain(text: str) -> str:
    """Give text of many lines that may quote data: control characters but line ends and tabs as visible marks.

    >>> plain("a" + chr(0x202E) + "b" + chr(7))
    'a�b␇'
    """
    return text.translate({ord(one): _marked(one) for one in set(text) - {"\n", "\t"} if _marked(one) != one})


def _marked(character: str) -> str:
    if ord(character) < 0x20:
        return chr(0x2400 + ord(character))
    # Format characters turn the direction of text; surrogates cannot be sent.
    return "�" if unicodedata.category(character) in ("Cc", "Cf", "Cs", "Cn", "Zl", "Zp") else character


def listed(names: list[str], most: int) -> str:
    """Give names from the data in one line, the first of them when there are many."""
    return first_of([shown(name) for name in names], most)


def first_of(texts: Sequence[str], most: int = 3) -> str:
    """Join the first of some texts, and count the others.

    >>> first_of(["age", "income", "rank", "city", "zip"]), first_of(["age", "rank"])
    ('age, income, rank and 2 more', 'age, rank')
    """
    rest = len(texts) - most
    return ", ".join(texts[:most]) + (f" and {rest:,} more" if rest > 0 else "")


def counted(number: int, what: str) -> str:
    """Count things of one name.

    >>> counted(1, "window"), counted(1200, "changed row")
    ('1 window', '1,200 changed rows')
    """
    return f"{number:,} {what}" + ("" if number == 1 else "s")


def distinct(names: Iterable[str]) -> list[str]:
    """Give each name once, in order, without the empty one."""
    return list(dict.fromkeys(name for name in names if name))


def clock(at: datetime) -> str:
    """Give an instant to the minute."""
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M} UTC"


def duration(length: timedelta) -> str:
    """Write a length of time in the largest unit of which it is three or more, or a whole number; else in seconds.

    >>> [duration(timedelta(hours=x)) for x in (24, 36, 48, 60, 100, 1, 1.5)]
    ['1 day', '36 hours', '2 days', '60 hours', '4 days', '1 hour', '90 minutes']
    """
    fits = (name for name, unit in UNITS.items() if length >= 3 * unit or (length >= unit and not length % unit))
    name = next(fits, "second")
    return counted(round(length / UNITS[name]), name)


def quieted(alert: Mapping[str, Any]) -> list[str]:
    """Say why little or nothing is told of a public alert: people silenced or acknowledged it, or it waits.

    Its times may be text.

    >>> quieted({"silenced_until": "2024-05-01T12:00:00Z", "acknowledged_at": None})
    ['silenced until 2024-05-01 12:00 UTC']
    >>> held = {"id": "3f2a-1", "state": "firing", "evidence": {"told": False, "inhibited_by": "77ab-2"}}
    >>> quieted(held), quieted({**held, "evidence": {"told": False, "inhibited_by": "3f2a-0"}})
    (['not told while 77ab-2 fires'], ['not told again: it comes and goes with the day or the week'])
    """
    until, taken, why = (alert.get(name) for name in ("silenced_until", "acknowledged_at", "acknowledged_why"))
    done = [f"silenced until {_clock(until)}"] if until else []
    done += [f"acknowledged {_clock(taken)}{f': {said(why)}' if why else ''}"] if taken else []
    return done + _held(alert)


def _held(alert: Mapping[str, Any]) -> list[str]:
    """Say what an alert under alarm waits for that nobody was told of."""
    evidence = alert.get("evidence") or {}
    if alert.get("state") not in UNDER_ALARM or evidence.get("told") is not False:
        return []
    other = str(evidence.get("inhibited_by") or "")
    if not other:
        return ["not told yet: too little in the newest window"]
    same = other.rpartition("-")[0] == str(alert["id"]).rpartition("-")[0]
    return ["not told again: it comes and goes with the day or the week" if same else f"not told while {other} fires"]


def _clock(at: datetime | str) -> str:
    return clock(datetime.fromisoformat(at) if isinstance(at, str) else at)


def under_alarm(alerts: Iterable[Mapping[str, Any]]) -> str:
    """Count public alerts by state, those that fire first, and of these the ones of which little or nothing is told.

    >>> told, held = {"evidence": {"told": True}}, {"evidence": {"told": False}}
    >>> under_alarm([{"state": "firing", **told}, {"state": "recovering", **held}, {"state": "resolved", **told}])
    '1 firing, 1 recovering; 1 of them not told'
    """
    standing = [one for one in alerts if one["state"] in UNDER_ALARM]
    states = Counter(one["state"] for one in standing)
    counts = (
        ("not told", sum(one["evidence"].get("told") is False for one in standing)),
        ("silenced", sum(bool(one.get("silenced_until")) for one in standing)),
        ("acknowledged", sum(bool(one.get("acknowledged_at")) for one in standing)),
    )
    said = [f"{count} of them {word}" for word, count in counts if count]
    return ", ".join(f"{states[state]} {state}" for state in sorted(states)) + "".join(f"; {one}" for one in said)
