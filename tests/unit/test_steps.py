"""Whether a level left at once where the windows before had it."""

import numpy as np
import pytest
from scipy import stats

from monitor.stats.steps import ENOUGH, LAST, LEAST, farthest_step, step_test
from monitor.stats.units import UNITS, units_by_moments


def test_its_p_value_is_that_of_one_more_draw_and_uniform_where_windows_are_independent() -> None:
    draw = np.random.default_rng(1)
    found = [step_test(draw.normal(size=60), draw.normal()) for _ in range(1_000)]
    assert stats.kstest([one.p_value for one in found if one], "uniform").pvalue > 0.01
    levels, now = draw.normal(5, 2, 60), 9.0
    one = step_test(levels, now)
    last = levels[-LAST:]
    t = (now - last.mean()) / np.sqrt(last.var(ddof=1) * (1 + 1 / LAST))
    assert one is not None
    assert one.p_value == pytest.approx(2 * stats.t.sf(t, LAST - 1))
    assert one.before == pytest.approx(last.mean())


def test_the_farthest_step_is_that_of_each_window_beside_the_mean_of_up_to_28_before() -> None:
    levels = 1e6 + np.random.default_rng(8).normal(size=70).cumsum()
    apart = [abs(levels[at] - levels[max(0, at - LAST) : at].mean()) for at in range(LEAST, 70)]
    assert farthest_step(levels) == pytest.approx(max(apart))
    assert farthest_step(levels[:LEAST]) == 0


def test_few_rows_in_a_window_make_its_mean_unsure() -> None:
    levels = np.random.default_rng(2).normal(0, 0.1, 60)
    sure, unsure = step_test(levels, 2.0), step_test(levels, 2.0, error=1.0)
    assert sure is not None
    assert unsure is not None
    assert sure.p_value < 1e-9
    assert unsure.p_value > 0.01


@pytest.mark.parametrize("heavy", [False, True])
def test_what_windows_that_last_have_done_before_is_hardly_ever_passed_by_half_as_much_more(heavy: bool) -> None:  # noqa: FBT001
    draw = np.random.default_rng(3)
    passed = 0
    for _ in range(400):
        shocks = draw.standard_t(4, 120) if heavy else draw.normal(size=120)
        levels = np.zeros(120)
        for place in range(1, 120):
            levels[place] = 0.6 * levels[place - 1] + shocks[place]
        found = [
            step_test(levels[60:100], now, farthest=farthest_step(levels[:60]), windows=60) for now in levels[100:102]
        ]
        passed += all(one is not None and one.times > 1.5 for one in found)
    assert passed <= 2


def test_it_has_no_answer_before_enough_windows_say_how_far_they_go_nor_where_none_varies() -> None:
    levels = np.random.default_rng(4).normal(size=80)
    assert step_test(levels[: LEAST + ENOUGH - 1], 9.0) is None
    assert step_test(levels[: LEAST + ENOUGH], 9.0) is not None
    assert step_test(levels[:LEAST], 9.0, farthest=1.0, windows=LEAST + ENOUGH) is not None
    assert step_test(levels[: LEAST - 1], 9.0, farthest=1.0, windows=100) is None
    assert step_test(np.ones(80), 9.0) is None


def test_a_step_of_the_past_hides_one_as_large() -> None:
    levels = np.r_[np.random.default_rng(5).normal(size=40), np.random.default_rng(6).normal(20, 1, 40)]
    found = step_test(levels, 40.0)
    assert found is not None
    assert found.times < 1.5


@pytest.mark.parametrize("unit", UNITS)
def test_a_unit_is_among_the_two_that_fit_best_by_where_windows_lie_and_how_they_spread(unit: object) -> None:
    draw = np.random.default_rng(7)
    named = 0
    for _ in range(50):
        days = draw.normal(60, 4, 8)
        rows = days[:, None] + draw.normal(0, 8, (8, 500))
        usual = rows[:7].mean(axis=1)
        now = unit.times * rows[7] + unit.more  # type: ignore[attr-defined]
        told = (float(usual.mean()), float(rows[:7].var(axis=1).mean()), float(usual.var(ddof=1)))
        named += unit in units_by_moments(told, (float(now.mean()), float(now.var())))
    assert named >= 45


def test_values_that_merely_lie_elsewhere_are_in_no_other_unit() -> None:
    assert units_by_moments((78.0, 49.0, 9.0), (40.0, 49.0)) == []
    assert units_by_moments((78.0, 0.0, 0.0), (40.0, 49.0)) == []
