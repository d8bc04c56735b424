"""How far a regression's predictions were off: mean absolute error, its root mean square, its sign, and R2."""

import math
from collections.abc import Iterator

from monitor.detectors.performance.judged import Metric, judged, relative_rise
from monitor.profiles.outcome import RegressionOutcome
from monitor.profiles.profile import Profile
from monitor.stats import regression
from monitor.stats.intervals import ROWS_NEEDED, Estimate, mean_estimate
from monitor.stats.location import mean_shift_test
from monitor.types import Measurement

BEYOND = "the errors are beyond what floats can hold"


def mean_absolute_error(reference: Profile, current: Profile) -> Iterator[Measurement]:
    """Average |predicted - label|, in the label's unit, from 0: higher is worse.

    The effect is the rise as a share of the reference's value. Central limit theorem. (Willmott & Matsuura 2005)
    """
    yield from judged(ABSOLUTE, reference, current)


def root_mean_squared_error(reference: Profile, current: Profile) -> Iterator[Measurement]:
    """Take the root of the average (predicted - label)^2, in the label's unit, from 0: higher is worse.

    The effect is the rise as a share of the reference's value. Interval and p-value from the fourth powers, for squares
    that are skewed; where the reference's vary more for their mean, the interval's upper end is by these. (Willmott &
    Matsuura 2005; Satterthwaite 1946; Hall 1992)
    """
    yield from judged(ROOT, reference, current)


def mean_error(reference: Profile, current: Profile) -> Iterator[Measurement]:
    """Average predicted - label, in the label's unit: 0 is unbiased, above it predictions are too high.

    Worse is further from the reference's either way; p-value two-sided. The effect is the distance of the two means
    in standard deviations of the reference's errors. (Welch 1947)
    """
    yield from judged(SIGNED, reference, current)


def r2(reference: Profile, current: Profile) -> Iterator[Measurement]:
    """Share of the labels' variance that the predictions explain: 1 is perfect, 0 is the mean's, lower is worse.

    Interval and p-value by the delta method, for labels that are about normal. Undefined below two rows or when the
    labels do not vary. (Draper & Smith 1998)
    """
    yield from judged(EXPLAINED, reference, current)


def _moved(before: RegressionOutcome, after: RegressionOutcome, inflation: float) -> float | None:
    here, there = _moments(before), _moments(after)
    if here is None or there is None:
        return None
    found = mean_shift_test(here, there, inflation)
    return found[1] if found else None


def _moments(outcome: RegressionOutcome) -> tuple[int, float, float] | None:
    mean = mean_estimate(outcome.n, outcome.error, outcome.square)
    if mean is None or mean.error is None or outcome.n < ROWS_NEEDED:
        return None
    return outcome.n, mean.value, mean.error**2 * outcome.n


def _distance(usual: Estimate, found: Estimate) -> float:
    return abs(found.value - usual.value) / ((usual.error or 0.0) * math.sqrt(usual.n) or 1.0)


def _r2(outcome: RegressionOutcome) -> Estimate | str:
    found = regression.r2_score(outcome.n, outcome.square, outcome.fourth, outcome.label, outcome.label_square)
    return found or "the labels do not vary"


ABSOLUTE = Metric(
    "mean_absolute_error",
    (RegressionOutcome,),
    lambda outcome: mean_estimate(outcome.n, outcome.absolute, outcome.square) or BEYOND,
    worsening=relative_rise,
    in_proportion=True,
)
ROOT = Metric(
    "root_mean_squared_error",
    (RegressionOutcome,),
    lambda outcome: regression.root_mean_squared_error(outcome.n, outcome.square, outcome.fourth) or BEYOND,
    worsening=relative_rise,
    in_proportion=True,
    rise=regression.root_rise_test,
    interval=regression.root_interval,
)
SIGNED = Metric(
    "mean_error",
    (RegressionOutcome,),
    lambda outcome: mean_estimate(outcome.n, outcome.error, outcome.square) or BEYOND,
    test=_moved,
    worsening=_distance,
)
EXPLAINED = Metric("r2", (RegressionOutcome,), _r2, "better")
DETECTORS = (
    ABSOLUTE.detector("label's unit", mean_absolute_error, armed=True, min_effect=0.05),
    ROOT.detector("label's unit", root_mean_squared_error, armed=True, min_effect=0.05),
    SIGNED.detector("label's unit", mean_error, min_effect=0.1),
    EXPLAINED.detector("share", r2, min_effect=0.02),
)
