"""How much a metric differs between windows of the reference beyond what its error explains, and by season."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from monitor.detectors.performance.judged import Metric, level_of
from monitor.profiles.correlation import autocorrelation, beyond_chance
from monitor.profiles.profile import Profile
from monitor.profiles.season import Season, season_of
from monitor.stats.intervals import ROWS_NEEDED, Estimate
from monitor.stats.season import excess_variance
from monitor.types import Window

WINDOWS_NEEDED = 8
LONGEST = 0.95
SURELY = 3.0


def spreads_of(windows: Sequence[Profile], metrics: Sequence[Metric[Any]]) -> dict[str, float]:
    """Give each metric's standard deviation between windows, in its own unit; 0 where its error explains it all.

    A metric with fewer than eight windows that it can be estimated in is left out. (DerSimonian & Laird 1986) By
    `lasting_of` it, how alike a window and the next one are, where they surely are.
    """
    found = dict[str, float]()
    for metric in metrics:
        found |= spread_and_lasting(metric.name, _estimates(windows, metric))
    return found


def lasting_of(name: str) -> str:
    """Name how alike a window and the next one are in a metric, by the detector's name."""
    return f"lasting({name})"


def spread_and_lasting(name: str, found: Sequence[Estimate]) -> dict[str, float]:
    """Give how much estimates of windows, in the order of time, differ beyond their errors, and how long that lasts.

    The second is the correlation of a window with the next, in (0, 1), of what is off by its usual deviation, less what
    chance makes of it; it is left out unless it is twice that.
    """
    spread = spread_of(found)
    if spread is None:
        return {}
    values, errors = np.array([(one.value, one.error) for one in found if _usable(one)], np.float64).T
    away = (values - values.mean()) / np.sqrt(errors**2 + spread**2)
    lasting = beyond_chance(autocorrelation(away), away.size)
    return {name: spread} | ({lasting_of(name): min(lasting, LONGEST)} if lasting else {})


def level(name: str, found: Sequence[Estimate], whole: float) -> dict[str, float]:
    """Give by how much windows surely differ in the mean from the number of all their rows, by `level_of` its name.

    Nothing below eight windows, nor where the difference is less than three times its standard error.
    """
    found, spread = [one for one in found if _usable(one)], spread_of(found)
    if spread is None:
        return {}
    values, errors, rows = np.array([(one.value, one.error, one.n) for one in found], np.float64).T
    weights = rows / rows.sum()
    by = float(weights @ values) - whole
    return {level_of(name): by} if abs(by) > SURELY * math.sqrt(weights**2 @ (errors**2 + spread**2)) else {}


def levels_of(whole: Profile, windows: Sequence[Profile], metrics: Sequence[Metric[Any]]) -> dict[str, float]:
    """Give by how much windows differ in the mean from the number of all their rows, of metrics that are no mean.

    Rows of one day are told apart less well than those of all days, whose levels differ.
    """
    found = dict[str, float]()
    for metric in metrics:
        usual = metric.of(whole) if metric.test is None else None
        found |= level(metric.name, _estimates(windows, metric), usual.value) if usual else {}
    return found


def seasons_of(windows: Mapping[Window, Profile], metrics: Sequence[Metric[Any]]) -> dict[str, Season]:
    """Give each metric's weekly season, of those that are judged by their standard error and have enough windows."""
    judged = [metric for metric in metrics if metric.test is None]
    return seasons_in(
        {
            metric.name: {at: found for at, window in windows.items() for found in _estimates([window], metric)}
            for metric in judged
        }
    )


def seasons_in(found: Mapping[str, Mapping[Window, Estimate]]) -> dict[str, Season]:
    """Give the weekly season of each number, by its name, of those whose windows are enough to tell one."""
    made = {name: _season(windows) for name, windows in found.items()}
    return {name: season for name, season in made.items() if season is not None}


def _season(found: Mapping[Window, Estimate]) -> Season | None:
    held = {at: one for at, one in found.items() if _usable(one)}
    if len(held) < WINDOWS_NEEDED:
        return None
    values, errors, rows = np.array([(one.value, one.error, one.n) for one in held.values()], np.float64).T
    return season_of(list(held), values, errors, rows)


def _estimates(windows: Sequence[Profile], metric: Metric[Any]) -> list[Estimate]:
    made = (metric.of(window) for window in windows)
    return [found for found in made if found is not None]


def _usable(found: Estimate) -> bool:
    return bool(found.error) and found.n >= ROWS_NEEDED


def spread_of(found: Sequence[Estimate]) -> float | None:
    """Give the standard deviation of estimates beyond their errors; None below eight. (DerSimonian & Laird 1986)."""
    found = [one for one in found if _usable(one)]
    if len(found) < WINDOWS_NEEDED:
        return None
    values, errors = np.array([(one.value, one.error) for one in found], np.float64).T
    return math.sqrt(excess_variance(values, 1 / errors**2, np.zeros(values.size, np.intp)))
