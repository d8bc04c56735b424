"""Rows of one category that stay out while all others come as before: a feed that stopped, seen in its column."""

import math
from collections.abc import Collection, Iterable

import numpy as np

from monitor.alerts.courses import has_stepped_first
from monitor.detectors.change import change_of
from monitor.detectors.drift import chi_square
from monitor.detectors.quality import volume
from monitor.profiles.profile import ColumnProfile
from monitor.stats.divergence import chi_square_test
from monitor.steps.displaced import REMEMBERED, SURELY
from monitor.steps.memory import Memory
from monitor.steps.verdict import Verdict
from monitor.store.references import WHOLE

NOISE = 2.0
"""By so many roots of their number rows are more or fewer by chance."""
MIXED = 0.25
"""Others that differ among themselves by no more than this part of the whole effect are as before, surely or not."""


def missing_categories(
    moved: Iterable[str], verdict: Verdict, memory: Memory, *, known: Collection[str] = ()
) -> dict[str, tuple[str, float]]:
    """Give by column the category that is gone at once, and its usual share, where just its rows are missing.

    The others are then about as many as before, and each among them as frequent. known: the columns of which rows were
    missing before, as they are while the category is gone: few rows become usual in time. Blind where it is not known
    how many rows are usual, and to categories that come and go by themselves.
    """
    whole = [one.measurement for one in verdict.judged if not one.measurement.segment]
    counted = next((one for one in whole if one.detector == volume.NAME), None)
    rows, usual = (counted.value, counted.reference) if counted else (None, None)
    effects = {one.column: one.effect for one in whole if one.detector == chi_square.NAME and one.effect}
    reference, current = verdict.profiles[WHOLE]
    found: dict[str, tuple[str, float]] = {}
    for name in (one for one in moved if one in effects):
        before, after = reference.columns[name], current.columns[name]
        change = change_of(before, after)
        if not (change and change.get("vanished")) or _others_differ(before, after, effects[name] or 0.0):
            continue
        earlier = memory.earlier(verdict.judgement.window, chi_square.NAME, name)
        shifts = [one.effect for one in earlier if one.effect is not None][-REMEMBERED:]
        category, share = str(change["category"]), float(change["before"])
        fewer = bool(rows and usual) and lacks(rows or 0.0, usual or 0.0, share)
        if name in known or (fewer and has_stepped_first(shifts, effects[name] or 0.0)):
            found[name] = category, share
    return found


def lacks(rows: float, usual: float, share: float) -> bool:
    """Say whether a window has about as many rows as are usual without those of a category, which are such a share.

    As good as half or twice of these may be missing, or what chance makes of the others' number.

    >>> lacks(690, 983, 0.34), lacks(963, 983, 0.34), lacks(298, 306, 0.09), lacks(300, 983, 0.2)
    (True, False, True, False)
    """
    missing, lacking = math.log(usual / rows), -math.log1p(-min(share, 0.999))
    noise = NOISE / math.sqrt(usual)
    return min(lacking / 2, lacking - noise) < missing < max(2 * lacking, lacking + noise)


def _others_differ(before: ColumnProfile, after: ColumnProfile, effect: float) -> bool:
    """Say whether the other categories are mixed otherwise, as where one of them takes in what is gone.

    effect: Cohen's w of all.
    """
    left = after.counts > 0
    found = chi_square_test(np.where(left, before.counts, 0), after.counts)
    if found is None:
        return False
    statistic, p_value = found
    return p_value <= SURELY and math.sqrt(statistic / max(after.n, 1)) > MIXED * effect
