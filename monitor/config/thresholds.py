"""What the user says of thresholds: of a kind, of a detector, of a detector on a column."""

import re
from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import Field

from monitor.config.section import Section
from monitor.config.values import Windows, parse_amount, read_by


def _threshold(value: object) -> object:
    # YAML reads off as false, and a quoted or unquoted "off" as text.
    if value is False or value == "off":
        return "off"
    return value if value == "auto" else parse_amount(value)


_THRESHOLD = read_by(_threshold, "no threshold", "write auto, off or a number of 0 or above")


class Setting(Section):
    """What the user says of one threshold; None is nothing.

    value: `auto` is calibrated from the reference and the budget, `off` never breaches, a number is compared with
        the measurement's value.
    min_effect: the smallest effect worth an alert.
    hold: `for` in the configuration: how many windows must breach.
    """

    value: Annotated[float | Literal["auto", "off"] | None, _THRESHOLD] = None
    min_effect: Annotated[float | None, read_by(parse_amount, "no effect", "write a number of 0 or above")] = None
    hold: Windows | None = Field(default=None, alias="for")


def _setting(value: object) -> object:
    return value if isinstance(value, dict) else {"value": _threshold(value)}


SaidOfOne = Annotated[
    Setting, read_by(_setting, "no threshold", "write auto, off, a number of 0 or above, or a mapping")
]
_NOTHING_SAID = Setting()


def setting_of(thresholds: Mapping[str, Setting], *, detector: str, kind: str, column: str = "") -> Setting:
    """Give what is said of one threshold: of the detector on this column, else of the detector, else of the kind.

    Each key of a setting is looked up apart, so that `psi(age): {min_effect: 0.2}` keeps the value said of `psi`.

    >>> said = {"drift.data": Setting(value=0.1), "psi(age)": Setting(min_effect=0.2)}
    >>> setting_of(said, detector="psi", kind="drift.data", column="age")
    Setting(value=0.1, min_effect=0.2, hold=None)
    """
    if not thresholds:
        return _NOTHING_SAID
    found: dict[str, Any] = {}
    for name in (kind, detector, f"{detector}({column})"):
        said = thresholds.get(name, Setting())
        found |= {key: value for key, value in said if value is not None}
    return Setting().model_copy(update=found)


def threshold_parts(key: str) -> tuple[str, str]:
    """Take the key of a threshold apart into a detector or kind, and the column that it is of, "" for every one.

    >>> threshold_parts("psi(age)"), threshold_parts("psi(length(note))"), threshold_parts("drift.data")
    (('psi', 'age'), ('psi', 'length(note)'), ('drift.data', ''))
    """
    found = re.fullmatch(r"([^()]*)\((.+)\)", key)
    return (found[1], found[2]) if found else (key, "")
