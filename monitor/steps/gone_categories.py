"""A category that is gone at once, all else as before: a feed that stopped, or rows that come under another name."""

import math
from collections.abc import Collection, Iterable
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from monitor.alerts.courses import has_stepped_first
from monitor.alerts.symptoms import Gone
from monitor.detectors.change import change_of
from monitor.detectors.drift import chi_square
from monitor.detectors.quality import volume
from monitor.profiles.bins import CategoryBins
from monitor.profiles.profile import ColumnProfile
from monitor.stats.divergence import chi_square_test
from monitor.steps.displaced import REMEMBERED, SURELY
from monitor.steps.memory import Memory
from monitor.steps.verdict import Verdict
from monitor.store.references import WHOLE

NOISE = 2.0
"""By so many roots of their number rows are more or fewer by chance."""
MIXED = 0.25
"""Categories that differ by no more than this part of the column's whole effect are as before, surely or not."""


def gone_categories(
    moved: Iterable[str], verdict: Verdict, memory: Memory, *, known: Collection[str] = ()
) -> dict[str, Gone]:
    """Give by column the category that is gone at once, where just its rows are missing, or where another took it in.

    Where they are missing the others are about as many as before, and each among them as frequent. Where another took
    it in, that one has as many more, and each of the rest is as frequent. known: the columns of which rows were missing
    before, as they are while the category is gone: few rows become usual in time. Blind to missing rows where it is not
    known how many are usual, and to categories that come and go by themselves.
    """
    whole = [one.measurement for one in verdict.judged if not one.measurement.segment]
    counted = next((one for one in whole if one.detector == volume.NAME), None)
    rows, usual = (counted.value, counted.reference) if counted else (None, None)
    effects = {one.column: one.effect for one in whole if one.detector == chi_square.NAME and one.effect}
    reference, current = verdict.profiles[WHOLE]
    found: dict[str, Gone] = {}
    for name in (one for one in moved if one in effects):
        before, after, effect = reference.columns[name], current.columns[name], effects[name] or 0.0
        change = change_of(before, after)
        if not (change and change.get("vanished")):
            continue
        earlier = memory.earlier(verdict.judgement.window, chi_square.NAME, name)
        stepped = has_stepped_first([one.effect for one in earlier if one.effect is not None][-REMEMBERED:], effect)
        gone = Gone(str(change["category"]), float(change["before"]))
        if _differ(np.where(after.counts > 0, before.counts, 0), after.counts, effect):
            into = taken_in_by(gone.category, before, after, effect) if stepped else ""
            found |= {name: replace(gone, into=into)} if into else {}
        elif name in known or (stepped and rows and usual and lacks(rows, usual, gone.share)):
            found[name] = gone
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


def taken_in_by(category: str, before: ColumnProfile, after: ColumnProfile, effect: float) -> str:
    """Name the category that has as many rows more as another one had, which is gone; "" where none has.

    effect: Cohen's w of the column.
    """
    if not isinstance(before.bins, CategoryBins):
        return ""
    names, gone = before.bins.values, before.bins.values.index(category)
    rises = (after.counts / after.n - before.counts / before.n)[: len(names)]
    into = int(rises.argmax())
    renamed = before.counts.copy()
    renamed[[gone, into]] = 0, before.counts[gone] + before.counts[into]
    return "" if _differ(renamed, after.counts, effect) else names[into]


def _differ(before: NDArray[np.int64], after: NDArray[np.int64], effect: float) -> bool:
    """Say whether categories are mixed otherwise: surely, and by more than a small part of the column's effect."""
    found = chi_square_test(before, after)
    if found is None:
        return False
    statistic, p_value = found
    return p_value <= SURELY and math.sqrt(statistic / max(int(after.sum()), 1)) > MIXED * effect
