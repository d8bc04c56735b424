"""Which monitors are not worth their alerts: what they said of the windows that were judged, pure.

A monitor is one detector on one column of one segment. Looks are oldest first, one a window, at what is armed.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

from scipy.stats import binom

OFTEN = 5
RARE = 0.001
RUNS = 3
CHANCE = 0.05


@dataclass(frozen=True)
class Look:
    """What one monitor found in one window.

    alpha: the p-value it had to reach; None where the user's own number, `limit`, decides.
    low, high, reference: of the value, where there are any.
    """

    outcome: str
    alpha: float | None = None
    limit: float | None = None
    p_value: float | None = None
    n: int = 0
    note: str = ""
    low: float | None = None
    high: float | None = None
    reference: float | None = None


@dataclass(frozen=True)
class Restless:
    """A monitor that breached in `breaches` of `windows` windows where its thresholds let expect `expected`."""

    name: str
    breaches: int
    windows: int
    expected: float


Looks = Mapping[str, Sequence[Look]]


def speechless(looks: Looks) -> dict[str, list[str]]:
    """Give the monitors that had no answer in any window, by the reason they gave last; the commonest reason first.

    >>> speechless({"roc_auc": [Look("insufficient", note="no labels yet")]})
    {'no labels yet': ['roc_auc']}
    """
    found: dict[str, list[str]] = {}
    for name, seen in looks.items():
        if seen and all(look.outcome == "insufficient" for look in seen):
            found.setdefault(seen[-1].note, []).append(name)
    return dict(sorted(found.items(), key=lambda item: (-len(item[1]), item[0])))


def restless(looks: Looks) -> list[Restless]:
    """Give the monitors that breach over five times as often as their thresholds let expect, the most restless first.

    Only where chance has that in less than one case of a thousand, and where the breaches come and go, in three runs
    or more: a lasting breach is a change, and no noise.
    """
    found = [one for name, seen in looks.items() if (one := _restless(name, _decided(seen))) is not None]
    return sorted(found, key=lambda one: (-one.breaches / one.expected, one.name))


def _decided(seen: Sequence[Look]) -> list[Look]:
    return [look for look in seen if look.outcome in ("breach", "clear") and look.alpha is not None]


def _restless(name: str, decided: Sequence[Look]) -> Restless | None:
    breached = [look.outcome == "breach" for look in decided]
    breaches, expected = sum(breached), sum(look.alpha or 0.0 for look in decided)
    runs = sum(is_breach for is_breach, _ in groupby(breached))
    if runs < RUNS or not expected or breaches <= OFTEN * expected:
        return None
    if binom.sf(breaches - 1, len(decided), expected / len(decided)) >= RARE:
        return None
    return Restless(name, breaches, len(decided), expected)


def within_chance(looks: Looks) -> dict[str, tuple[int, int]]:
    """Give for each monitor with the user's own number how many of its breaches chance explains, of how many.

    Chance explains a breach whose p-value is above 0.05 or whose 95 % interval holds the reference's value: there the
    number lies within the reference's own variation. Monitors without such breaches are left out.
    """
    found = dict(_explained(looks))
    return dict(sorted(found.items(), key=lambda item: (-item[1][0], item[0])))


def _explained(looks: Looks) -> Iterator[tuple[str, tuple[int, int]]]:
    for name, seen in looks.items():
        breaches = [look for look in seen if look.outcome == "breach" and look.alpha is None]
        by_chance = sum(map(_by_chance, breaches))
        if by_chance:
            yield name, (by_chance, len(breaches))


def _by_chance(look: Look) -> bool:
    if look.p_value is not None:
        return look.p_value > CHANCE
    if look.low is None or look.high is None or look.reference is None:
        return False
    return look.low <= look.reference <= look.high
