"""What time does: lasting changes, which no single window need show, and times that the reference does not hold."""

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from monitor.config import Setting, setting_of
from monitor.detectors import DETECTORS, TIME_DETECTORS
from monitor.detectors.performance import METRICS
from monitor.detectors.performance.judged import Metric
from monitor.detectors.performance.residuals import ABSOLUTE, SIGNED
from monitor.detectors.temporal.lasting import AGEING, BY_NAME, LASTING_DRIFT
from monitor.detectors.temporal.series import Series
from monitor.detectors.temporal.story import story_of
from monitor.profiles.calendar import Counts, Hours
from monitor.profiles.layout import Column
from monitor.profiles.outcome_layout import Binary, Multiclass, OutcomeLayout, Regression
from monitor.profiles.profile import Profile
from monitor.profiles.week import is_explained, week_hours
from monitor.steps.measure import Found, found_of
from monitor.steps.memory import RECENT, SHIFTS
from monitor.store.database import Database
from monitor.store.hours import hours_within
from monitor.store.references import WHOLE
from monitor.types import Measurement, Window
from monitor.watch import Watch

if TYPE_CHECKING:
    from monitor.steps.looks import Sight

BIAS = SIGNED.name
PERFORMANCE: Mapping[type[OutcomeLayout], tuple[str, ...]] = {
    Binary: ("accuracy", "brier_score", "roc_auc"),
    Multiclass: ("accuracy", "log_loss"),
    Regression: ("mean_absolute_error", BIAS),
}
"""The few that are gathered for `ageing`: each sees what the others do not, and each halves the others' evidence."""
EITHER = ("mean_shift",)
COHEN, TINY = math.sqrt(8 * math.log(2)), 1e-12
"""A Jensen-Shannon distance d is about a w of so many d."""
TOLD_FROM = 0.05
"""The p-value from which on the evidence is worked out; no budget asks for less."""
Floats = NDArray[np.float64]
_METRICS: Mapping[str, Metric[Any]] = {metric.name: metric for metric in METRICS}
_DETECTORS = {detector.name: detector for detector in DETECTORS}


def lasting_changes(sight: "Sight") -> Iterator[Found]:
    """Gather over windows what each of them shows of worse performance, and of columns that moved.

    Nothing where windows are compared with those before them: what each is compared with would change along a series,
    and what lasts would soon be compared with itself.
    """
    if sight.settings.baseline is not None:
        return
    if sight.references[WHOLE].layout.outcome is not None:
        yield from _weighed(AGEING, performance_series(sight), sight)
    yield from _weighed(LASTING_DRIFT, drift_series(sight), sight)


def hours_of(database: Database, watch: Watch) -> Hours:
    """Give what counts a model's stored rows of a span by weekday and hour."""

    def within(span: Window) -> Counts | None:
        with database.read() as connection:
            return hours_within(connection, watch.name, span, timestamp=watch.roles.timestamp)

    return within


def beside_the_calendar(sight: "Sight") -> Iterator[Found]:
    """Say how old the reference is in this window, and how much of the window lies in times that it does not hold."""
    calendar = sight.references[WHOLE].layout.calendar
    for detector in TIME_DETECTORS:
        for measurement in detector.compare(calendar, sight.window, sight.rows, sight.hours):
            yield found_of(detector, measurement, sight.settings)


def _weighed(name: str, series: Sequence[Series], sight: "Sight") -> Iterator[Found]:
    detector, settings, calendar = BY_NAME[name], sight.settings, sight.references[WHOLE].layout.calendar
    for measurement in detector.compare(series):
        told = measurement.p_value is not None and measurement.p_value <= TOLD_FROM
        limits = limits_of(series, settings.thresholds)
        evidence = story_of(series, limits=limits, calendar=calendar, hours=sight.hours) if told else {}
        found = found_of(detector, replace(measurement, evidence=evidence), settings)
        yield replace(found, shared=0.0)


def performance_series(sight: "Sight") -> list[Series]:
    """Give the series of each performance metric, of windows whose labels had matured; none where none is known now.

    A metric that this window has too few labels for keeps what the windows before say of it: one that is seldom
    measured has not recovered because another one is.
    """
    reference = sight.references[WHOLE]
    outcome = reference.layout.outcome
    names = PERFORMANCE[type(outcome)] if outcome else ()
    now = {one.detector: one for one in _answers(sight.found, names)}
    windows = [at for at in sight.memory.before(sight.window) if sight.history.knows(at, labels=True)]
    series = [
        _series(
            sight,
            windows,
            (name, ""),
            now.get(name),
            excess=_excess(_METRICS[name], reference),
            either=name == BIAS,
        )
        for name in names
    ]
    usual = ABSOLUTE.of(reference)
    series = [_biased(one, usual.value if usual else 0.0) if one.name == BIAS else one for one in series]
    return [one for one in series if one.found] if now else []


def _biased(series: Series, usual: float) -> Series:
    """Give the series of mean errors with their distance from the reference's, signed, in its mean absolute errors."""
    effects = (((one.value or 0.0) - (one.reference or 0.0)) / (usual or 1.0) for one in series.found)
    return replace(
        series, found=tuple(replace(one, effect=effect) for one, effect in zip(series.found, effects, strict=True))
    )


def drift_series(sight: "Sight") -> list[Series]:
    """Give the series of each feature's drift: of the mean for numbers, of the shares for categories.

    Without holidays, and without windows whose difference the reference's own rows of these hours show as well.
    """
    if sight.settings.holiday(sight.window):
        return []
    before = (at for at in sight.memory.before(sight.window, last=RECENT) if not sight.settings.holiday(at))
    windows = [at for at in before if sight.history.knows(at, labels=False)]
    columns, known = sight.references[WHOLE].columns, sight.references[WHOLE].layout.by_name
    found = [
        _series(
            sight,
            windows,
            (one.detector, one.column),
            one,
            excess=columns[one.column].steepest,
            either=one.detector in EITHER,
        )
        for one in _answers(sight.found, SHIFTS)
        if one.column in columns and columns[one.column].role == "feature"
    ]
    spans = [*map(sight.history.stretch_of, windows), sight.whole.span or sight.window]
    hours = dict(zip((*windows, sight.window), week_hours(spans), strict=True))
    told = [(one, _unusual(one, known[one.column], hours)) for one in found]
    return [
        replace(
            one,
            at=tuple(one.at[place] for place in places),
            found=tuple(one.found[place] for place in places),
            sensitivity=known[one.column].sensitivity,
        )
        for one, places in told
        if places and places[-1] == len(one.at) - 1
    ]


def _unusual(series: Series, column: Column, hours: Mapping[Window, Floats]) -> list[int]:
    """Give the places of the windows that differ otherwise than the reference's rows of their hours of the week.

    hours: from when to when the rows of each window are of, shape (2,).
    """
    if column.week is None:
        return [*range(len(series.at))]
    usual, rows = column.week.at_each(np.array([hours[at] for at in series.at]))
    effects = np.array([one.effect or 0.0 for one in series.found])[:, None]
    return np.flatnonzero(~is_explained(_shifts(effects, usual, signed=series.either), usual, rows)).tolist()


def _shifts(effects: Floats, usual: Floats, *, signed: bool) -> Floats:
    """Give differences of means as some of ranks, and of shares as some in the usual direction: their own is not kept.

    effects: shape (windows, 1). usual, and what is given: shape (windows, scores).
    """
    if signed:
        return np.asarray(effects * np.eye(1, usual.shape[1]))
    return np.asarray(effects * COHEN * usual / np.maximum(np.linalg.norm(usual, axis=1, keepdims=True), TINY))


def limits_of(series: Sequence[Series], thresholds: Mapping[str, Setting]) -> dict[str, float]:
    """Give the value that each metric must not pass, where the user set one: of any other nobody knows the reason."""
    said = {one.name: setting_of(thresholds, detector=one.name, kind=_DETECTORS[one.name].kind).value for one in series}
    return {name: value for name, value in said.items() if isinstance(value, float)}


def _answers(found: Iterable[Found], detectors: Iterable[str]) -> Iterator[Measurement]:
    wanted = set(detectors)
    for measurement in (one.measurement for one in found):
        if measurement.detector in wanted and not measurement.segment and _answered(measurement):
            yield measurement


def _answered(measurement: Measurement) -> bool:
    return measurement.value is not None and measurement.p_value is not None


def _series(
    sight: "Sight",
    windows: Iterable[Window],
    place: tuple[str, str],
    now: Measurement | None,
    *,
    excess: float,
    either: bool = False,
) -> Series:
    reference, (_, column) = sight.references[WHOLE], place
    earlier = ((at, sight.memory.at(at, *place)) for at in windows)
    held = [(at, one) for at, one in (*earlier, (sight.window, now)) if one is not None and _answered(one)]
    rows = reference.columns[column].n if column else reference.outcome.n if reference.outcome else 0
    at, found = tuple(at for at, _ in held), tuple(one for _, one in held)
    return Series(*place, at, found, rows=rows, windows=reference.layout.windows, excess=excess, either=either)


def _excess(metric: Metric[Any], reference: Profile) -> float:
    """Give how much more a metric varies between windows than its own error says, beside the variance of a row."""
    spread, usual = reference.layout.spreads.get(metric.name, 0.0), metric.of(reference)
    if usual is None or not usual.error or not reference.outcome:
        return 0.0
    return spread**2 / (usual.error**2 * reference.outcome.n)
