"""A sensor that stands still among weather: rows of one day are alike, and not the same."""

from dataclasses import replace

import numpy as np
import pyarrow as pa

from monitor.detectors.quality.constant_column import compare
from monitor.profiles.arrow import layout_of, profile_table
from monitor.profiles.correlation import correlation_of
from monitor.profiles.layout import Layout
from monitor.types import Roles

DAYS, A_DAY = 60, 48


def weather(seed: int, days: int) -> np.ndarray:
    """Give winds whose level changes from day to day by far more than within one, shape (days, rows)."""
    rng = np.random.default_rng(seed)
    level = 4 + 12 * rng.random(days)
    return np.round(level[:, None] + rng.normal(0, 0.3 + 0.4 * rng.random((days, 1)), (days, A_DAY)), 2)


def table(wind: np.ndarray, blade: np.ndarray | None = None) -> pa.Table:
    pitch = np.where(wind > 9, 3 * (wind - 9), 0.0) if blade is None else blade
    return pa.table({"at": np.arange(wind.size), "wind": wind.ravel(), "pitch": np.round(pitch, 1).ravel()})


def known() -> tuple[pa.Table, Layout]:
    wind = weather(1, DAYS)
    plain = layout_of(table(wind), Roles(timestamp="at"))
    return table(wind), correlation_of([profile_table(table(day), plain) for day in wind[:, None]], plain)


def p_values(day: np.ndarray, blade: np.ndarray | None = None) -> dict[str, float | None]:
    reference, layout = known()
    found = compare(profile_table(reference, layout), profile_table(table(day, blade), layout))
    return {one.column: one.p_value for one in found}


def test_a_wind_that_stands_still_for_a_day_is_no_weather() -> None:
    stuck = np.full((1, A_DAY), 7.31)
    assert (p_values(stuck)["wind"] or 1.0) < 1e-6
    without = [replace(one, within=None, uneven=None) for one in known()[1].columns]
    layout = replace(known()[1], columns=tuple(without))
    before = compare(profile_table(known()[0], layout), profile_table(table(stuck), layout))
    assert next(one.p_value or 0.0 for one in before if one.column == "wind") > 1e-3


def test_every_day_of_weather_varies() -> None:
    assert all(p_values(day)["wind"] == 1.0 for day in weather(2, 40)[:, None])


def test_a_blade_that_rests_where_it_mostly_does_is_not_stuck() -> None:
    resting = p_values(weather(3, 1), np.zeros((1, A_DAY)))["pitch"]
    assert resting is not None
    assert resting > 1e-3
