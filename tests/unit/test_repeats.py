"""Rows that came twice count as fewer: a level keeps its rate, where it is passed far too often by as many others."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pyarrow as pa
import pytest

from monitor.detectors.attack import REPEATED, Sighting
from monitor.detectors.drift import smooth
from monitor.detectors.quality import repeated_share
from monitor.profiles.arrow import layout_of
from monitor.profiles.groups import profile_table
from monitor.profiles.profile import Profile
from monitor.steps.memory import Memory
from monitor.steps.repeats import repeated_more, with_repeats
from monitor.types import Measurement, Roles, Window

START, DAY = datetime(2024, 1, 1, tzinfo=UTC), timedelta(days=1)
ROWS, TWICE = 300, 0.2


def day(number: int) -> Window:
    return Window(START + number * DAY, START + (number + 1) * DAY)


def seen(share: float) -> list[Sighting]:
    return [Sighting(REPEATED, "", START, 1_000, round(1_000 * share), 0.0, total=True)]


def remembering(*shares: float) -> Memory:
    found = [Measurement(repeated_share.NAME, share, n=1_000, p_value=0.5, effect=0.0) for share in shares]
    return Memory([(day(number), one) for number, one in enumerate(found)], windows=[day(n) for n in range(len(found))])


def test_what_repeats_more_than_usual_is_told_from_eight_windows_on() -> None:
    usual = [0.1, 0.12, *[0.05] * 6]
    assert repeated_more(seen(0.3), remembering(*usual), day(8)) == pytest.approx(0.18)
    assert repeated_more(seen(0.08), remembering(*usual), day(8)) == 0
    assert repeated_more(seen(0.3), remembering(*usual[:7]), day(8)) == 0
    assert repeated_more([], remembering(*usual), day(8)) == 0


def twice(draw: np.random.Generator) -> pa.Table:
    """Draw rows a fifth of which repeat another."""
    values = draw.normal(size=round(ROWS * (1 - TWICE)))
    return pa.table({f"x{k}": np.append(v, v[: ROWS - v.size]) for k, v in enumerate([values])})


def test_rows_that_came_twice_pass_a_level_as_seldom_as_they_should() -> None:
    draw = np.random.default_rng(4)
    reference = pa.table({"x0": draw.normal(size=50_000)})
    whole = {"": profile_table(reference, layout_of(reference, Roles("at")), reference=True)}

    def p_values(more: float) -> np.ndarray:
        beside, rng = with_repeats(whole, {"": window(twice(draw))}, more), np.random.default_rng(5)
        held = (smooth.compare(beside[""], window(twice(rng))) for _ in range(1_500))
        return np.array([one.p_value for (one,) in held], np.float64)

    def window(table: pa.Table) -> Profile:
        return profile_table(table, whole[""].layout)

    assert np.mean(p_values(0.0) <= 0.01) > 0.02
    assert np.mean(p_values(TWICE) <= 0.01) <= 0.015
    assert with_repeats(whole, whole, 0.01) is whole
