"""Features that have leapt while an alert about them stands, and the unit in which they are then."""

import math
from collections.abc import Iterable, Iterator
from functools import partial

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection

from monitor.alerts.causes import TOLD_BY
from monitor.alerts.finding import Finding
from monitor.detectors.temporal.step_change import NAME
from monitor.profiles.layout import Layout
from monitor.stats.units import Unit, in_words, units_by_moments, units_for
from monitor.steps.sample import sample_within
from monitor.steps.together import Together
from monitor.steps.verdict import Verdict
from monitor.store.references import WHOLE
from monitor.types import Window

Floats = NDArray[np.float64]

MOVED = 0.5
"""What is broken itself left the windows before by at least so much of what it is off by from where others tell it."""
WIDER_WHERE_TOLD = math.log(2)
"""Where others tell the level, how values spread, which differs by the weather, need tell less."""
BEFORE, LEAST = 7, 3
"""Of so many windows before a leap, of which so many are known, the values say in which unit they were."""


def leapt_features(
    connection: Connection, model: str, verdict: Verdict, stepped: Iterable[Finding], together: Together | None
) -> dict[str, str]:
    """Name the features that a window's alerts tell to have leapt, with a word on the unit in which they are then.

    The empty word where it is none that is known, or one in which a feature would not go with others as before.
    """
    reference, current = verdict.profiles[WHOLE]
    found: dict[str, str] = {}
    for finding in stepped:
        since, now = finding.alert.since, current.columns.get(finding.column)
        if finding.detector != NAME or not finding.breaches or since is None or now is None:
            continue
        length = finding.window.end - finding.window.start
        spans = [Window(since - place * length, since - (place - 1) * length) for place in range(1, BEFORE + 1)]
        usual = np.array([*_moments(connection, model, spans, reference.layout, column=finding.column)])
        units = _units_of(finding, usual, now.moments[1:], together) if len(usual) >= LEAST and now.moments else []
        found[finding.column] = in_words(units, finding.column)
    return found


def _units_of(finding: Finding, usual: Floats, now: tuple[float, float], together: Together | None) -> list[Unit]:
    """Give the units in which a feature that leapt may be, those first in which it goes with others as before.

    usual: mean and variance of windows before it leapt, shape (windows, 2). now: of this one. What stayed where it was,
    while those left that tell where it should be, is in none.
    """
    before, within, between = float(usual[:, 0].mean()), float(usual[:, 1].mean()), float(usual[:, 0].var(ddof=1))
    goes = partial(_goes_with_others, finding.column, now[0], together)
    expected, may_be = finding.reference_value, units_for(finding.column)
    if TOLD_BY not in finding.evidence or expected is None:
        units = units_by_moments((before, within, between), now, units=may_be)
        return [*filter(goes, units)] or units
    if abs(now[0] - before) < MOVED * abs(now[0] - expected):
        return []
    told = units_by_moments((expected, within, between), now, wider=WIDER_WHERE_TOLD, units=may_be)
    return [*filter(goes, told)]


def _goes_with_others(column: str, mean: float, together: Together | None, unit: Unit) -> bool:
    """Say whether others tell a feature to be where it would be, were it not in this unit, or tell nothing of it."""
    if together is None or column not in together.related:
        return True
    return together.as_before({column: (mean - unit.more) / unit.times})


def _moments(
    connection: Connection, model: str, windows: Iterable[Window], layout: Layout, *, column: str
) -> Iterator[tuple[float, float]]:
    """Give mean and variance of a column in each window that holds it."""
    for window in windows:
        moments = sample_within(connection, model, window, layout, segments=False).whole.columns[column].moments
        if moments:
            yield moments[1:]
