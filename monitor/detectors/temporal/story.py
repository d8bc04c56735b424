"""What is told of a lasting change: since when, how fast, what moved, until when, and whether it comes and goes."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import numpy as np

from monitor.detectors.temporal.cycles import CYCLES, cycle_of
from monitor.detectors.temporal.series import Series, lately, mean_effect, mean_value
from monitor.profiles.calendar import Calendar, Hours, last_week, uncovered_now
from monitor.stats.onset import Onset
from monitor.stats.trend import Trend, trend_of
from monitor.types import Window

MONTH = timedelta(days=30)
LINED, DIGITS = 120, 3
TOLD, BY_CHANCE = 5, 0.05
MOST_TIMES = 24
SURE = 0.05
FURTHEST = timedelta(days=3650)


def story_of(
    series: Sequence[Series],
    *,
    limits: Mapping[str, float],
    calendar: Calendar | None = None,
    hours: Hours | None = None,
) -> dict[str, Any]:
    """Give the evidence that goes with an alert about a lasting change; nothing where there is no sign of one.

    `since` and `retrain_from`: start of the window with which it most likely began. `metric`, `column`: what shows it
    and matters most, `before` in the reference and `after` on average since then; `windows`: of how many that was
    measured, with `gaps` where others lie between; `at_once`: whether it came in one step. `moved`: the first five that
    show it, see `named`, and how many `more`. `per_30_days`, `reaches`: see `trended`. `recurring`: the cycle in which
    it comes and goes, or None when it lasts. `reference`: see `beside`. limits: values of metrics that must not be
    passed.
    """
    moved = named(series)
    if not moved:
        return {}
    lead, onset = moved[0]
    since = _instant(lead.at[onset.first].start)
    told = {
        "since": since,
        "metric": lead.name,
        "column": lead.column,
        "before": lead.found[-1].reference,
        "after": mean_value(lead, onset.first),
        "windows": len(lead.at) - onset.first,
        "gaps": _gaps(lead.at[onset.first :]),
        "moved": [
            {"metric": one.name, "column": one.column, "effect": mean_effect(one, its.first)}
            for one, its in moved[:TOLD]
        ],
        "more": len(moved[TOLD:]),
        "at_once": onset.shape == "step",
        "recurring": cycle_of(lead, onset.first),
        "retrain_from": since,
        "reference": None if calendar is None else beside(calendar, lead.at[onset.first :], hours),
    }
    return told | trended(lead, onset, limits.get(lead.name))


def named(series: Sequence[Series]) -> list[tuple[Series, Onset]]:
    """Give the series that have moved, one in twenty of them by chance; the surest of all has, if any.

    First what moves the model most, by effect times sensitivity, where that is known of all of them; of metrics, the
    one that is furthest off lately, as which is the surest changes from window to window; else the surest.
    (Wang & Ramdas 2022)
    """
    shown = sorted((one for one in series if one.shift.first is not None), key=lambda one: -one.shift.evidence)
    sure = [k for k, one in enumerate(shown, 1) if one.e_value * k >= len(series) / BY_CHANCE]
    moved = [(one, one.onset) for one in shown[: max(sure, default=1)] if one.onset]
    known = [one.sensitivity for one, _ in moved if one.sensitivity is not None]
    if not any(one.column for one, _ in moved):
        known = [1.0] * len(moved)
    if len(known) < len(moved):
        return moved
    weights = [abs(lately(one, its.first) or 0.0) * hangs for (one, its), hangs in zip(moved, known, strict=True)]
    return [moved[place] for place in sorted(range(len(moved)), key=lambda place: -weights[place])]


def beside(calendar: Calendar, windows: Sequence[Window], hours: Hours | None = None) -> dict[str, Any]:
    """Give the `first` and the `last` time of the reference, its `age` in days, and what it does not cover.

    `uncovered_share`, `months`, `times`: how much of the windows it has no (`never`) or hardly any rows of, and which;
    weekdays and hours only where the last week, or the last window where that is longer, has rows in them.
    """
    found = uncovered_now(calendar, windows, last_week(windows), hours)
    return {
        "first": _instant(calendar.first),
        "last": _instant(calendar.last),
        "age": calendar.age(windows[-1].end) / timedelta(days=1),
        "uncovered_share": found.share,
        "months": list(found.months),
        "times": list(found.times[:MOST_TIMES]),
        "never": found.never,
    }


def trended(series: Series, onset: Onset, limit: float | None) -> dict[str, Any]:
    """Give the `per_30_days` of the values since a change as slope, low, high, p_value; None where there is no trend.

    Of the `windows` from the first changed one on, at most the last 120 or a fortnight's, so that what was flat before
    does not flatten it: a step has a trend if these tell of one, two steps have none, nor have hours of less than a
    week, which rise and fall with the day. Beside them the `level` of the line at its end, `until`, and where it
    begins, `from`.

    `reaches`: the `limit` with `at`, `earliest` and `latest`, where the trend leads there within ten years and is not
    there yet, in digits that are read.
    """
    whole_weeks = 2 * CYCLES["week"] // (series.at[-1].end - series.at[-1].start)
    begins = max(onset.first, len(series.at) - max(LINED, whole_weeks))
    unlined = onset.shape == "steps" or _within_a_week(series.at[begins:])
    found = None if unlined else line_through(series, begins)
    if found is None or found.p_value > SURE:
        return {"per_30_days": None, "reaches": None}
    line = {
        "slope": found.slope,
        "low": found.low,
        "high": found.high,
        "p_value": found.p_value,
        "level": found.level,
        "windows": len(series.at) - begins,
        "from": _instant(series.at[begins].end),
        "until": _instant(series.at[-1].end),
    }
    return {"per_30_days": line, "reaches": None if limit is None else _reached(found, limit, series.at[-1].end)}


def _within_a_week(at: Sequence[Window]) -> bool:
    return at[-1].end - at[-1].start < CYCLES["day"] and at[-1].end - at[0].start < CYCLES["week"]


def line_through(series: Series, begins: int) -> Trend | None:
    """Fit a trend to the windows from a place on, a unit of time being 30 days."""
    at, found = series.at[begins:], series.found[begins:]
    times = np.array([(window.end - at[0].end) / MONTH for window in at])
    signed = series.column and series.either
    return trend_of(times, np.array([one.effect if signed else one.value for one in found], np.float64))


def _reached(found: Trend, limit: float, now: datetime) -> dict[str, Any] | None:
    times = found.time_to(limit)
    alike = f"{found.level:.{DIGITS}g}" == f"{limit:.{DIGITS}g}"
    if times is None or alike or times[0] * MONTH > FURTHEST:
        return None
    at, earliest, latest = (None if t is None or t * MONTH > FURTHEST else _instant(now + t * MONTH) for t in times)
    return {"limit": limit, "at": at, "earliest": earliest, "latest": latest}


def _gaps(windows: Sequence[Window]) -> bool:
    return any(earlier.end < later.start for earlier, later in pairwise(windows))


def _instant(at: datetime) -> str:
    return at.astimezone(UTC).replace(tzinfo=None, microsecond=0).isoformat() + "Z"
