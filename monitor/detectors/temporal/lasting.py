"""Changes that last: evidence gathered over windows, of which none need show it alone.

Both detectors remember, so that one breach is enough.
"""

import math
from collections.abc import Iterator, Sequence

from monitor.detectors.detector import Detector
from monitor.detectors.temporal.series import WINDOWS_NEEDED, Series, lately
from monitor.detectors.temporal.story import named
from monitor.types import Measurement

AGEING, LASTING_DRIFT = "ageing", "lasting_drift"
KIND = "bias.temporal"


def ageing(series: Sequence[Series]) -> Iterator[Measurement]:
    """Measure by how much performance is worse since it most likely began to be, lately: 0 without a sign of it.

    In the unit of the metric that is furthest off: accuracy, Brier score or ROC AUC; log loss with several classes; of
    a regression mean absolute error, or mean error either way, as a share of the reference's mean absolute error. The
    p-value is one over the mean of the metrics' e-detectors: in
    windows without a change it is at most a once in 1/a windows or more, with no need to ask for several windows.
    One window of rows beside the reference, which makes for a common error, counts once. (Shin, Ramdas & Rinaldo 2024)

    Blind to what gets better, to a fall within the reference's own error, and to one that lasts shorter than
    it takes to be sure. Undefined in a window without labels.
    """
    yield weighed(AGEING, series, "no labels in this window")


def lasting_drift(series: Sequence[Series]) -> Iterator[Measurement]:
    """Measure how far the column that moved most is from the reference since it most likely moved, lately.

    In reference standard deviations for numbers (mean shift), as Jensen-Shannon distance for categories; 0 without a
    sign. The p-value is one over the mean of the columns' e-detectors, either way for numbers, so that many columns
    need more evidence, as they should. (Shin, Ramdas & Rinaldo 2024)

    Blind to changes of shape at equal mean, and to what the reference's own error explains. Costs the others little:
    one test's part of the budget for all columns. It tells differences between years, too, which are lasting ones.
    """
    yield weighed(LASTING_DRIFT, series, "no column could be compared")


def weighed(name: str, series: Sequence[Series], nothing: str) -> Measurement:
    """Put the evidence of several series together: their mean is evidence of the same strength.

    The effect is the largest, over the later half of the windows since it began, of those that surely moved.
    """
    if not series:
        return Measurement(name, None, note=nothing)
    surest = max(series, key=lambda one: one.shift.evidence)
    if not surest.known:
        note = f"{len(surest.found)} of {WINDOWS_NEEDED} windows needed, as the reference has no times"
        return Measurement(name, None, n=surest.found[-1].n, note=note)
    evidence = math.fsum(one.shift.evidence for one in series) / len(series)
    moved = named(series)
    lead, first = (moved[0][0], moved[0][1].first) if moved else (surest, 0)
    effect = max((abs(lately(one, its.first) or 0.0) for one, its in moved), default=0.0)
    rows = sum(one.n for one in lead.found[first:])
    return Measurement(name, effect, n=rows, p_value=min(1.0, 1 / evidence) if evidence > 0 else 1.0, effect=effect)


DETECTORS = (
    Detector(AGEING, KIND, "metric's unit", ageing, armed=True, min_effect=0.01, at_once=True, labelled=True),
    Detector(LASTING_DRIFT, "drift.data", "reference sd", lasting_drift, armed=True, min_effect=0.05, at_once=True),
)
BY_NAME = {detector.name: detector for detector in DETECTORS}
