"""A regression's errors before labels come: the mean of what each row's error is expected to be.

The interval is one of prediction: it holds the number that will be realised once labels are there, in 95 of 100
windows, as long as rows like these err as they did. It is the wider the fewer of the reference's rows are like the
window's (`stats.support`), and holds fewer where hardly any are. Blind to a concept that changed: rows that look as
ever and whose label is another one.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from monitor.detectors.detector import Detector, inflation
from monitor.detectors.performance import residuals
from monitor.detectors.performance.judged import Metric, relative_rise, told_then, usual_then
from monitor.detectors.performance.spread import level, seasons_in, spread_and_lasting, spread_of
from monitor.detectors.performance.support import doubt_of_errors
from monitor.profiles.expected_error import ABSOLUTE, ROWS_NEEDED, SQUARE
from monitor.profiles.outcome import RegressionOutcome
from monitor.profiles.profile import Profile
from monitor.profiles.season import Season
from monitor.stats.intervals import Estimate, log_interval, rise_test
from monitor.types import Measurement, Window

KIND = "performance.estimated"
NO_ROWS = "no rows in this window whose error could be expected"
NO_MODEL = "in the reference nothing tells rows of large errors from others"
FEW = 30
"""Below as many rows' worth of squared errors these say nothing of the other rows."""


@dataclass(frozen=True)
class Expected:
    """The mean of a column of expected errors, and the metric that it will be compared with.

    root: the metric is the root of that mean.
    """

    column: str
    realised: Metric[RegressionOutcome]
    root: bool = False

    @property
    def name(self) -> str:
        """Give the detector's name."""
        return f"estimated_{self.realised.name}"

    @property
    def gap(self) -> str:
        """Name the spread of realised less estimated."""
        return f"gap({self.name})"


def estimated_mean_absolute_error(reference: Profile, current: Profile) -> Iterator[Measurement]:
    """Mean |predicted - label| that a window's rows promise, before labels, in the label's unit: higher is worse.

    By trees over features and prediction, fitted crosswise on the reference. The effect is the rise as a share of the
    reference's. Undefined where nothing told errors apart. Blind to a changed concept: to rows that look as ever and
    whose labels are other ones. (Direct loss estimation: NannyML 2022)
    """
    yield from _estimated(MEAN, reference, current)


def estimated_root_mean_squared_error(reference: Profile, current: Profile) -> Iterator[Measurement]:
    """Root of the mean (predicted - label)^2 that a window's rows promise, in the label's unit: higher is worse.

    As the mean absolute error's, from expected squares; interval by the delta method. Blind to a changed concept.
    (Direct loss estimation: NannyML 2022)
    """
    yield from _estimated(ROOT, reference, current)


def error_spreads(reference: Profile, windows: Sequence[Profile]) -> dict[str, float]:
    """Give how much each estimate differs between the reference's windows, and how much it is off, beyond chance.

    By the detector's name and by its `gap`, as standard deviations in its unit; none below eight windows.
    """
    found = dict[str, float | None]()
    for metric in METRICS:
        made = [(window, one) for window in windows if (one := _estimate(metric, reference, window))]
        usual, errors = _estimate(metric, reference, reference), [one for _, one in made]
        found |= spread_and_lasting(metric.name, errors) | (level(metric.name, errors, usual.value) if usual else {})
        gaps = (_gap(metric, reference, window, one) for window, one in made)
        found[metric.gap] = spread_of([one for one in gaps if one])
    return {name: spread for name, spread in found.items() if spread is not None}


def error_seasons(reference: Profile, windows: Mapping[Window, Profile]) -> dict[str, Season]:
    """Give each estimate's weekly season, by the detector's name, of those that have enough windows."""
    return seasons_in(
        {
            metric.name: {at: one for at, window in windows.items() if (one := _estimate(metric, reference, window))}
            for metric in METRICS
        }
    )


def _estimated(metric: Expected, reference: Profile, current: Profile) -> Iterator[Measurement]:
    if not isinstance(reference.outcome, RegressionOutcome):
        return
    usual, found = _estimate(metric, reference, reference), _estimate(metric, reference, current)
    if usual is None or found is None:
        note = NO_ROWS if usual else _unteachable(reference.outcome)
        yield Measurement(metric.name, None, n=current.rows, note=note)
        return
    then, means = usual_then(metric.name, reference, current, usual, found, alike="prediction", in_proportion=True)
    grown = _inflation(metric, reference, current, means)
    low, high = log_interval(found.value, _prediction_error(metric, reference, current, found))
    yield Measurement(
        metric.name,
        found.value,
        n=found.n,
        p_value=rise_test(then, found, grown),
        effect=relative_rise(then, found),
        low=low,
        high=high,
        reference=usual.value,
        evidence=told_then(usual, then),
    )


def _inflation(metric: Expected, reference: Profile, current: Profile, means: float) -> float:
    """Give by how much more the difference varies than by its rows: as the windows' means do, and their columns.

    Errors rise with a covariate by leaps where their logarithm follows it, so that the spread of few windows' means
    says too little of the largest; the columns' likeness is raised for that. Where hours are told apart, windows are
    many, and that likeness is how hours differ.
    """
    season = reference.layout.seasons.get(metric.name)
    if season is not None and season.hours.any():
        return means
    return max(means, inflation(reference, *(one.columns[metric.column] for one in (reference, current))))


def _unteachable(known: RegressionOutcome) -> str:
    """Say why a reference does not tell what error to expect.

    By as many equal errors as have the same mean square and mean fourth power. (Kish 1965)
    """
    if known.n < 2 * ROWS_NEEDED:
        return f"the reference has {known.n:,} labelled rows; {2 * ROWS_NEEDED:,} are needed"
    alike = known.square / known.fourth * known.square if known.fourth else known.n
    if alike < FEW:
        return (
            f"a few errors of the reference are so large that all its {known.n:,} squares tell as little as "
            f"{max(alike, 1):.0f} of equal size; watch the logarithms of prediction and label"
        )
    return NO_MODEL


def _estimate(metric: Expected, reference: Profile, window: Profile) -> Estimate | None:
    """Estimate with the error that rows bring in; None without a row whose error can be expected."""
    held = window.columns.get(metric.column)
    moments = held.moments if held else None
    if moments is None or metric.column not in reference.columns:
        return None
    n, mean, variance = moments
    level = _level(metric, reference)
    mean, error = mean * level, math.sqrt(variance / n) * level
    return Estimate(*((math.sqrt(mean), error / (2 * math.sqrt(mean))) if metric.root else (mean, error)), n=n)


def _level(metric: Expected, reference: Profile) -> float:
    """Give the mean that all of the reference's labels show over the mean that is expected of its rows.

    By trees that were fitted on other rows: what they say of a window counts beside what they say of the reference.
    """
    outcome, usual = reference.outcome, reference.columns[metric.column].moments
    if not isinstance(outcome, RegressionOutcome) or not outcome.n or usual is None or not usual[1]:
        return 1.0
    return (outcome.square if metric.root else outcome.absolute) / outcome.n / usual[1]


def _prediction_error(metric: Expected, reference: Profile, window: Profile, found: Estimate) -> float:
    """Give by how much the realised number will be off: by its labels, by those learned from, and beyond chance.

    Those learned from are as labels of so many rows as the reference's come to, weighed as likely as the window's.
    """
    doubt = doubt_of_errors(reference, window, found.n)
    labels = _label_error(metric, reference, window, found)
    return math.hypot(labels * math.sqrt(1 + doubt), reference.layout.spreads.get(metric.gap, 0.0))


def _label_error(metric: Expected, reference: Profile, window: Profile, found: Estimate) -> float:
    """Give by how much the realised number will vary about the estimate, for labels drawn as on the reference."""
    size, square = (window.columns[name].moments for name in (ABSOLUTE, SQUARE))
    if size is None or square is None:
        return 0.0
    n, mean, variance = size
    if not metric.root:
        return math.sqrt(max(square[1] - mean**2 - variance, 0.0) / n)
    return math.sqrt(_tails(reference) * (square[1] ** 2 + square[2]) / n) / (2 * found.value)


def _tails(reference: Profile) -> float:
    """Give the variance of squared errors about what is expected of them, over the mean of that squared."""
    outcome, square = reference.outcome, reference.columns[SQUARE].moments
    if not isinstance(outcome, RegressionOutcome) or not outcome.n or square is None:
        return 2.0
    return max(outcome.fourth / outcome.n / (square[1] ** 2 + square[2]) - 1, 0.0)


def _gap(metric: Expected, reference: Profile, window: Profile, found: Estimate) -> Estimate | None:
    """Give realised less estimated of one of the reference's windows, each row's error expected by other rows."""
    outcome = window.outcome
    real = metric.realised.estimate(outcome) if isinstance(outcome, RegressionOutcome) and outcome.n else ""
    if not isinstance(real, Estimate) or not real.n or not found.error:
        return None
    labels = _label_error(metric, reference, window, found) * math.sqrt(found.n / real.n)
    rows = found.error * math.sqrt(max(1 - found.n / real.n, 0.0))
    return Estimate(real.value - found.value, math.hypot(labels, rows), n=min(real.n, found.n))


MEAN = Expected(ABSOLUTE, residuals.ABSOLUTE)
ROOT = Expected(SQUARE, residuals.ROOT, root=True)
METRICS = (MEAN, ROOT)
MEANS_OF = {metric.name: metric.column for metric in METRICS}
"""The column that each estimate is a mean of, by the detector's name."""
DETECTORS = (
    Detector(MEAN.name, KIND, "label's unit", estimated_mean_absolute_error, armed=True, min_effect=0.05),
    Detector(ROOT.name, KIND, "label's unit", estimated_root_mean_squared_error, min_effect=0.05),
)
