"""Rows of one category that stay out while all others come as before: a feed that stopped, seen in its column."""

import math
from collections.abc import Collection, Iterable

from monitor.alerts.courses import has_leapt
from monitor.detectors.change import change_of
from monitor.detectors.drift import chi_square
from monitor.detectors.quality import volume
from monitor.steps.memory import Memory
from monitor.steps.verdict import Verdict
from monitor.store.measurements import Judged
from monitor.store.references import WHOLE

REMEMBERED = 28
"""Of how many windows before it is known whether a category was gone once."""
FEWER = 0.05
"""The p-value at which rows are fewer than comparable windows had, where a category of theirs is gone."""


def missing_categories(
    moved: Iterable[str], verdict: Verdict, memory: Memory, *, known: Collection[str] = ()
) -> dict[str, tuple[str, float]]:
    """Give by column the category that is gone at once, and its usual share, where just its rows are missing.

    known: the columns of which they were missing before, as they are while the category is gone: few rows become usual
    in time. Blind where other rows come in their place, where it is not known how many rows are usual, and to
    categories that come and go by themselves.
    """
    whole = [one for one in verdict.judged if not one.measurement.segment]
    part = _part_of_usual(whole)
    if part is None and not known:
        return {}
    effects = {j.measurement.column: j.measurement.effect for j in whole if j.measurement.detector == chi_square.NAME}
    reference, current = verdict.profiles[WHOLE]
    found: dict[str, tuple[str, float]] = {}
    for name in moved:
        effect = effects.get(name)
        change = change_of(reference.columns[name], current.columns[name]) if effect else None
        if not (effect and change and change.get("vanished")):
            continue
        category, share = str(change["category"]), float(change["before"])
        before = (memory.at(window, chi_square.NAME, name) for window in memory.before(verdict.judgement.window))
        earlier = [one.effect for one in before if one and one.effect is not None][-REMEMBERED:]
        if name in known or (part and lacks(part, share) and has_leapt(earlier, effect)):
            found[name] = category, share
    return found


def lacks(part: float, share: float) -> bool:
    """Say whether a window has about as many rows as are usual without those of a category, which are such a share.

    part: its rows as a part of the usual ones. As good as half or twice of these may be missing.

    >>> lacks(0.7, 0.34), lacks(0.98, 0.34), lacks(0.3, 0.2)
    (True, False, False)
    """
    missing, lacking = -math.log(part), -math.log1p(-min(share, 0.999))
    return lacking / 2 < missing < 2 * lacking


def _part_of_usual(whole: Iterable[Judged]) -> float | None:
    """Give the rows of a window as a part of the usual ones, where they are fewer by more than chance."""
    counted = next((one.measurement for one in whole if one.measurement.detector == volume.NAME), None)
    if counted is None or not (counted.value and counted.reference) or (counted.p_value or 1.0) > FEWER:
        return None
    return counted.value / counted.reference
