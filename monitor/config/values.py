"""The small values of a configuration: durations, budgets, how many windows must breach."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated, Any

from pydantic import BeforeValidator
from pydantic_core import PydanticCustomError

from monitor.schedule import Period, parse_period

_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


@dataclass(frozen=True)
class Budget:
    """How many false alarms are borne in a stretch of time."""

    count: int
    per: timedelta


@dataclass(frozen=True)
class Hold:
    """Fire when `k` of the last `m` windows breached."""

    k: int
    m: int


def parse_duration(text: str) -> timedelta:
    """Read a duration such as `90s`, `5m`, `1h`, `30d` or `2w`; ValueError for anything else.

    >>> parse_duration("90s")
    datetime.timedelta(seconds=90)
    """
    match = re.fullmatch(r"([0-9]{1,5})([smhdw])", text)
    if match is None:
        raise ValueError(f"{text!r} is no duration; write for example 90s, 5m, 1h or 30d")
    return timedelta(**{_UNITS[match[2]]: int(match[1])})


def parse_budget(text: str) -> Budget:
    """Read a budget such as `1 per 30d`; ValueError for anything else.

    >>> parse_budget("2 per 1w")
    Budget(count=2, per=datetime.timedelta(days=7))
    """
    match = re.fullmatch(r"([1-9][0-9]{0,5}) per (\S+)", text)
    if match is None or not (per := parse_duration(match[2])):
        raise ValueError(f"{text!r} is no budget; write for example 1 per 30d")
    return Budget(int(match[1]), per)


def parse_hold(text: str | int) -> Hold:
    """Read how many windows must breach, such as `2/3`, two of the last three, or `1`; ValueError for anything else.

    A number alone is that many windows in a row.

    >>> parse_hold("2/3"), parse_hold(1)
    (Hold(k=2, m=3), Hold(k=1, m=1))
    """
    match = None if isinstance(text, bool) else re.fullmatch(r"([1-9][0-9]?)(?:/([1-9][0-9]?))?", str(text))
    if match is None or int(match[1]) > int(match[2] or match[1]):
        raise ValueError(f"{text!r} is no number of windows; write for example 2/3, two of the last three, or 1")
    return Hold(int(match[1]), int(match[2] or match[1]))


def parse_amount(value: object) -> float:
    """Read a number of 0 or above; ValueError for anything else."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < float("inf"):
        raise ValueError("no number of 0 or above")
    return float(value)


def read_by(parse: Callable[[Any], Any], problem: str, mend: str) -> BeforeValidator:
    """Give the validator that reads by `parse` and says `problem` and `mend` where that raises.

    The message leaves the value out: after expansion it may hold a secret.
    """

    def validate(value: object) -> object:
        try:
            return parse(value)
        except (ValueError, TypeError):
            raise PydanticCustomError("unreadable", "{problem}", {"problem": problem, "mend": mend}) from None

    return BeforeValidator(validate)


@dataclass(frozen=True)
class Earlier:
    """What a window is compared with instead of the reference: so many windows before it.

    cycle: how far apart they lie; None for those that came last.
    """

    count: int
    cycle: timedelta | None = None


def parse_baseline(text: object) -> Earlier | None:
    """Read what windows are compared with: `reference` (None), `28 windows` or `8 weeks`; ValueError for all else.

    >>> parse_baseline("28 windows"), parse_baseline("8 weeks").cycle
    (Earlier(count=28, cycle=None), datetime.timedelta(days=7))
    """
    if text == "reference":
        return None
    match = re.fullmatch(r"([1-9][0-9]?) (windows?|weeks?)", str(text))
    if match is None:
        raise ValueError(f"{text!r} is no baseline; write reference, 28 windows or 8 weeks")
    return Earlier(int(match[1]), timedelta(weeks=1) if match[2].startswith("week") else None)


def _positive(text: str) -> timedelta:
    if not (duration := parse_duration(text)):
        raise ValueError("0 keeps nothing")
    return duration


def _share(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value <= 1:
        raise ValueError("no share above 0")
    return float(value)


def _count(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= 1000:
        raise ValueError("no count")
    return value


def _rows(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= 1_000_000:
        raise ValueError("no count of rows")
    return value


def _port(value: object) -> int:
    # A port given by ${PORT} is text.
    if isinstance(value, bool) or not re.fullmatch("[0-9]{1,5}", str(value)) or int(str(value)) > 65535:
        raise ValueError("no port")
    return int(str(value))


_DURATION_MEND = "write for example 90s, 5m, 1h or 30d"
Duration = Annotated[timedelta, read_by(parse_duration, "no duration", _DURATION_MEND)]
PositiveDuration = Annotated[timedelta, read_by(_positive, "no duration above zero", _DURATION_MEND)]
WindowLength = Annotated[Period, read_by(parse_period, "no window length", "write for example 1h, 6h, 1d, 1w or 1mo")]
FalseAlarms = Annotated[Budget, read_by(parse_budget, "no budget", "write for example 1 per 30d")]
Windows = Annotated[
    Hold, read_by(parse_hold, "no number of windows", "write for example 2/3, two of the last three, or 1")
]
Before = Annotated[
    Earlier | None, read_by(parse_baseline, "no baseline", "write reference, or for example 28 windows or 8 weeks")
]
Share = Annotated[float, read_by(_share, "no share above 0 and up to 1", "write for example 0.8")]
Count = Annotated[int, read_by(_count, "no whole number from 1 to 1000", "write for example 3")]
Rows = Annotated[int, read_by(_rows, "no whole number from 1 to 1000000", "write for example 100")]
Port = Annotated[int, read_by(_port, "no port", "write a number from 0 to 65535; 0 takes any that is free")]
