"""What is put in, as it is written: `shift:age:0.5sd`, `drop:fare`, `swap:origin:destination`, `evasion`."""

import re
from collections.abc import Collection
from dataclasses import dataclass
from typing import Literal, get_args

from monitor.errors import ConfigError

Kind = Literal["shift", "scale", "drop", "missing", "swap", "label-flip", "evasion"]
Unit = Literal["", "sd", "times"]

FORMS: dict[Kind, str] = {
    "shift": "shift:COLUMN:0.5sd, shift:COLUMN:+3 or shift:COLUMN:*1.2",
    "scale": "scale:COLUMN:1000",
    "drop": "drop:COLUMN",
    "missing": "missing:COLUMN",
    "swap": "swap:COLUMN:COLUMN",
    "label-flip": "label-flip",
    "evasion": "evasion",
}
_AMOUNT = re.compile(r"(\*)?([+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:e[+-]?[0-9]+)?)(sd)?", re.IGNORECASE)


@dataclass(frozen=True)
class Injection:
    """One change.

    columns: those that are changed; none where it is the outcome. amount: added in the column's unit, or in standard
    deviations of the reference (`sd`), or what values are multiplied by (`times`).
    """

    text: str
    kind: Kind
    columns: tuple[str, ...] = ()
    amount: float = 0.0
    unit: Unit = ""


def read_injection(text: str, known: Collection[str] = ()) -> Injection:
    """Read one change; a column's name may hold colons where it is among those `known`.

    Raises ConfigError that names the text and how it could be written.

    >>> read_injection("shift:age:0.5sd")
    Injection(text='shift:age:0.5sd', kind='shift', columns=('age',), amount=0.5, unit='sd')
    """
    kind, _, rest = text.partition(":")
    if kind not in get_args(Kind):
        raise _wrong(text, f"no change {kind!r}", f"known are {', '.join(FORMS)}")
    if kind in ("label-flip", "evasion"):
        if rest:
            raise _wrong(text, f"{kind} takes no column", f"write {FORMS[kind]}")  # type: ignore[index]
        return Injection(text, kind)  # type: ignore[arg-type]  # it is one of them
    if not rest:
        raise _wrong(text, "names no column", f"write {FORMS[kind]}")  # type: ignore[index]
    if kind in ("shift", "scale"):
        return _with_amount(text, kind, rest)  # type: ignore[arg-type]
    columns = _two(rest, known) if kind == "swap" else (rest,)
    if not all(columns):
        raise _wrong(text, "needs two columns", f"write {FORMS['swap']}")
    return Injection(text, kind, columns)  # type: ignore[arg-type]


def _with_amount(text: str, kind: Kind, rest: str) -> Injection:
    column, _, said = rest.rpartition(":")
    match = _AMOUNT.fullmatch(said)
    if not column or match is None or (match[1] and match[3]) or (kind == "scale" and match[3]):
        raise _wrong(text, f"{said!r} is no amount" if column else "says no amount", f"write {FORMS[kind]}")
    times = bool(match[1]) or kind == "scale"
    return Injection(text, kind, (column,), float(match[2]), "times" if times else "sd" if match[3] else "")


def _two(rest: str, known: Collection[str]) -> tuple[str, str]:
    parts = rest.split(":")
    splits = [(":".join(parts[:i]), ":".join(parts[i:])) for i in range(1, len(parts))]
    return next((pair for pair in splits if set(pair) <= set(known)), splits[0] if splits else (rest, ""))


def read_shares(text: str) -> tuple[float, ...]:
    """Read shares of rows such as `0.05`, `5%` or `0.01,0.03,0.1`, each above 0 and at most 1.

    >>> read_shares("1%, 0.05")
    (0.01, 0.05)
    """
    return tuple(_share(part.strip()) for part in text.split(","))


def _share(text: str) -> float:
    try:
        share = float(text.removesuffix("%")) / (100 if text.endswith("%") else 1)
    except ValueError:
        share = 0.0
    if not 0 < share <= 1:
        raise ConfigError("--share", f"{text!r} is no share of rows", "write for example 0.05, 5% or 0.01,0.03,0.1")
    return share


def _wrong(text: str, problem: str, mend: str) -> ConfigError:
    return ConfigError(f"--inject {text}", problem, mend)
