"""Gaps between groups, their intervals, and whether they widened: beside formulas on paper, the null, and power."""

import math
from collections.abc import Callable, Sequence

import numpy as np
import pytest
from scipy.stats import binom, norm, ttest_ind_from_stats

from monitor.stats.gaps import Means, Rates, as_wide, gap_of, gap_spread, standard_deviation, widening_test

SEED = 20


def rates(hits: Sequence[float], rows: Sequence[float]) -> Rates:
    return Rates(np.array(hits, float), np.array(rows, float))


def drawn(draw: np.random.Generator, rows: Sequence[int], shares: Sequence[float]) -> Rates:
    return rates(draw.binomial(rows, shares).tolist(), rows)


@pytest.mark.parametrize(
    ("hits", "rows", "low", "high"),
    [
        # Newcombe (1998), Statistics in Medicine 17, table II, method 10
        ((56, 48), (70, 80), 0.0524, 0.3339),
        ((9, 3), (10, 10), 0.1705, 0.8090),
        ((10, 0), (10, 20), 0.6791, 1.0),
    ],
)
def test_the_interval_of_two_groups_is_newcombes(
    hits: tuple[int, int], rows: tuple[int, int], low: float, high: float
) -> None:
    gap = gap_of(rates(hits, rows))
    assert gap is not None
    assert (round(gap.low, 4), round(gap.high, 4)) == (low, high)


def test_the_gap_is_between_the_largest_and_the_smallest() -> None:
    gap = gap_of(rates([30, 10, 50], [100, 100, 100]))
    assert gap is not None
    assert (gap.value, gap.highest, gap.lowest) == (pytest.approx(0.4), 2, 1)


def test_one_group_has_no_gap() -> None:
    assert gap_of(rates([3], [50])) is None
    assert widening_test(rates([3], [50]), rates([3], [50])) is None


@pytest.mark.parametrize("shares", [(0.5, 0.5), (0.05, 0.2), (0.3, 0.3, 0.5, 0.6)], ids=str)
@pytest.mark.parametrize("rows", [30, 300])
def test_the_interval_covers_the_true_gap(rows: int, shares: tuple[float, ...]) -> None:
    draw, true = np.random.default_rng(SEED), max(shares) - min(shares)
    found = [gap_of(drawn(draw, [rows] * len(shares), shares)) for _ in range(600)]
    assert np.mean([gap is not None and gap.low <= true <= gap.high for gap in found]) >= 0.93


def test_means_have_students_interval_of_a_difference() -> None:
    gap = gap_of(Means(np.array([1.0, 3.0]), np.array([0.1, 0.2]), np.array([1e6, 1e6])))
    assert gap is not None
    assert gap.high == pytest.approx(2 + 1.96 * math.hypot(0.1, 0.2), abs=1e-3)


def test_means_move_apart_as_surely_as_welch_says() -> None:
    was = Means(np.array([0.0, 0.0]), np.array([1e-9, 1e-9]), np.array([1e9, 1e9]))
    now = Means(np.array([0.3, 0.0]), np.array([1 / math.sqrt(400), 1 / math.sqrt(300)]), np.array([400.0, 300.0]))
    found = widening_test(was, now)
    assert found is not None
    assert found.p_value == pytest.approx(ttest_ind_from_stats(0.3, 1, 400, 0, 1, 300, equal_var=False)[1], rel=0.15)


def test_with_many_rows_the_p_value_is_that_of_the_normal_limit() -> None:
    was, now = rates([200_000, 300_000], [10**6] * 2), rates([20_000, 31_200], [10**5] * 2)
    found = widening_test(was, now)
    error = math.sqrt(0.2 * 0.8 * 1.1e-5 + 0.312 * 0.688e-5 + 0.3 * 0.7e-6)
    assert found is not None
    assert found.p_value == pytest.approx(norm.sf(0.012 / error), rel=0.1)


def test_rare_decisions_are_judged_by_exact_limits() -> None:
    # 4 of 30 where 2 % are usual: the normal limit of the score would say 1e-5
    found = widening_test(rates([20_000] * 2, [10**6] * 2), rates([4, 200], [30, 10_000]))
    assert found is not None
    assert binom.sf(3, 30, 0.02) <= found.p_value < 20 * binom.sf(3, 30, 0.02)


@pytest.mark.parametrize(
    "now",
    [
        rates([20, 20], [100, 100]),  # came together
        rates([40, 60], [100, 100]),  # both rose alike
        rates([30, 10], [100, 100]),  # changed places, as far apart as before
    ],
    ids=["together", "alike", "changed places"],
)
def test_what_is_not_further_apart_is_no_change_for_the_worse(now: Rates) -> None:
    found = widening_test(rates([1000, 3000], [10_000] * 2), now)
    assert found is not None
    assert found.p_value == 1.0
    assert found.effect <= 1e-12


NULLS = [
    ((30, 30), (500, 500), (0.5, 0.5)),
    ((30, 30), (20_000, 20_000), (0.02, 0.1)),
    ((300, 30), (3000, 300), (0.1, 0.4)),
    ((10_000, 1000), (20_000, 2000), (0.2, 0.5)),
    ((30, 100, 300, 50, 2000), (300, 1000, 3000, 500, 20_000), (0.1, 0.2, 0.3, 0.1, 0.2)),
]


@pytest.mark.parametrize(("rows", "reference", "shares"), NULLS, ids=str)
def test_p_values_are_conservative_where_nothing_changed(
    rows: tuple[int, ...], reference: tuple[int, ...], shares: tuple[float, ...]
) -> None:
    draw, trials = np.random.default_rng(SEED), 1000
    found = [widening_test(drawn(draw, reference, shares), drawn(draw, rows, shares)) for _ in range(trials)]
    values = np.array([one.p_value for one in found if one])
    assert values.size == trials
    for level in (1e-1, 1e-2, 1e-3):
        # the bound is passed once in a thousand such tests
        assert (values <= level).sum() <= binom.ppf(0.999, trials, level)


def means(draw: np.random.Generator, rows: Sequence[int], skewed: Callable[..., np.ndarray]) -> Means:
    held = [skewed(draw, n) for n in rows]
    values, errors = [x.mean() for x in held], [x.std(ddof=1) / math.sqrt(x.size) for x in held]
    return Means(np.array(values), np.array(errors), np.array(rows, float))


SKEWED: dict[str, Callable[..., np.ndarray]] = {
    "normal": lambda draw, n: draw.normal(10, 3, n),
    "exponential": lambda draw, n: draw.exponential(1, n),
    "mostly none": lambda draw, n: np.where(draw.random(n) < 0.1, draw.exponential(1, n), 0.0),
    "far tails": lambda draw, n: draw.standard_t(3, n),
}


@pytest.mark.parametrize("name", SKEWED)
@pytest.mark.parametrize(("rows", "reference"), [((40, 40, 40), (400, 400, 400)), ((300, 30), (3000, 20_000))], ids=str)
def test_means_of_skewed_rows_keep_the_level(rows: tuple[int, ...], reference: tuple[int, ...], name: str) -> None:
    draw, trials = np.random.default_rng(SEED), 1500
    sides = ((means(draw, reference, SKEWED[name]), means(draw, rows, SKEWED[name])) for _ in range(trials))
    values = np.array([found.p_value for one in sides if (found := widening_test(*as_wide(*one)))])
    assert values.size == trials
    for level in (1e-1, 1e-2, 1e-3):
        # the bound is passed once in a thousand such tests
        assert (values <= level).sum() <= binom.ppf(0.999, trials, level)


def test_both_sides_have_the_wider_spread_of_their_rows() -> None:
    was = Means(np.array([1.0, 2.0]), np.array([0.02, 0.01]), np.array([10_000.0, 10_000.0]))
    now = Means(np.array([3.0, 4.0]), np.array([0.1, 0.3]), np.array([100.0, 100.0]))
    before, after = as_wide(was, now)
    assert before.errors == pytest.approx([0.02, 0.03])
    assert after.errors == pytest.approx([0.2, 0.3])
    assert (before.values.tolist(), after.values.tolist()) == ([1.0, 2.0], [3.0, 4.0])


def test_the_deviation_of_all_groups_is_that_of_their_rows() -> None:
    draw = np.random.default_rng(SEED)
    held = [draw.normal(mean, sd, n) for mean, sd, n in ((0, 1, 50), (5, 2, 300))]
    laid = Means(
        np.array([x.mean() for x in held]),
        np.array([x.std(ddof=1) / math.sqrt(x.size) for x in held]),
        np.array([float(x.size) for x in held]),
    )
    assert standard_deviation(laid) == pytest.approx(np.concatenate(held).std(ddof=1))
    assert standard_deviation(Means(*np.array([[1e200], [1e200], [50.0]]))) == 0.0
    assert standard_deviation(Means(*np.empty((3, 0)))) == 0.0


def test_a_tenth_less_in_one_of_two_groups_is_seen_in_a_thousand_rows_each() -> None:
    draw = np.random.default_rng(SEED)
    found = [
        widening_test(drawn(draw, (10_000, 10_000), (0.5, 0.45)), drawn(draw, (1000, 1000), (0.5, 0.35)))
        for _ in range(200)
    ]
    assert np.mean([one is not None and one.p_value <= 1e-3 for one in found]) > 0.8
    assert np.mean([one.effect for one in found if one]) == pytest.approx(0.1, abs=0.01)


def test_the_pair_that_moved_apart_is_named_though_another_is_further_apart() -> None:
    was = rates([1000, 5000, 5000], [10_000] * 3)
    found = widening_test(was, rates([100, 500, 650], [1000] * 3))
    assert found is not None
    assert (found.highest, found.lowest) == (2, 0)
    kept = widening_test(was, rates([100, 380, 500], [1000] * 3))
    assert kept is not None
    assert (kept.highest, kept.lowest) == (2, 1)


def windows(draw: np.random.Generator, size: int, spread: float, together: float = 0.0) -> list[Rates]:
    """Give windows in which each group's share moves by `spread`, and all of them by `together`."""
    shares = np.clip(0.4 + draw.normal(0, spread, (size, 2)) + draw.normal(0, together, (size, 1)), 0, 1)
    return [drawn(draw, (500, 500), row) for row in shares]


def spread_of(found: Sequence[Rates]) -> float | None:
    return gap_spread([list(zip(one.values.tolist(), one.errors.tolist(), strict=True)) for one in found])


def test_what_moves_all_groups_alike_is_no_spread_of_their_gap() -> None:
    found = spread_of(windows(np.random.default_rng(SEED), 80, 0.0, together=0.1))
    assert found is not None
    assert found < 0.012  # the error of a window's difference is 0.031


def test_what_moves_groups_apart_is() -> None:
    assert spread_of(windows(np.random.default_rng(SEED), 200, 0.05)) == pytest.approx(0.05 * math.sqrt(2), rel=0.2)


def test_too_few_windows_have_none() -> None:
    assert spread_of(windows(np.random.default_rng(SEED), 7, 0.05)) is None
    assert gap_spread([]) is None


def test_windows_that_differ_as_those_of_the_reference_keep_the_level() -> None:
    draw = np.random.default_rng(SEED)
    spread = (spread_of(windows(draw, 60, 0.05)) or 0.0) * math.sqrt(1 + 1 / 60)
    was = rates([12_000, 12_000], [30_000] * 2)
    found = [widening_test(was, now, spread) for now in windows(draw, 600, 0.05)]
    values = np.array([one.p_value for one in found if one])
    for level in (0.1, 0.01):
        assert np.mean(values <= level) <= 1.5 * level + 3 * math.sqrt(level / 600)
    assert np.mean(values <= 0.5) > 0.3


def test_windows_whose_values_do_not_differ_are_left_out_of_the_spread() -> None:
    draw = np.random.default_rng(SEED)
    varied = [[(float(draw.normal(1, 0.5)), 0.1), (float(draw.normal(1, 0.5)), 0.1)] for _ in range(10)]
    still = [[(0.0, 0.0), (0.0, 0.0)], [(math.nan, 0.1), (1.0, 0.1)], [(1.0, math.inf), (1.0, 0.1)]]
    assert gap_spread([*still, *varied]) == gap_spread(varied)
    assert gap_spread([still[0]] * 20) is None
    assert gap_spread([*varied[:7], still[0]]) is None


def test_one_window_of_hardly_any_error_leaves_a_finite_spread() -> None:
    varied = [[(0.01 * place, 0.1), (0.0, 0.1)] for place in range(10)]
    found = gap_spread([*varied, [(0.0, 1e-12), (0.0, 1e-12)]])
    assert found is not None
    assert math.isfinite(found)
