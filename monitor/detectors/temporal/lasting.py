"""Changes that last: evidence gathered over windows, of which none need show it alone.

Both detectors remember, so that one breach is enough.
"""

import math
from collections.abc import Iterator, Sequence

from monitor.detectors.detector import Detector
from monitor.detectors.temporal.series import WINDOWS_NEEDED, Series, mean_effect
from monitor.types import Measurement

AGEING, LASTING_DRIFT = "ageing", "lasting_drift"
KIND = "bias.temporal"


def ageing(series: Sequence[Series]) -> Iterator[Measurement]:
    """Measure by how much performance is worse since it most likely began to be, lately: 0 without a sign of it.

    In the unit of the metric that shows it most (accuracy, Brier score or ROC AUC; log loss with several classes; mean
    absolute error as a share of the reference's). The p-value is one over the mean of the metrics' e-detectors: in
    windows without a change it is at most a once in 1/a windows or more, with no need to ask for several windows.
    One window of rows beside the reference, which makes for a common error, counts once. (Shin, Ramdas & Rinaldo 2024)

    Blind to what gets better, to a fall within the reference's own error, and to one that lasts shorter than
    it takes to be sure. Undefined in a window without labels.
    """
    yield weighed(AGEING, series, "no labels in this window")


def lasting_drift(series: Sequence[Series]) -> Iterator[Measurement]:
    """Measure how far the column that moved most surely is from the reference since it most likely moved, lately.

    In reference standard deviations for numbers (mean shift), as Jensen-Shannon distance for categories; 0 without a
    sign. The p-value is one over the mean of the columns' e-detectors, either way for numbers, so that many columns
    need more evidence, as they should. (Shin, Ramdas & Rinaldo 2024)

    Blind to changes of shape at equal mean, and to what the reference's own error explains. Costs the others little:
    one test's part of the budget for all columns. It tells differences between years, too, which are lasting ones.
    """
    yield weighed(LASTING_DRIFT, series, "no column could be compared")


def weighed(name: str, series: Sequence[Series], nothing: str) -> Measurement:
    """Put the evidence of several series together: their mean is evidence of the same strength.

    The effect is that of the later half of the windows since the change began: one that goes on growing, and is found
    to have begun ever earlier the surer it is, does not seem to shrink by that.
    """
    if not series:
        return Measurement(name, None, note=nothing)
    lead = leading(series)
    if not lead.known:
        note = f"{len(lead.found)} of {WINDOWS_NEEDED} windows needed, as the reference has no times"
        return Measurement(name, None, n=lead.found[-1].n, note=note)
    evidence = math.fsum(one.shift.evidence for one in series) / len(series)
    first = lead.onset.first if lead.onset else 0
    effect = mean_effect(lead, (first + len(lead.found)) // 2) or 0.0 if lead.onset else 0.0
    rows = sum(one.n for one in lead.found[first:])
    p_value = min(1.0, 1 / evidence) if evidence > 0 else 1.0
    return Measurement(name, abs(effect), n=rows, p_value=p_value, effect=effect)


def leading(series: Sequence[Series]) -> Series:
    """Give the series with the most evidence; the first of equals."""
    return max(series, key=lambda one: one.shift.evidence)


DETECTORS = (
    Detector(AGEING, KIND, "metric's unit", ageing, armed=True, min_effect=0.01, at_once=True, labelled=True),
    Detector(LASTING_DRIFT, "drift.data", "reference sd", lasting_drift, armed=True, min_effect=0.05, at_once=True),
)
BY_NAME = {detector.name: detector for detector in DETECTORS}
