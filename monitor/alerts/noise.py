"""Which monitors are not worth their alerts: what they said of the windows that were judged, pure.

A monitor is one detector on one column of one segment. Readings are oldest first, one a window, at what is armed.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

from scipy.special import bdtrc

OFTEN = 5
RARE = 0.001
RUNS = 3
FEW = 2
"""So many times that an alert fired are changes, and more of them are restlessness."""
OFTEN_ENOUGH = 0.25
"""Breaches in fewer of its windows than this keep an alert only because its rule asks for many clear ones."""
LASTING = 7
"""From so many windows on it lasts."""
CHANCE = 0.05


@dataclass(frozen=True)
class Reading:
    """What one monitor found in one window.

    alpha: the p-value it had to reach; None where the user's own number, `limit`, decides.
    low, high, reference: of the value, where there are any. episode: which time its alert was firing; 0 for none.
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
    episode: int = 0


@dataclass(frozen=True)
class Restless:
    """A monitor that breached in `breaches` of `windows` windows where its thresholds let expect `expected`."""

    name: str
    breaches: int
    windows: int
    expected: float


Readings = Mapping[str, Sequence[Reading]]


def speechless(readings: Readings) -> dict[str, list[str]]:
    """Give the monitors that had no answer in any window, by the reason they gave last; the commonest reason first.

    >>> speechless({"roc_auc": [Reading("insufficient", note="no labels yet")]})
    {'no labels yet': ['roc_auc']}
    """
    found: dict[str, list[str]] = {}
    for name, seen in readings.items():
        if seen and all(reading.outcome == "insufficient" for reading in seen):
            found.setdefault(seen[-1].note, []).append(name)
    return dict(sorted(found.items(), key=lambda item: (-len(item[1]), item[0])))


def restless(readings: Readings) -> list[Restless]:
    """Give the monitors that breach over five times as often as their thresholds let expect, the most restless first.

    Only where chance has that in less than one case of a thousand, and where the breaches come and go, in three runs
    or more: a lasting breach is a change, and no noise. Nor are those of an alert that lasts, or that fired once or
    twice only, if it breaches in a quarter of its windows: these are left out.
    """
    looked_at = {name: _without_changes(_decided(seen)) for name, seen in readings.items()}
    found = [one for name, seen in looked_at.items() if (one := _restless(name, seen)) is not None]
    return sorted(found, key=lambda one: (-one.breaches / one.expected, one.name))


def _decided(seen: Sequence[Reading]) -> list[Reading]:
    return [reading for reading in seen if reading.outcome in ("breach", "clear") and reading.alpha is not None]


def _without_changes(decided: Sequence[Reading]) -> list[Reading]:
    episodes: dict[int, list[bool]] = {}
    for reading in decided:
        episodes.setdefault(reading.episode, []).append(reading.outcome == "breach")
    episodes.pop(0, None)
    changes = {
        name
        for name, breached in episodes.items()
        if sum(breached) >= OFTEN_ENOUGH * len(breached) and (len(episodes) <= FEW or len(breached) >= LASTING)
    }
    return [reading for reading in decided if reading.episode not in changes]


def _restless(name: str, decided: Sequence[Reading]) -> Restless | None:
    breached = [reading.outcome == "breach" for reading in decided]
    breaches, expected = sum(breached), sum(reading.alpha or 0.0 for reading in decided)
    runs = sum(is_breach for is_breach, _ in groupby(breached))
    if runs < RUNS or not expected or breaches <= OFTEN * expected:
        return None
    if bdtrc(breaches - 1, len(decided), expected / len(decided)) >= RARE:
        return None
    return Restless(name, breaches, len(decided), expected)


def within_chance(readings: Readings) -> dict[str, tuple[int, int]]:
    """Give for each monitor with the user's own number how many of its breaches chance explains, of how many.

    Chance explains a breach whose p-value is above 0.05 or whose 95 % interval holds the reference's value: there the
    number lies within the reference's own variation. Monitors without such breaches are left out.
    """
    found = dict(_explained(readings))
    return dict(sorted(found.items(), key=lambda item: (-item[1][0], item[0])))


def _explained(readings: Readings) -> Iterator[tuple[str, tuple[int, int]]]:
    for name, seen in readings.items():
        breaches = [reading for reading in seen if reading.outcome == "breach" and reading.alpha is None]
        by_chance = sum(map(_by_chance, breaches))
        if by_chance:
            yield name, (by_chance, len(breaches))


def _by_chance(reading: Reading) -> bool:
    if reading.p_value is not None:
        return reading.p_value > CHANCE
    if reading.low is None or reading.high is None or reading.reference is None:
        return False
    return reading.low <= reading.reference <= reading.high
