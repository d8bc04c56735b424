"""Days that resemble the day before: false alarms about what lasts keep within their budget, and shifts are told."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import stats

from monitor.detectors.temporal.lasting import ageing, lasting_drift
from monitor.detectors.temporal.series import Series
from monitor.types import Measurement, Window

Floats = NDArray[np.float64]
Detect = Callable[[list[Series]], Iterator[Measurement]]

LIKE_THE_DAY_BEFORE = 0.3
DAYS, REFERENCE_DAYS, A_DAY = 40, 60, 4000
EXCESS = 10 / A_DAY
"""Ten times the variance of a day's rows: nearly all of what days differ by is the days' own."""
DAY_SD = np.sqrt(EXCESS + 1 / A_DAY)
START, DAY = datetime(2024, 1, 1, tzinfo=UTC), timedelta(days=1)
DETECTORS: dict[str, tuple[Detect, bool]] = {"ageing": (ageing, False), "lasting_drift": (lasting_drift, True)}


def days(rng: np.random.Generator, count: int) -> Floats:
    """Give each day's mean: its level, alike by .3 to that of the day before, and the error of its rows."""
    level = np.empty(count)
    level[0] = rng.normal()
    for i in range(1, count):
        level[i] = LIKE_THE_DAY_BEFORE * level[i - 1] + np.sqrt(1 - LIKE_THE_DAY_BEFORE**2) * rng.normal()
    return np.asarray(level * np.sqrt(EXCESS) + rng.normal(size=count) / np.sqrt(A_DAY))


def judged(seed: int, *, shift: float = 0.0, since: int = DAYS, either: bool) -> Series:
    """Lay days beside the mean of a reference of days like them; from `since` on they are off by `shift` sd."""
    rng = np.random.default_rng(seed)
    away = days(rng, DAYS) - days(rng, REFERENCE_DAYS).mean()
    away[since:] += shift * DAY_SD
    z = away / np.sqrt((EXCESS + 1 / A_DAY) * (1 + 1 / REFERENCE_DAYS))
    p = 2 * stats.norm.sf(abs(z)) if either else stats.norm.sf(z)
    found = tuple(
        Measurement("m", float(v), n=A_DAY, p_value=float(q), effect=float(v)) for v, q in zip(away, p, strict=True)
    )
    at = tuple(Window(START + i * DAY, START + (i + 1) * DAY) for i in range(DAYS))
    rows = REFERENCE_DAYS * A_DAY
    return Series("m", "", at, found, rows=rows, windows=REFERENCE_DAYS, excess=EXCESS, either=either)


def first_alarm(name: str, series: list[Series], alpha: float, *, start: int = 1) -> int | None:
    detect, _ = DETECTORS[name]
    for end in range(start, DAYS + 1):
        (now,) = detect([_until(one, end) for one in series])
        if now.p_value is not None and now.p_value <= alpha:
            return end - 1
    return None


def _until(one: Series, end: int) -> Series:
    known = {"rows": one.rows, "windows": one.windows, "excess": one.excess, "either": one.either}
    return Series(one.name, one.column, one.at[:end], one.found[:end], **known)


@pytest.mark.parametrize("name", DETECTORS)
def test_days_like_the_day_before_raise_no_more_alarms_than_the_budget_says(name: str) -> None:
    alpha, runs, either = 0.01, 30, DETECTORS[name][1]
    firsts = [first_alarm(name, [judged(seed, either=either)], alpha) for seed in range(runs)]
    alarms = sum(first is not None for first in firsts)
    assert alarms <= runs * DAYS * alpha


@pytest.mark.parametrize("name", DETECTORS)
def test_a_shift_of_two_standard_deviations_of_a_day_is_mostly_told_within_ten_days(name: str) -> None:
    either = DETECTORS[name][1]
    shifted = [[judged(seed, shift=2.0, since=20, either=either)] for seed in range(100, 120)]
    alarms = [first_alarm(name, series, 1e-3, start=21) for series in shifted]
    delays = [DAYS if alarm is None else alarm - 19 for alarm in alarms]
    assert np.median(delays) <= 8
    assert sum(delay <= 10 for delay in delays) >= 14
